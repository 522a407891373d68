//! Any estimator of the linfa ecosystem as a [`Trainer`](super::Trainer), and its fitted object as
//! a [`Model`](super::Model).
//!
//! [`LinfaLinear`], [`LinfaLogistic`] and [`LinfaTree`] are wired to the engine (`--family linfa`).
//! [`LinfaTrainer`] takes any other estimator. The cargo feature `linfa`, on by default, turns all
//! of this on.

mod linear;
mod logistic;
mod model;
mod object;
mod standardize;
mod target;
#[cfg(test)]
mod tests;
mod trainer;
mod tree;
mod validate;

pub use linear::{LinfaLinear, LinfaLinearParams};
pub use logistic::{LinfaLogistic, LinfaLogisticParams};
pub use model::LinfaModel;
pub use object::LinfaObject;
pub use target::{LinfaOutput, LinfaTarget};
pub use trainer::LinfaTrainer;
pub use tree::{LinfaTree, LinfaTreeError, LinfaTreeParams};
