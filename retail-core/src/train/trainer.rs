use std::sync::Arc;

use super::{Dataset, Model, NotTrained, Summarize};

/// Learns models. Implement it to bring an algorithm of your own.
///
/// Contract, which `retail_core::testing::trainer_contract` checks for the trainers of this crate
/// (but for [`LeastSquares`](super::LeastSquares), which answers constant columns with the mean) and
/// for those of users:
/// - the same data gives a model with the same bytes, in any process and with any number of threads;
/// - data that cannot be learned from gives [`NotTrained`], never a panic: no rows, one row, one
///   class, constant columns, values that are not finite.
pub trait Trainer: Send + Sync {
    /// The name of the algorithm, for example `histogram-forest`.
    fn name(&self) -> &str;

    /// The hyper-parameters, for the artefact.
    fn hyper_parameters(&self) -> serde_json::Value;

    /// The seed of whatever is drawn at random, where anything is.
    fn seed(&self) -> Option<u64> {
        None
    }

    /// Learns a model.
    ///
    /// # Errors
    /// [`NotTrained`] with the reason why these data give no model.
    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained>;

    /// This trainer as one that learns from summaries, where it is one.
    fn mergeable(&self) -> Option<&dyn Summarize> {
        None
    }
}
