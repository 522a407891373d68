use std::fmt::{self, Debug};

use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::chunk::Adder;
use super::limbs::{CHUNK, Unit};
use super::saved::SavedSums;
use super::{ExactMoments, Moments, MomentsError};
use crate::train::numeric::parallel::{in_parallel, threads_for};
use crate::train::numeric::vector::packed;
use crate::train::numeric::wide::{Wide, integer_of};

/// Chunks that a thread takes at a time.
const SHARE: usize = 8;
/// Fewer shares are not worth a thread.
const SHARES_PER_THREAD: usize = 4;

/// All that least squares needs of some rows, without any rounding: the sum of their weights, and
/// the weighted sums of every feature and the target and of all their products.
///
/// Sums of disjoint rows [merge](Self::merge) by addition, which is exact. So it is associative and
/// commutative to the byte, [`MomentSums::new`] is its identity, and rows can be
/// [taken away](Self::revert) again. However rows are split into parts, and in any order of the
/// parts, the sums are the same.
///
/// A number counts as the binary number that it is, unless it is a decimal: if it is a whole number
/// of thousandths to within a few units in its last place, it counts as exactly that. So prices and
/// amounts are summed as money, and not as the binary numbers next to it. A weighted value counts
/// as the product of the two, rounded at most to twice the precision of a number.
///
/// ```
/// use ndarray::array;
/// use retail_core::train::MomentSums;
///
/// let mut left = MomentSums::new(1);
/// left.add(array![[1.0], [2.0]].view(), &[10.0, 20.0], None)?;
/// let mut right = MomentSums::new(1);
/// right.add(array![[6.0]].view(), &[60.0], None)?;
/// left.merge(&right)?;
/// let moments = left.moments();
/// assert_eq!(moments.n_samples(), 3);
/// assert_eq!(moments.mean(0), 3.0);
/// assert_eq!(moments.scatter(0, 0), 14.0);
/// assert_eq!(moments.scatter(0, moments.target()), 140.0);
/// # Ok::<(), retail_core::train::MomentsError>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "SavedSums", into = "SavedSums")]
pub struct MomentSums {
    pub(super) n_samples: u64,
    /// The features, the target, and a column of ones.
    pub(super) columns: usize,
    /// All sums share the places of their digits: digit `k` of each counts `2^(32 · (low + k))`
    /// millionths.
    pub(super) low: i32,
    pub(super) width: usize,
    /// Sum by sum, in the order of a packed lower triangle; each digit from −2³¹ to 2³¹ − 1.
    pub(super) digits: Vec<i32>,
}

impl MomentSums {
    /// The sums over no rows.
    #[must_use]
    pub const fn new(n_features: usize) -> Self {
        Self {
            n_samples: 0,
            columns: n_features + 2,
            low: 0,
            width: 0,
            digits: Vec::new(),
        }
    }

    /// Adds rows: features `(n_samples, n_features)`, fastest column by column in memory, one target
    /// and, if there are weights, one weight a row. A row of weight `k` counts as `k` rows of weight
    /// 1; a row of weight 0 does not count, but its numbers have to be finite.
    ///
    /// # Errors
    /// [`MomentsError`] for what is wrong with the rows; nothing has been added then.
    pub fn add(
        &mut self,
        features: ArrayView2<'_, f64>,
        target: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<(), MomentsError> {
        self.add_in_parallel(features, target, weights, 1)
    }

    /// [`MomentSums::add`] on so many threads, 0 for as many as the machine runs at once, if there
    /// are rows enough to be worth it. The sums do not depend on the number of threads.
    ///
    /// # Errors
    /// Those of [`MomentSums::add`].
    pub fn add_in_parallel(
        &mut self,
        features: ArrayView2<'_, f64>,
        target: &[f64],
        weights: Option<&[f64]>,
        threads: usize,
    ) -> Result<(), MomentsError> {
        self.check(&features, target, weights)?;
        let columns: Vec<_> = features
            .columns()
            .into_iter()
            .chain([ArrayView1::from(target)])
            .collect();
        let rows = target.len();
        let n_shares = rows.div_ceil(CHUNK * SHARE);
        let threads = threads_for(threads, n_shares / SHARES_PER_THREAD);
        let n_features = self.n_features();
        let shares = in_parallel(threads, n_shares, Adder::default, |adder, share| {
            let mut sums = Self::new(n_features);
            let end = rows.min((share + 1) * CHUNK * SHARE);
            let mut parts = Vec::with_capacity(columns.len());
            for start in (share * CHUNK * SHARE..end).step_by(CHUNK) {
                let chunk = start..end.min(start + CHUNK);
                parts.clear();
                let columns = columns.iter();
                parts.extend(columns.map(|c| c.slice_axis(Axis(0), chunk.clone().into())));
                let weights = weights.map(|weights| &weights[chunk]);
                adder
                    .add(&mut sums, &parts, weights)
                    .map_err(|error| error.behind(start))?;
            }
            Ok(sums)
        });
        let shares: Vec<Self> = shares.into_iter().collect::<Result<_, _>>()?;
        for share in &shares {
            self.merge(share)?;
        }
        Ok(())
    }

    fn check(
        &self,
        features: &ArrayView2<'_, f64>,
        target: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<(), MomentsError> {
        let (rows, got) = features.dim();
        if got != self.n_features() {
            let expected = self.n_features();
            return Err(MomentsError::Features { expected, got });
        }
        if rows != target.len() {
            let targets = target.len();
            return Err(MomentsError::Shape { rows, targets });
        }
        let Some(weights) = weights else {
            return Ok(());
        };
        let legal = |weight: &f64| (0.0..LARGEST_WEIGHT).contains(weight);
        let illegal = weights.iter().position(|weight| !legal(weight));
        let unpaired = (weights.len() != rows).then(|| rows.min(weights.len()));
        match illegal.or(unpaired) {
            Some(row) => Err(MomentsError::Weight { row }),
            None => Ok(()),
        }
    }

    /// Adds the rows of other sums, exactly.
    ///
    /// # Errors
    /// [`MomentsError::Features`] for sums over other features; nothing has been added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MomentsError> {
        self.combine(other, 1)?;
        self.n_samples += other.n_samples;
        Ok(())
    }

    /// Takes the rows of other sums away again, exactly. All of them must have been added before.
    ///
    /// # Errors
    /// [`MomentsError::Features`] for sums over other features or of more rows; nothing has been
    /// taken away then.
    pub fn revert(&mut self, other: &Self) -> Result<(), MomentsError> {
        let left = self.n_samples.checked_sub(other.n_samples);
        let (expected, got) = (self.n_features(), other.n_features());
        let left = left.ok_or(MomentsError::Features { expected, got })?;
        self.combine(other, -1)?;
        self.n_samples = left;
        Ok(())
    }

    /// Counts rows of weight 1.
    pub(super) fn count_rows(&mut self, rows: u64) {
        self.n_samples += rows;
        let one = self.one();
        self.add_products(one, one, [Unit::ONE; 2], i128::from(rows));
    }

    /// Counts a row of this weight.
    pub(super) fn count_weight(&mut self, weight: f64) {
        if weight > 0.0 {
            self.n_samples += 1;
            let (number, bit) = integer_of(weight);
            let (one, thousandths) = (self.one(), false);
            let units = [Unit { bit, thousandths }, Unit::ONE];
            self.add_products(one, one, units, i128::from(number));
        }
    }

    /// The sum of the products of columns `i` and `j`, in millionths.
    pub(super) fn exact(&self, i: usize, j: usize) -> Wide {
        let at = packed(i, j) * self.width;
        Wide::new(self.low, &self.digits[at..at + self.width])
    }

    #[cfg(test)]
    pub(super) fn with_n_samples(mut self, n_samples: u64) -> Self {
        self.n_samples = n_samples;
        self
    }

    /// The number of features.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.columns - 2
    }

    /// The number of rows with a weight above 0.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Means, scatter matrix and what follows from them.
    #[must_use]
    pub fn moments(&self) -> Moments {
        self.exact_moments().rounded()
    }

    /// [`MomentSums::moments`] before they are rounded.
    pub(in crate::train) fn exact_moments(&self) -> ExactMoments {
        ExactMoments::of(self)
    }
}

impl PartialEq for MomentSums {
    fn eq(&self, other: &Self) -> bool {
        let parts = |sums: Self| {
            (
                sums.n_samples,
                sums.columns,
                sums.low,
                sums.width,
                sums.digits,
            )
        };
        parts(self.trimmed()) == parts(other.trimmed())
    }
}

impl Debug for MomentSums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MomentSums")
            .field("n_features", &self.n_features())
            .field("n_samples", &self.n_samples)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// Weights are below this, so that sums are far from the end of the range of numbers.
const LARGEST_WEIGHT: f64 = 1e100;
