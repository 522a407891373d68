//! Logistic regression by Newton steps over exact sums.

mod answer;
mod descent;
mod grid;
mod model;
mod params;
mod point;
mod posterior;
mod scale;
mod sigmoid;
mod sums;
#[cfg(test)]
mod tests;
mod trainer;
mod update;

pub use descent::Descent;
pub use model::LogisticModel;
pub use params::{LogisticError, LogisticRegression, LogisticRegressionParams};
pub use point::LogisticPoint;
pub use posterior::LogisticPosterior;
pub use scale::ScaleSums;
pub use sums::LogisticSums;
pub use trainer::{LogisticPartial, LogisticState};
