use std::ops::Range;

use super::{AnyPartial, AnyRounds};
use crate::train::NotTrained;

/// The sums over the first 1, 2, 3 … batches of a stream. The sum over any run of batches is the
/// difference of two of them, and of a few rows more it takes a look at less than two batches.
///
/// Holds one sum a batch.
#[derive(Debug, Clone, Default)]
pub struct PrefixSums {
    /// One past the last row of each batch.
    ends: Vec<u64>,
    sums: Vec<AnyPartial>,
}

impl PrefixSums {
    /// No batches.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ends: Vec::new(),
            sums: Vec::new(),
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

    /// Appends the next batch, of `rows` rows, by its sum.
    ///
    /// # Errors
    /// Those of [`AnyRounds::merge`]; nothing has been appended then.
    pub fn push(
        &mut self,
        rounds: &dyn AnyRounds,
        rows: u64,
        sum: AnyPartial,
    ) -> Result<(), NotTrained> {
        let sum = match self.sums.last() {
            Some(before) => rounds.merge(before, &sum)?,
            None => sum,
        };
        self.ends.push(self.n_rows() + rows);
        self.sums.push(sum);
        Ok(())
    }

    /// The sum over rows `range` of the stream; `None` for no rows, and for rows that no batch has.
    /// `part` sums a range of rows that lies within one batch. It is not asked about ranges that
    /// are made of whole batches.
    ///
    /// # Errors
    /// Those of `part`, [`AnyRounds::merge`] and [`AnyRounds::revert`].
    pub fn over(
        &self,
        rounds: &dyn AnyRounds,
        range: Range<u64>,
        part: &mut dyn FnMut(Range<u64>) -> Result<AnyPartial, NotTrained>,
    ) -> Result<Option<AnyPartial>, NotTrained> {
        if range.is_empty() || range.end > self.n_rows() {
            return Ok(None);
        }
        // Whole batches: those that begin at or after the start and end at or before the end.
        let first = match range.start {
            0 => 0,
            start => self.ends.partition_point(|&end| end < start) + 1,
        };
        let end = self.ends.partition_point(|&end| end <= range.end);
        let start_of = |batch: usize| batch.checked_sub(1).map_or(0, |before| self.ends[before]);
        if first >= end {
            return self.within(rounds, range, part).map(Some);
        }
        let whole = match first {
            0 => self.sums[end - 1].clone(),
            first => rounds.revert(&self.sums[end - 1], &self.sums[first - 1])?,
        };
        let mut sum = whole;
        for left in [range.start..start_of(first), start_of(end)..range.end] {
            if !left.is_empty() {
                sum = rounds.merge(&sum, &part(left)?)?;
            }
        }
        Ok(Some(sum))
    }

    /// The sum over a range that holds no whole batch: at most one end of a batch is inside.
    fn within(
        &self,
        rounds: &dyn AnyRounds,
        range: Range<u64>,
        part: &mut dyn FnMut(Range<u64>) -> Result<AnyPartial, NotTrained>,
    ) -> Result<AnyPartial, NotTrained> {
        let next = self.ends.partition_point(|&end| end <= range.start);
        match self.ends.get(next) {
            Some(&middle) if middle < range.end => {
                let first = part(range.start..middle)?;
                rounds.merge(&first, &part(middle..range.end)?)
            }
            _ => part(range),
        }
    }
}
