//! Linear least squares from exact sums over the rows.

mod model;
mod params;
mod solve;
#[cfg(test)]
mod tests;
mod trainer;
mod uncertainty;

pub use model::LinearModel;
pub use params::{LinearError, LinearRegression, LinearRegressionParams};
