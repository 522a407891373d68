use serde::{Deserialize, Serialize};

use crate::train::numeric::vector::packed_len;

/// Where the loss of a logistic model is looked at: a scaler, coefficients and an intercept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticPoint {
    /// The features that vary.
    pub(super) columns: Vec<usize>,
    /// Mean of every feature.
    pub(super) mean: Vec<f64>,
    /// Standard deviation of every feature, 1 for those that do not vary.
    pub(super) scale: Vec<f64>,
    /// Standardised features of `columns` are below `2^bits` in magnitude.
    pub(super) bits: Vec<i32>,
    /// Weights are below `2^weight_bits`.
    pub(super) weight_bits: i32,
    /// Whether second derivatives are needed to more than 43 bits below the largest that there can
    /// be: if features nearly depend on each other, or rows are all but certain.
    pub(super) precise: bool,
    /// One coefficient for each of `columns`, per standard deviation.
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
}

/// Standardised features are below two to the power of this, so that units of their products are
/// within the range of a number.
pub(super) const MOST_BITS: i32 = 300;

impl LogisticPoint {
    /// The number of sums over rows: by each coefficient and the intercept, then by each pair of
    /// them.
    pub(super) fn n_sums(&self) -> usize {
        let n = self.coefficients.len() + 1;
        n + packed_len(n)
    }

    /// For each of the sums, numbers that are added up are below two to the power of this.
    pub(super) fn sum_bits(&self) -> Vec<i32> {
        // The intercept's column is 1.
        let own: Vec<i32> = self.bits.iter().copied().chain([0]).collect();
        let mut all: Vec<i32> = own.iter().map(|bits| bits + self.weight_bits).collect();
        for (index, row) in own.iter().enumerate() {
            // A curvature is at most a quarter.
            let products = own[..=index].iter();
            all.extend(products.map(|column| row + column + self.weight_bits - 2));
        }
        all
    }

    /// Whether the lengths agree, for points from elsewhere.
    pub(super) fn is_sound(&self) -> bool {
        let (n, varying) = (self.mean.len(), self.columns.len());
        self.scale.len() == n
            && self.bits.len() == varying
            && self.coefficients.len() == varying
            && self.columns.iter().all(|&column| column < n)
            && self.bits.iter().all(|bits| (0..=MOST_BITS).contains(bits))
            && (-400..=400).contains(&self.weight_bits)
    }
}
