//! Means and scatter before they are rounded.

use super::super::vector::packed;
use super::super::wide::Wide;
use super::{MILLION, MomentSums, Moments};

/// What [`Moments`] are rounded from: all of it times the weight.
#[derive(Debug)]
pub(in crate::train) struct ExactMoments {
    n_samples: u64,
    weight: Wide,
    /// Of the features, then of the target.
    total: Vec<Wide>,
    /// Packed lower triangle, the target's row last.
    scatter: Vec<Wide>,
}

impl ExactMoments {
    pub(super) fn of(sums: &MomentSums) -> Self {
        let columns = sums.n_features() + 1;
        let exact = |i, j| sums.exact(i, j);
        let weight = exact(columns, columns);
        let total: Vec<Wide> = (0..columns).map(|column| exact(columns, column)).collect();
        let mut scatter = Vec::with_capacity(columns * (columns + 1) / 2);
        for i in 0..columns {
            for j in 0..=i {
                let product = weight.times(&exact(i, j));
                scatter.push(product.minus(&total[i].times(&total[j])));
            }
        }
        Self {
            n_samples: sums.n_samples(),
            weight,
            total,
            scatter,
        }
    }

    pub(in crate::train) fn rounded(&self) -> Moments {
        let mean = self.total.iter().map(|total| {
            // The quotient of rounded numbers, and what it lacks.
            let rough = self.share(total);
            let rest = total.minus(&self.weight.times(&Wide::from_f64(rough)));
            rough + self.share(&rest)
        });
        let scatter = self.scatter.iter();
        Moments {
            n_samples: self.n_samples,
            weight: self.weight.to_f64() / MILLION,
            mean: mean.collect(),
            scatter: scatter.map(|sum| self.share(sum) / MILLION).collect(),
        }
    }

    /// The scatter of a column with the target that a linear model does not explain.
    pub(in crate::train) fn unexplained(&self, column: usize, coefficients: &[Wide]) -> f64 {
        let target = self.total.len() - 1;
        let mut rest = self.scatter[packed(column, target)].clone();
        for (feature, coefficient) in coefficients.iter().enumerate() {
            rest = rest.minus(&self.scatter[packed(column, feature)].times(coefficient));
        }
        self.share(&rest) / MILLION
    }

    /// The mean of the target that a linear model without intercept does not explain.
    pub(in crate::train) fn intercept(&self, coefficients: &[Wide]) -> f64 {
        let (target, features) = self.total.split_last().unwrap_or((&self.weight, &[]));
        let mut rest = target.clone();
        for (total, coefficient) in features.iter().zip(coefficients) {
            rest = rest.minus(&total.times(coefficient));
        }
        self.share(&rest)
    }

    /// A sum divided by the weight; 0 without rows.
    fn share(&self, sum: &Wide) -> f64 {
        // Sums count in millionths, and so does the weight.
        match self.weight.to_f64() {
            0.0 => 0.0,
            divisor => sum.to_f64() / divisor,
        }
    }
}
