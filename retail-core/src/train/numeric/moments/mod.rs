//! Exact sums of products, and the means and scatter matrix that follow from them.

mod chunk;
mod digits;
mod error;
mod exact;
mod limbs;
mod products;
mod reading;
mod saved;
mod sums;
#[cfg(test)]
mod tests;

pub use error::MomentsError;
pub(in crate::train) use exact::ExactMoments;
pub use sums::MomentSums;

use super::vector::packed;

/// A column whose standard deviation is at most this share of its mean does not vary: what is left
/// is rounding.
const CONSTANT: f64 = 1e-13;

/// The weighted means of the features and the target, and their centred sums of squares and
/// products (the *scatter matrix*). They follow from [`MomentSums`], each with one or two
/// roundings.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    n_samples: u64,
    weight: f64,
    /// Of the features, then of the target.
    mean: Vec<f64>,
    /// Packed lower triangle, the target's row last.
    scatter: Vec<f64>,
}

impl Moments {
    /// The number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.mean.len() - 1
    }

    /// The number that stands for the target when a column is asked for.
    #[must_use]
    pub fn target(&self) -> usize {
        self.n_features()
    }

    /// The number of rows with a weight above 0.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// The sum of all weights; the number of rows if they have none.
    #[must_use]
    pub const fn weight(&self) -> f64 {
        self.weight
    }

    /// The weighted mean of a column; 0 without rows.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub fn mean(&self, column: usize) -> f64 {
        self.mean[column]
    }

    /// The weighted sum of the products of two columns' deviations from their means.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub fn scatter(&self, i: usize, j: usize) -> f64 {
        self.scatter[packed(i, j)]
    }

    /// The standard deviation of a column, divisor [`Moments::weight`]; 0 without rows.
    ///
    /// # Panics
    /// If there is no such column.
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
    /// If there is no such column.
    #[must_use]
    pub fn varies(&self, column: usize) -> bool {
        self.standard_deviation(column) > CONSTANT * self.mean[column].abs()
    }
}

/// What sums count in is 1 divided by this.
const MILLION: f64 = 1e6;
