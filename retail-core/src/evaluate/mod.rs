//! How good a model is, measured on rows it has not learned from.
//!
//! [`holdout`] fits on the first 80 % of a window and measures on the rest. [`Prequential`]
//! measures along a stream: each batch is predicted, scored, and only then learned. [`Running`] measures
//! predictions whose truth comes later.
//! [`Metrics`] are the answer of both, and say on how many rows they were measured.
//! [`Metrics::of_baseline`] says what they are worth.

mod baseline;
mod binary;
mod classes;
mod holdout;
mod metrics;
mod prequential;
mod regression;
mod running;
#[cfg(test)]
mod stream_tests;
mod tally;
#[cfg(test)]
mod tests;

pub use holdout::{Fitted, HoldOut, holdout, holdout_by};
pub use metrics::{BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics};
pub use prequential::{
    Learn, Prequential, PrequentialRun, PrequentialStep, RecentError, prequential,
};
pub use running::Running;
pub use tally::MeasureError;
