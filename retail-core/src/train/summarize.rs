use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::{Dataset, Model, NotTrained, Trainer};

/// What a [`Summarize`] keeps of some rows: small, and independent of how many rows there are.
pub trait Summary: Any + Debug + Send + Sync {
    /// The number of rows that count.
    fn n_samples(&self) -> u64;
}

/// A trainer whose models follow from summaries that merge: rows are looked at once, and a model
/// over any union of batches is the solution of their merged summaries.
///
/// Contract:
/// - `merge` is associative and commutative up to rounding, and the same merges in the same order
///   give the same bytes;
/// - the summary of no rows is neutral in `merge`;
/// - [`Trainer::fit`] is `solve` of `summarize`, and the summaries of the parts of any partition of
///   the rows, merged, give the same model up to rounding.
pub trait Summarize: Trainer {
    /// The summary of these rows; of no rows, too.
    ///
    /// # Errors
    /// [`NotTrained`] for rows that no summary of which could give a model.
    fn summarize(&self, data: &Dataset) -> Result<Arc<dyn Summary>, NotTrained>;

    /// The summary of the rows of `left` and those of `right`, which are disjoint.
    ///
    /// # Errors
    /// [`NotTrained::ForeignSummary`] for a summary of another trainer or of other features;
    /// other [`NotTrained`] where the sums are beyond the range of a number.
    fn merge(
        &self,
        left: &dyn Summary,
        right: &dyn Summary,
    ) -> Result<Arc<dyn Summary>, NotTrained>;

    /// The model of the rows that were summarised.
    ///
    /// # Errors
    /// [`NotTrained`] with the reason why these rows give no model.
    fn solve(&self, summary: &dyn Summary) -> Result<Arc<dyn Model>, NotTrained>;
}
