use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

/// Numbers saturate here, so that no finite input gives an infinite square.
const LARGEST_PART: f64 = 1e150;

/// What the errors of a linear model follow from, under the usual assumptions: independent errors
/// of equal variance, normally distributed, and a mean that is linear in the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::train) struct Uncertainty {
    /// The sum of weights.
    pub(in crate::train) weight: f64,
    pub(in crate::train) degrees_of_freedom: f64,
    pub(in crate::train) r_squared: Option<f64>,
    /// Mean of each feature.
    pub(in crate::train) mean: Vec<f64>,
    /// `F`, `(rank, n_features)`: the covariance matrix of the coefficients is `FᵀF` times the
    /// variance of the errors.
    pub(in crate::train) root: Vec<Vec<f64>>,
}

impl Uncertainty {
    pub(super) fn check(&self, n_features: usize) -> Result<(), String> {
        let wide = |row: &Vec<f64>| row.len() != n_features;
        if self.mean.len() != n_features
            || self.root.len() > n_features
            || self.root.iter().any(wide)
        {
            return Err(format!(
                "linear model: uncertainty: the shapes do not fit {n_features} features"
            ));
        }
        let mut numbers = self
            .root
            .iter()
            .flatten()
            .chain(&self.mean)
            .chain(&self.r_squared);
        if numbers.any(|number| !number.is_finite()) {
            return Err("linear model: uncertainty: not a finite number".into());
        }
        let one_or_more = 1.0..f64::INFINITY;
        if !one_or_more.contains(&self.degrees_of_freedom) || !one_or_more.contains(&self.weight) {
            return Err(format!(
                "linear model: uncertainty: expected numbers from 1 on, got weight {} and {} \
                 degrees of freedom",
                self.weight, self.degrees_of_freedom
            ));
        }
        Ok(())
    }

    /// The variance of the estimated mean at `features`, for errors of variance 1.
    pub(super) fn variance_of_mean(&self, features: &ArrayView1<'_, f64>) -> f64 {
        let along = |row: &Vec<f64>| {
            let parts = features.iter().zip(&self.mean).zip(row);
            let sum: f64 = parts
                .map(|((x, mean), f)| ((x - mean) * f).clamp(-LARGEST_PART, LARGEST_PART))
                .sum();
            sum * sum
        };
        1.0 / self.weight + self.root.iter().map(along).sum::<f64>()
    }

    /// The standard error of each coefficient, for errors of standard deviation 1.
    pub(super) fn of_coefficients(&self) -> Vec<f64> {
        (0..self.mean.len())
            .map(|column| {
                let squares = self.root.iter().map(|row| row[column] * row[column]);
                squares.sum::<f64>().sqrt()
            })
            .collect()
    }
}
