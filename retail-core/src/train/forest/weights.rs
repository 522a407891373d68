use super::refused;
use crate::train::{Dataset, NotTrained};

/// The most that the weights of a fit may sum to. The bootstrap multiplies a weight by 8 at most, so counts
/// stay below 2³².
const MOST: f64 = (1_u64 << 28) as f64;

/// Weights as whole numbers, which sum to the same in any order.
#[derive(Debug, PartialEq)]
pub(super) struct WholeWeights {
    /// One for each row.
    pub(super) weights: Vec<u32>,
    /// The weight that counts as one row.
    pub(super) one: f64,
}

impl WholeWeights {
    /// Whole numbers are taken as they are, and count as so many rows. Others, and those that sum to more than
    /// 2²⁸, are multiplied by the largest power of two that keeps their sum within that, and rounded; what is
    /// not 0 stays so. Then the mean of those above 0 counts as one row.
    ///
    /// # Errors
    /// [`NotTrained`] for another number of weights than rows, for one that is negative or not finite, and if
    /// their sum is 0 or not finite.
    pub(super) fn of(data: &Dataset, weights: &[f64]) -> Result<Self, NotTrained> {
        let n_rows = data.n_samples();
        let is_wrong = |weight: &f64| *weight < 0.0 || !weight.is_finite();
        let wrong = weights.iter().position(is_wrong);
        if wrong.is_some() || weights.len() != n_rows {
            let row = wrong.unwrap_or(n_rows.min(weights.len()));
            return Err(NotTrained::Weight { row });
        }
        let sum: f64 = weights.iter().sum();
        if sum == 0.0 || !sum.is_finite() {
            return Err(refused(format!(
                "expected weights with a finite sum above 0, got {sum}"
            )));
        }
        let are_rows = sum <= MOST && weights.iter().all(|weight| weight.fract() == 0.0);
        let scale = if are_rows {
            1.0
        } else {
            // Halved if the logarithm was rounded up.
            let scale = (MOST / sum).log2().floor().exp2();
            if sum * scale <= MOST {
                scale
            } else {
                scale / 2.0
            }
        };
        let whole = |&weight: &f64| {
            if weight > 0.0 {
                (weight * scale).round().max(1.0) as u32
            } else {
                0
            }
        };
        let weights: Vec<u32> = weights.iter().map(whole).collect();
        let one = if are_rows {
            1.0
        } else {
            let counted = weights.iter().filter(|&&weight| weight > 0).count();
            let sum: u64 = weights.iter().copied().map(u64::from).sum();
            sum as f64 / counted as f64
        };
        Ok(Self { weights, one })
    }

    /// A number of samples in units of these weights, rounded up.
    pub(super) fn samples(&self, samples: usize) -> usize {
        (samples as f64 * self.one).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::dataset;
    use super::*;

    fn of(weights: &[f64]) -> Result<WholeWeights, NotTrained> {
        let rows = weights.len();
        let data = dataset(&[vec![0.0; rows]], vec![0.0; rows], 2);
        WholeWeights::of(&data, weights)
    }

    #[test]
    fn whole_weights_are_taken_as_they_are() {
        let whole = of(&[0.0, 3.0, 1.0]).unwrap();
        assert_eq!((whole.weights.as_slice(), whole.one), (&[0, 3, 1][..], 1.0));
        assert_eq!(whole.samples(5), 5);
    }

    #[test]
    fn others_keep_their_ratios() {
        let whole = of(&[0.5, 0.25, 0.0, 1e-30]).unwrap();
        assert_eq!(whole.weights, [1 << 27, 1 << 26, 0, 1]);
        assert_eq!(whole.samples(3), (1 << 27) + (1 << 26) + 1);
        let whole = of(&[1e12, 3e12]).unwrap();
        let sum: u32 = whole.weights.iter().sum();
        assert!((1 << 27..=1 << 28).contains(&sum), "{sum}");
        assert_eq!(whole.weights[1] / whole.weights[0], 3);
        assert_eq!(whole.samples(2), sum as usize);
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for (wrong, said) in [
            ([1.0, -1.0], "weight"),
            ([1.0, f64::NAN], "weight"),
            ([f64::INFINITY, 1.0], "weight"),
            ([0.0, 0.0], "above 0"),
            ([f64::MAX, f64::MAX], "above 0"),
        ] {
            let error = of(&wrong).unwrap_err().to_string();
            assert!(error.contains(said), "{wrong:?}: {error}");
        }
    }
}
