//! Any estimator of the linfa ecosystem as a [`Trainer`](super::Trainer), and its fitted object as
//! a [`Model`](super::Model).

mod model;
mod target;
#[cfg(test)]
mod tests;
mod trainer;
mod tree;

pub use model::LinfaModel;
pub use target::{LinfaOutput, LinfaTarget};
pub use trainer::LinfaTrainer;
pub use tree::{LinfaTree, LinfaTreeParams};
