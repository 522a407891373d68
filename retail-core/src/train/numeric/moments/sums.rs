use std::fmt::{self, Debug};

use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Moments;
use super::chunk::Adder;
use super::limbs::{CHUNK, Unit};
use crate::train::NotTrained;
use crate::train::numeric::parallel::{in_parallel, threads_for};
use crate::train::numeric::vector::{packed, packed_len};
use crate::train::numeric::wide::{Wide, integer_of};

/// Chunks that a thread takes at a time.
const SHARE: usize = 8;
/// Fewer shares are not worth a thread.
const SHARES_PER_THREAD: usize = 4;
/// Sums count in millionths: the product of two decimals is a whole number of them.
const MILLION: i128 = 1_000_000;

/// All that least squares needs of some rows, without any rounding: the sum of their weights, and
/// the weighted sums of every feature and the target and of all their products.
///
/// Sums of disjoint rows [merge](Self::merge) by addition, which is exact. So it is associative and
/// commutative to the byte, [`MomentSums::new`] is its identity, and rows can be
/// [taken away](Self::revert) again. However rows are split into parts, and in whatever order the
/// parts come, the sums are the same.
///
/// A number counts as the binary number that it is, except for decimals: one that is a whole number
/// of thousandths to within a few units in its last place counts as just that. So prices and
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
#[serde(try_from = "Saved", into = "Saved")]
pub struct MomentSums {
    n_samples: u64,
    /// The features, the target, and a column of ones.
    columns: usize,
    /// All sums share the places of their digits: digit `k` of each counts `2^(32 · (low + k))`
    /// millionths.
    low: i32,
    width: usize,
    /// Sum by sum, in the order of a packed lower triangle; each digit from −2³¹ to 2³¹ − 1.
    digits: Vec<i32>,
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
        /// Features of the sums.
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
    /// A weight is negative, not finite or 10¹⁰⁰ or more; or a row has none, or a weight has no row.
    #[error("row {row}: expected one weight, a finite number from 0 on, below 1e100")]
    Weight {
        /// The row, counted from 0.
        row: usize,
    },
    /// A number is 10¹³⁰ or more in magnitude: sums of such squares are beyond the range of a
    /// number.
    #[error("column {column}: its squares are beyond the range of a number")]
    Overflow {
        /// The feature, counted from 0; the number of features stands for the target.
        column: usize,
    },
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

    fn combine(&mut self, other: &Self, sign: i64) -> Result<(), MomentsError> {
        if other.columns != self.columns {
            return Err(MomentsError::Features {
                expected: self.n_features(),
                got: other.n_features(),
            });
        }
        if other.width == 0 {
            return Ok(());
        }
        self.cover(other.low, other.end());
        let at = (other.low - self.low) as usize;
        let mut carries = Vec::new();
        let sums = self.digits.chunks_exact_mut(self.width);
        for (index, (own, other)) in sums.zip(other.digits.chunks_exact(other.width)).enumerate() {
            let mut rest = 0;
            for (place, digit) in own[at..].iter_mut().enumerate() {
                let other = other.get(place).copied();
                if rest == 0 && other.is_none() {
                    break;
                }
                let other = sign * i64::from(other.unwrap_or(0));
                *digit = carry(&mut rest, i64::from(*digit) + other);
            }
            if rest != 0 {
                carries.push((index, rest as i32));
            }
        }
        if !carries.is_empty() {
            self.cover(self.low, self.end() + 1);
            for (index, rest) in carries {
                self.digits[(index + 1) * self.width - 1] = rest;
            }
        }
        Ok(())
    }

    /// One past the place of the last digit.
    const fn end(&self) -> i32 {
        self.low + self.width as i32
    }

    /// Makes room for digits `low..end`.
    fn cover(&mut self, low: i32, end: i32) {
        let (low, end) = match self.width {
            0 => (low, end),
            _ => (low.min(self.low), end.max(self.end())),
        };
        let width = (end - low) as usize;
        if width == self.width {
            return;
        }
        let mut digits = vec![0; packed_len(self.columns) * width];
        if self.width > 0 {
            let at = (self.low - low) as usize;
            let sums = digits.chunks_exact_mut(width);
            for (to, from) in sums.zip(self.digits.chunks_exact(self.width)) {
                to[at..at + from.len()].copy_from_slice(from);
            }
        }
        (self.low, self.width, self.digits) = (low, width, digits);
    }

    /// The column of ones: its products with other columns are their sums.
    pub(super) const fn one(&self) -> usize {
        self.columns - 1
    }

    /// Adds a number of products of units to the sum of column `i` times column `j`. The number is
    /// below 2⁷⁴ in magnitude.
    pub(super) fn add_products(&mut self, i: usize, j: usize, unit: [Unit; 2], number: i128) {
        if number == 0 {
            return;
        }
        let thousandths = unit.map(|unit| usize::from(unit.thousandths));
        let millionths = [MILLION, 1000, 1][thousandths[0] + thousandths[1]];
        let bit = unit[0].bit + unit[1].bit;
        let place = bit.div_euclid(32);
        self.cover(place, place + 1);
        let mut rest = (number * millionths) << bit.rem_euclid(32);
        let mut at = (place - self.low) as usize;
        while rest != 0 {
            if at == self.width {
                self.cover(self.low, self.end() + 1);
            }
            let digit = &mut self.digits[packed(i, j) * self.width + at];
            let sum = rest + i128::from(*digit);
            // The low 32 bits as a signed digit.
            *digit = sum as i32;
            rest = (sum - i128::from(*digit)) >> 32;
            at += 1;
        }
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
        Moments::new(self)
    }

    /// The same sums without digits at the ends that are 0 in all of them: their one form on disk.
    fn trimmed(&self) -> Self {
        let used = |place: usize| {
            let mut digits = self.digits.iter().skip(place).step_by(self.width);
            digits.any(|&digit| digit != 0)
        };
        let first = (0..self.width).find(|&place| used(place));
        let last = (0..self.width).rfind(|&place| used(place));
        let (Some(first), Some(last)) = (first, last) else {
            let (low, width, digits) = (0, 0, Vec::new());
            return Self {
                low,
                width,
                digits,
                ..*self
            };
        };
        let sums = self.digits.chunks_exact(self.width);
        Self {
            low: self.low + first as i32,
            width: last + 1 - first,
            digits: sums
                .flat_map(|digits| &digits[first..=last])
                .copied()
                .collect(),
            ..*self
        }
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

/// Takes the lowest digit off a number plus what was left before, and leaves the rest.
fn carry(rest: &mut i64, number: i64) -> i32 {
    let sum = *rest + number;
    // The low 32 bits as a signed digit.
    let digit = sum as i32;
    *rest = (sum - i64::from(digit)) >> 32;
    digit
}

/// Sums as they are saved: trimmed, and not yet checked when they are read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    n_samples: u64,
    n_features: usize,
    low: i32,
    digits: Vec<Vec<i32>>,
}

impl From<MomentSums> for Saved {
    fn from(sums: MomentSums) -> Self {
        let sums = sums.trimmed();
        let digits = match sums.width {
            0 => Vec::new(),
            width => sums
                .digits
                .chunks_exact(width)
                .map(<[i32]>::to_vec)
                .collect(),
        };
        Self {
            n_samples: sums.n_samples,
            n_features: sums.n_features(),
            low: sums.low,
            digits,
        }
    }
}

impl TryFrom<Saved> for MomentSums {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        // Exponents of finite numbers below 10¹³⁰ are far within this.
        const PLACES: i32 = 200;
        const MOST_FEATURES: usize = 100_000;
        let width = saved.digits.first().map_or(0, Vec::len);
        let expected = packed_len(saved.n_features.min(MOST_FEATURES) + 2);
        let known = saved.digits.is_empty() || saved.digits.len() == expected;
        if !known || saved.digits.iter().any(|digits| digits.len() != width) {
            return Err(format!(
                "moment sums: expected {expected} numbers of equal length for {} features, got {}",
                saved.n_features,
                saved.digits.len()
            ));
        }
        if saved.low.abs() > PLACES || width > PLACES as usize {
            return Err(format!(
                "moment sums: expected digits within {PLACES} places, got {width} from place {}",
                saved.low
            ));
        }
        let sums = Self {
            n_samples: saved.n_samples,
            columns: saved.n_features + 2,
            low: saved.low,
            width,
            digits: saved.digits.concat(),
        };
        let negative = |column: usize| sums.exact(column, column).to_f64() < 0.0;
        if (0..sums.columns).any(negative) {
            return Err("moment sums: a negative sum of squares".to_owned());
        }
        let weight = sums.exact(sums.one(), sums.one()).to_f64();
        if (weight > 0.0) != (sums.n_samples > 0) {
            return Err(format!(
                "moment sums: {} rows of weight {weight}",
                sums.n_samples
            ));
        }
        Ok(sums)
    }
}

impl MomentsError {
    /// The same error for rows that begin behind `rows` others.
    fn behind(self, rows: usize) -> Self {
        match self {
            Self::NotFinite { column, row } => Self::NotFinite {
                column,
                row: rows + row,
            },
            other => other,
        }
    }

    /// The reason why there is no model; `name` gives the name of a column.
    pub(in crate::train) fn into_reason(self, name: impl Fn(usize) -> String) -> NotTrained {
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

/// Weights are below this, so that sums are far from the end of the range of numbers.
const LARGEST_WEIGHT: f64 = 1e100;
