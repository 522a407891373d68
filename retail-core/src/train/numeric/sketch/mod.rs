//! The distribution of a column, in bounded memory, which merges without any error.

mod saved;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::saved::SavedSketch;
use crate::train::NotTrained;

/// The distribution of one column: ascending buckets of neighbouring values, each with the number
/// of rows in it and the smallest and the largest value among them.
///
/// While there are no more than [`ValueSketch::CAPACITY`] distinct values, each has a bucket of its
/// own. Beyond that buckets are the values that agree in sign, exponent and the leading bits of the
/// mantissa, as in Masson, Rim and Lee ("DDSketch: a fast and fully-mergeable quantile sketch with
/// relative-error guarantees", 2019), with as many bits as the capacity allows. The borders of
/// buckets depend on these bits alone, not on the rows seen before. So merging is
/// associative and commutative *to the byte*, [`ValueSketch::new`] is its neutral element, and any
/// partition of the rows into batches, merged in any order, gives the sketch of all rows at once.
///
/// ```
/// use retail_core::train::ValueSketch;
///
/// let mut sketch = ValueSketch::of(&[3.0, 1.0, 3.0])?;
/// sketch.merge(&ValueSketch::of(&[2.0])?);
/// assert_eq!(sketch.n_rows(), 4);
/// assert!(sketch.is_exact());
/// let values: Vec<f64> = sketch.buckets().iter().map(|bucket| bucket.smallest).collect();
/// assert_eq!(values, [1.0, 2.0, 3.0]);
/// assert_eq!(sketch.quantile(0.5), Some(2.0));
/// # Ok::<(), retail_core::train::NotTrained>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "SavedSketch", into = "SavedSketch")]
pub struct ValueSketch {
    /// Bits of a value that are left out when values are told apart.
    level: u32,
    /// Ascending.
    buckets: Vec<ValueBucket>,
}

/// Neighbouring values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueBucket {
    /// The smallest value.
    pub smallest: f64,
    /// The largest value.
    pub largest: f64,
    /// The number of rows.
    pub rows: u64,
}

impl ValueSketch {
    /// The most buckets.
    pub const CAPACITY: usize = 1 << 15;

    /// The sketch of no rows.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            level: 0,
            buckets: Vec::new(),
        }
    }

    /// The sketch of these values; −0 counts as 0.
    ///
    /// # Errors
    /// [`NotTrained::NotFinite`] with the first row that is not finite.
    pub fn of(values: &[f64]) -> Result<Self, NotTrained> {
        Self::of_finite(values, None).map_err(|row| NotTrained::NotFinite {
            column: "value".to_owned(),
            row,
        })
    }

    /// [`ValueSketch::of`], where each value counts as often as its weight says, or once; `Err` is the first
    /// row whose value is not finite.
    pub(in crate::train) fn of_finite(
        values: &[f64],
        weights: Option<&[u32]>,
    ) -> Result<Self, usize> {
        /// Rows that are sorted at a time: as many as a processor's cache holds.
        const SORTED: usize = 1 << 16;
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(row);
        }
        let mut all = Self::new();
        if let Some(weights) = weights {
            return Ok(Self::of_weighted(values, weights));
        }
        let mut sorted = Vec::new();
        for part in values.chunks(SORTED) {
            sorted.clear();
            // The sum turns −0 into 0.
            sorted.extend(part.iter().map(|value| value + 0.0));
            sorted.sort_unstable_by(f64::total_cmp);
            let runs = sorted.chunk_by(|a, b| a == b);
            all.merge(&Self::of_counts(runs.map(|run| (run[0], run.len() as u64))));
        }
        Ok(all)
    }

    /// [`ValueSketch::of_finite`] of finite values.
    fn of_weighted(values: &[f64], weights: &[u32]) -> Self {
        // The sum turns −0 into 0.
        let values = values.iter().map(|value| value + 0.0);
        let mut sorted: Vec<_> = values.zip(weights.iter().copied()).collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        let runs = sorted.chunk_by(|(a, _), (b, _)| a == b);
        Self::of_counts(runs.map(|run| {
            let rows = run.iter().map(|&(_, weight)| u64::from(weight)).sum();
            (run[0].0, rows)
        }))
    }

    /// The sketch of ascending distinct finite values, none of them −0, and how many rows have each.
    pub(in crate::train) fn of_counts(counts: impl Iterator<Item = (f64, u64)>) -> Self {
        let counts = counts.filter(|&(_, rows)| rows > 0);
        let buckets = counts.map(|(value, rows)| ValueBucket {
            smallest: value,
            largest: value,
            rows,
        });
        let mut sketch = Self {
            level: 0,
            buckets: buckets.collect(),
        };
        sketch.fit_capacity();
        sketch
    }

    /// Adds the rows of another sketch.
    pub fn merge(&mut self, other: &Self) {
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let (mut own, mut others) = (self.buckets.as_slice(), other.buckets.as_slice());
        while let ([a, own_rest @ ..], [b, others_rest @ ..]) = (own, others) {
            if a.smallest <= b.smallest {
                merged.push(*a);
                own = own_rest;
            } else {
                merged.push(*b);
                others = others_rest;
            }
        }
        merged.extend_from_slice(own);
        merged.extend_from_slice(others);
        self.buckets = merged;
        self.level = self.level.max(other.level);
        self.join();
        self.fit_capacity();
    }

    /// Leaves out as many bits as it takes to have no more buckets than the capacity.
    fn fit_capacity(&mut self) {
        while self.buckets.len() > Self::CAPACITY {
            self.level += 1;
            self.join();
        }
    }

    /// Makes one bucket of those that the level does not tell apart.
    fn join(&mut self) {
        let level = self.level;
        self.buckets.dedup_by(|next, bucket| {
            let same = rank(next.smallest) >> level == rank(bucket.smallest) >> level;
            if same {
                bucket.largest = bucket.largest.max(next.largest);
                // Sketches that come from elsewhere may claim any number of rows.
                bucket.rows = bucket.rows.saturating_add(next.rows);
            }
            same
        });
    }

    /// The buckets, ascending.
    #[must_use]
    pub fn buckets(&self) -> &[ValueBucket] {
        &self.buckets
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        let rows = self.buckets.iter().map(|bucket| bucket.rows);
        rows.fold(0, u64::saturating_add)
    }

    /// Whether each distinct value has a bucket of its own.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.level == 0
    }

    /// The most by which normal numbers of one bucket differ, relative to the smaller one: 0 if
    /// the sketch is exact, otherwise a power of two.
    #[must_use]
    pub fn relative_width(&self) -> f64 {
        match self.level {
            0 => 0.0,
            // Signs and exponents alone need fewer buckets than there may be, so at most 52 bits
            // are left out.
            level => 2_f64.powi(level as i32 - 52),
        }
    }

    /// The largest value of the bucket that holds the row of rank `⌈share × rows⌉`, at least 1, in
    /// ascending order: the exact quantile if the sketch [is exact](Self::is_exact). `None`
    /// without rows, and for a share outside 0 to 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        let wanted = ((share * self.n_rows() as f64).ceil() as u64).max(1);
        let mut before: u64 = 0;
        let bucket = self.buckets.iter().find(|bucket| {
            before = before.saturating_add(bucket.rows);
            before >= wanted
        });
        bucket.or(self.buckets.last()).map(|bucket| bucket.largest)
    }
}

/// A whole number that orders finite values as they are ordered, and neighbours next to each other.
fn rank(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() {
        !bits
    } else {
        bits | 1 << 63
    }
}
