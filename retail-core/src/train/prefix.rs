use std::ops::Range;
use std::sync::Arc;

use super::{NotTrained, Summarize, Summary};

/// The merged summaries of the first 1, 2, 3 … batches of a stream, from which those of the first
/// rows of the stream follow with a look at less than one batch.
///
/// Holds one summary a batch. Summaries are merged in the order of the batches, each once.
#[derive(Debug, Clone, Default)]
pub struct PrefixSummaries {
    /// One past the last row of each batch.
    ends: Vec<u64>,
    merged: Vec<Arc<dyn Summary>>,
}

impl PrefixSummaries {
    /// No batches.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ends: Vec::new(),
            merged: Vec::new(),
        }
    }

    /// The number of batches.
    #[must_use]
    pub fn n_batches(&self) -> usize {
        self.ends.len()
    }

    /// The number of rows of all batches.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Appends the next batch, of `rows` rows, by its summary.
    ///
    /// # Errors
    /// Those of [`Summarize::merge`]; nothing has been appended then.
    pub fn push(
        &mut self,
        trainer: &dyn Summarize,
        rows: u64,
        summary: Arc<dyn Summary>,
    ) -> Result<(), NotTrained> {
        let merged = match self.merged.last() {
            Some(before) => trainer.merge(&**before, &*summary)?,
            None => summary,
        };
        self.ends.push(self.n_rows() + rows);
        self.merged.push(merged);
        Ok(())
    }

    /// The merged summaries of the first `n_batches` batches, without computation; `None` for none
    /// and for more than there are.
    #[must_use]
    pub fn first(&self, n_batches: usize) -> Option<&Arc<dyn Summary>> {
        self.merged.get(n_batches.checked_sub(1)?)
    }

    /// The summary of the first `rows` rows of the stream. `part` summarises a range of rows: those
    /// that are left over after the batches that lie within, which are none (then it is not asked),
    /// the first rows of one batch, or rows after the last batch.
    ///
    /// # Errors
    /// Those of `part` and of [`Summarize::merge`].
    pub fn until(
        &self,
        trainer: &dyn Summarize,
        rows: u64,
        part: impl FnOnce(Range<u64>) -> Result<Arc<dyn Summary>, NotTrained>,
    ) -> Result<Arc<dyn Summary>, NotTrained> {
        let whole = self.ends.partition_point(|&end| end <= rows);
        let Some(before) = self.first(whole) else {
            return part(0..rows);
        };
        match self.ends[whole - 1] {
            end if end == rows => Ok(Arc::clone(before)),
            end => trainer.merge(&**before, &*part(end..rows)?),
        }
    }
}
