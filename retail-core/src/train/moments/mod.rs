//! Means and centred sums of squares and products, which merge.

mod accumulate;
mod saved;
#[cfg(test)]
mod tests;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::NotTrained;
use super::vector::{packed, packed_len};

/// A column whose standard deviation is at most this share of its mean does not vary: what is left
/// is rounding.
const CONSTANT: f64 = 1e-13;

/// All that least squares needs of some rows: the sum of their weights, and of every feature and
/// the target the weighted means and centred sums of squares and products (the *scatter matrix*).
///
/// Moments of disjoint rows merge to the moments of all of them by the pairwise formula of Chan,
/// Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances",
/// 1979). Merging is associative and commutative up to rounding: each sum carries a relative error
/// of a few times 10⁻¹⁶, relative to the standard deviations and not to the means, for every mean
/// is kept as an unevaluated sum of two numbers. [`Moments::new`] is the neutral element, exactly.
/// The same rows added and merged in the same order give the same bytes.
///
/// Rows are added in blocks of [`Moments::BLOCK_ROWS`], each by the corrected two-pass algorithm;
/// a column that holds one value only has exactly that mean, and a scatter of exactly 0.
///
/// ```
/// use ndarray::array;
/// use retail_core::train::Moments;
///
/// let mut left = Moments::new(1);
/// left.add(array![[1.0], [2.0]].view(), &[10.0, 20.0], None)?;
/// let mut right = Moments::new(1);
/// right.add(array![[6.0]].view(), &[60.0], None)?;
/// left.merge(&right)?;
/// assert_eq!(left.n_samples(), 3);
/// assert_eq!(left.mean(0), 3.0);
/// assert_eq!(left.scatter(0, 0), 14.0);
/// assert_eq!(left.scatter(0, left.target()), 140.0);
/// # Ok::<(), retail_core::train::MomentsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "saved::Saved", deny_unknown_fields)]
pub struct Moments {
    n_samples: u64,
    weight: f64,
    /// Of the features, then of the target.
    mean: Vec<f64>,
    /// What `mean` lacks for rounding.
    mean_rest: Vec<f64>,
    /// Packed lower triangle, the target's row last.
    scatter: Vec<f64>,
}

/// Rows that have no moments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentsError {
    /// Features and targets differ in number.
    #[error("{rows} rows of features, {targets} targets")]
    Shape {
        /// Rows of the features.
        rows: usize,
        /// Number of targets.
        targets: usize,
    },
    /// There are other features than before.
    #[error("expected {expected} features, got {got}")]
    Features {
        /// Features of the moments.
        expected: usize,
        /// Features given.
        got: usize,
    },
    /// A feature or a target is NaN or infinite.
    #[error("row {row}, column {column}: not a finite number")]
    NotFinite {
        /// The feature, counted from 0; the number of features stands for the target.
        column: usize,
        /// The row, counted from 0.
        row: usize,
    },
    /// A weight is negative or not finite, or a row has none, or a weight has no row.
    #[error("row {row}: expected one weight, a finite number from 0 on")]
    Weight {
        /// The row, counted from 0.
        row: usize,
    },
    /// Numbers of a column are so large that sums of their squares are not finite.
    #[error("column {column}: its squares are beyond the range of a number")]
    Overflow {
        /// The feature, counted from 0; the number of features stands for the target.
        column: usize,
    },
}

impl Moments {
    /// The number of rows of a block: sums over rows that were added in parts, all but the last of
    /// them a multiple of this in length, have the same bytes as of rows added at once.
    pub const BLOCK_ROWS: usize = 2048;

    /// The moments of no rows, which change nothing where they are merged.
    #[must_use]
    pub fn new(n_features: usize) -> Self {
        let columns = n_features + 1;
        Self {
            n_samples: 0,
            weight: 0.0,
            mean: vec![0.0; columns],
            mean_rest: vec![0.0; columns],
            scatter: vec![0.0; packed_len(columns)],
        }
    }

    /// Adds rows: features `(n_samples, n_features)`, fastest column by column in memory, one
    /// target and, where there are weights, one weight a row. A row of weight `k` counts as `k`
    /// rows of weight 1; a row of weight 0 counts not at all, but its numbers have to be finite.
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

    /// [`Moments::add`] on so many threads, 0 for as many as the machine runs at once, where there
    /// are rows enough to be worth it. The bytes do not depend on the number of threads.
    ///
    /// # Errors
    /// Those of [`Moments::add`].
    pub fn add_in_parallel(
        &mut self,
        features: ArrayView2<'_, f64>,
        target: &[f64],
        weights: Option<&[f64]>,
        threads: usize,
    ) -> Result<(), MomentsError> {
        let (rows, n_features) = features.dim();
        if n_features != self.n_features() {
            return Err(MomentsError::Features {
                expected: self.n_features(),
                got: n_features,
            });
        }
        if rows != target.len() {
            let targets = target.len();
            return Err(MomentsError::Shape { rows, targets });
        }
        if let Some(weights) = weights {
            let legal = |weight: &f64| (0.0..f64::INFINITY).contains(weight);
            let illegal = weights.iter().position(|weight| !legal(weight));
            let unpaired = (weights.len() != rows).then(|| rows.min(weights.len()));
            if let Some(row) = illegal.or(unpaired) {
                return Err(MomentsError::Weight { row });
            }
        }
        let columns: Vec<_> = features
            .columns()
            .into_iter()
            .chain([ArrayView1::from(target)])
            .collect();
        let not_finite = || {
            columns.iter().enumerate().find_map(|(column, values)| {
                let row = values.iter().position(|value| !value.is_finite())?;
                Some(MomentsError::NotFinite { column, row })
            })
        };
        // Without weights, a number that is not finite shows in the sums.
        if let Some(error) = weights.and_then(|_| not_finite()) {
            return Err(error);
        }
        let mut sum = self.clone();
        accumulate::add(&mut sum, &columns, weights, threads);
        sum.check_finite()
            .map_err(|column| not_finite().unwrap_or(MomentsError::Overflow { column }))?;
        *self = sum;
        Ok(())
    }

    /// Adds the rows of other moments.
    ///
    /// # Errors
    /// [`MomentsError::Features`] and [`MomentsError::Overflow`]; nothing has been added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MomentsError> {
        if other.n_features() != self.n_features() {
            return Err(MomentsError::Features {
                expected: self.n_features(),
                got: other.n_features(),
            });
        }
        let mut sum = self.clone();
        sum.absorb(other);
        sum.check_finite()
            .map_err(|column| MomentsError::Overflow { column })?;
        *self = sum;
        Ok(())
    }

    /// [`Moments::merge`] for the same columns, without a check of the sum.
    fn absorb(&mut self, other: &Self) {
        if other.weight == 0.0 {
            return;
        }
        if self.weight == 0.0 {
            self.clone_from(other);
            return;
        }
        let weight = self.weight + other.weight;
        let share = other.weight / weight;
        let means = self.mean.iter().zip(&self.mean_rest);
        let others = other.mean.iter().zip(&other.mean_rest);
        let distance: Vec<f64> = means
            .zip(others)
            .map(|((a, a_rest), (b, b_rest))| (b - a) + (b_rest - a_rest))
            .collect();
        let mut at = 0;
        for (i, &row) in distance.iter().enumerate() {
            let row = row * (self.weight * share);
            for &column in &distance[..=i] {
                self.scatter[at] += other.scatter[at] + row * column;
                at += 1;
            }
        }
        for (i, distance) in distance.iter().enumerate() {
            let step = self.mean_rest[i] + distance * share;
            (self.mean[i], self.mean_rest[i]) = two_sum(self.mean[i], step);
        }
        self.weight = weight;
        self.n_samples += other.n_samples;
    }

    /// `Err` holds the first column with a sum that is not finite.
    fn check_finite(&self) -> Result<(), usize> {
        let finite = |column: &usize| {
            let (mean, rest) = (self.mean[*column], self.mean_rest[*column]);
            let mut row = self.scatter[packed(*column, 0)..=packed(*column, *column)].iter();
            mean.is_finite() && rest.is_finite() && row.all(|sum| sum.is_finite())
        };
        match (0..self.mean.len()).find(|column| !finite(column)) {
            None if self.weight.is_finite() => Ok(()),
            bad => Err(bad.unwrap_or(0)),
        }
    }

    /// The number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.mean.len() - 1
    }

    /// The number that stands for the target where a column is asked for.
    #[must_use]
    pub fn target(&self) -> usize {
        self.n_features()
    }

    /// The number of rows with a weight above 0.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// The sum of all weights; the number of rows where there are none.
    #[must_use]
    pub const fn weight(&self) -> f64 {
        self.weight
    }

    /// The weighted mean of a column; 0 without rows.
    ///
    /// # Panics
    /// Where there is no such column.
    #[must_use]
    pub fn mean(&self, column: usize) -> f64 {
        self.mean[column]
    }

    /// What [`Moments::mean`] lacks for rounding.
    pub(super) fn mean_rest(&self, column: usize) -> f64 {
        self.mean_rest[column]
    }

    /// The weighted sum of the products of two columns' deviations from their means.
    ///
    /// # Panics
    /// Where there is no such column.
    #[must_use]
    pub fn scatter(&self, i: usize, j: usize) -> f64 {
        self.scatter[packed(i, j)]
    }

    /// The standard deviation of a column, divisor [`Moments::weight`]; 0 without rows.
    ///
    /// # Panics
    /// Where there is no such column.
    #[must_use]
    pub fn standard_deviation(&self, column: usize) -> f64 {
        if self.weight > 0.0 {
            (self.scatter(column, column) / self.weight).sqrt()
        } else {
            0.0
        }
    }

    /// Whether a column varies by more than rounding: its standard deviation is above 10⁻¹³ of the
    /// magnitude of its mean. Deviations below about 10⁻¹⁵⁴ have no square, and count as none.
    ///
    /// # Panics
    /// Where there is no such column.
    #[must_use]
    pub fn varies(&self, column: usize) -> bool {
        self.standard_deviation(column) > CONSTANT * self.mean[column].abs()
    }
}

impl MomentsError {
    /// The reason why there is no model; `name` gives the name of a column.
    pub(super) fn into_reason(self, name: impl Fn(usize) -> String) -> NotTrained {
        match self {
            Self::Shape { rows, targets } => NotTrained::Shape { rows, targets },
            Self::Features { expected, got } => NotTrained::Features { expected, got },
            Self::NotFinite { column, row } => NotTrained::NotFinite {
                column: name(column),
                row,
            },
            Self::Weight { row } => NotTrained::Weight { row },
            Self::Overflow { column } => NotTrained::Overflow {
                column: name(column),
            },
        }
    }
}

/// `a + b` as a rounded sum and what it lacks, for all finite numbers without overflow (Knuth, "The
/// Art of Computer Programming", volume 2, section 4.2.2, theorem B).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}
