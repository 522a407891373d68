//! The first round: what the features are standardised by.

use serde::{Deserialize, Serialize};

use super::LogisticPoint;
use super::point::MOST_BITS;
use crate::label::Task;
use crate::train::numeric::parallel::{in_parallel, threads_for};
use crate::train::numeric::vector::packed;
use crate::train::rounds::Head;
use crate::train::{MomentSums, Moments, NotTrained, WeightedRows};

/// What the first round sums up: the moments of the rows, and the ends of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleSums {
    pub(super) sums: MomentSums,
    /// The smallest and the largest value of each feature; `None` without rows.
    ranges: Vec<Option<[f64; 2]>>,
    largest_weight: f64,
}

impl ScaleSums {
    pub(super) fn new(n_features: usize) -> Self {
        Self {
            sums: MomentSums::new(n_features),
            ranges: vec![None; n_features],
            largest_weight: 0.0,
        }
    }

    pub(super) fn of(
        rows: &WeightedRows<'_>,
        head: &Head,
        threads: usize,
    ) -> Result<Self, NotTrained> {
        let WeightedRows { data, weights } = *rows;
        let mut sums = MomentSums::new(head.n_features);
        sums.add_in_parallel(data.features.view(), &data.target, weights, threads)
            .map_err(|error| error.into_reason(|column| head.column_name(column)))?;
        if let Some(row) = data.target.iter().position(|&y| y != 0.0 && y != 1.0) {
            let n_classes = 2;
            return Err(NotTrained::NoSuchClass { row, n_classes });
        }
        let n_threads = threads_for(threads, head.n_features);
        let ranges = in_parallel(
            n_threads,
            head.n_features,
            || (),
            |(), feature| {
                let column = data.features.column(feature);
                let first = *column.first()?;
                Some(column.iter().fold([first; 2], |[low, high], &x| {
                    let low = if x < low { x } else { low };
                    [low, if x > high { x } else { high }]
                }))
            },
        );
        let largest = |weights: &[f64]| weights.iter().copied().fold(0.0, f64::max);
        let one = if data.target.is_empty() { 0.0 } else { 1.0 };
        Ok(Self {
            sums,
            ranges,
            largest_weight: weights.map_or(one, largest),
        })
    }

    pub(super) fn merge(&mut self, other: &Self, trainer: &str) -> Result<(), NotTrained> {
        let merged = self.sums.merge(&other.sums);
        merged.map_err(|_| NotTrained::foreign(trainer))?;
        for (own, other) in self.ranges.iter_mut().zip(&other.ranges) {
            *own = match (*own, *other) {
                (Some([low, high]), Some([other_low, other_high])) => {
                    Some([low.min(other_low), high.max(other_high)])
                }
                (own, other) => own.or(other),
            };
        }
        self.largest_weight = self.largest_weight.max(other.largest_weight);
        Ok(())
    }

    /// The model without features; `Err` if there is nothing to learn.
    pub(super) fn start(
        &self,
        moments: &Moments,
        min_rows: usize,
    ) -> Result<LogisticPoint, NotTrained> {
        let got = moments.n_samples();
        if got < min_rows as u64 {
            return Err(NotTrained::TooFewRows {
                needed: min_rows,
                got: got as usize,
            });
        }
        let share = moments.mean(moments.target());
        let both = moments.varies(moments.target()) && share > 0.0 && share < 1.0;
        if !both {
            let class = Task::Binary.class_name(usize::from(share > 0.5)).to_owned();
            return Err(NotTrained::OneClass { class });
        }
        let all = 0..moments.n_features();
        let columns: Vec<usize> = all.clone().filter(|&c| moments.varies(c)).collect();
        if columns.is_empty() {
            return Err(NotTrained::NoVariation);
        }
        let scale = |column| {
            if moments.varies(column) {
                moments.standard_deviation(column)
            } else {
                1.0
            }
        };
        let bits = columns.iter().map(|&column| {
            // At least one value is a standard deviation away, and none much further.
            let bits = self.bits(column, moments.mean(column), scale(column));
            bits.unwrap_or(MOST_BITS)
        });
        Ok(LogisticPoint {
            bits: bits.collect(),
            weight_bits: self.weight_bits(),
            precise: false,
            mean: all.clone().map(|column| moments.mean(column)).collect(),
            scale: all.map(scale).collect(),
            coefficients: vec![0.0; columns.len()],
            columns,
            intercept: (share / (1.0 - share)).ln(),
        })
    }

    /// A feature that is standardised like this is below two to the power of this; `None` if it is too large.
    pub(super) fn bits(&self, column: usize, mean: f64, scale: f64) -> Option<i32> {
        let [low, high] = self.ranges[column].unwrap_or([mean; 2]);
        let largest = (mean - low).abs().max((high - mean).abs());
        let bits = bits_of(largest / scale).max(0);
        (bits <= MOST_BITS).then_some(bits)
    }

    /// Weights are below two to the power of this.
    pub(super) fn weight_bits(&self) -> i32 {
        bits_of(self.largest_weight)
    }

    /// Whether a feature has this value in all rows.
    pub(super) fn is_always(&self, column: usize, value: f64) -> bool {
        self.ranges[column].is_none_or(|range| range == [value; 2])
    }

    pub(super) fn is_over(&self, n_features: usize) -> bool {
        self.sums.n_features() == n_features && self.ranges.len() == n_features
    }
}

/// The gradient and the matrix of second derivatives when all coefficients are 0. Both follow from
/// the moments.
pub(super) fn derivatives_at_start(
    moments: &Moments,
    start: &LogisticPoint,
) -> (Vec<f64>, Vec<f64>) {
    let share = moments.mean(moments.target());
    let curvature = share * (1.0 - share);
    let n = start.columns.len();
    let mut gradient = vec![0.0; n + 1];
    let mut hessian = vec![0.0; start.n_sums() - (n + 1)];
    for (i, &row) in start.columns.iter().enumerate() {
        gradient[i] = -moments.scatter(row, moments.target()) / start.scale[row];
        for (j, &column) in start.columns[..=i].iter().enumerate() {
            let product = moments.scatter(row, column) / start.scale[row] / start.scale[column];
            hessian[packed(i, j)] = curvature * product;
        }
    }
    hessian[packed(n, n)] = curvature * moments.weight();
    (gradient, hessian)
}

/// The number is below two to the power of this, with room for rounding.
fn bits_of(number: f64) -> i32 {
    let exponent = (number.to_bits() >> 52) as i32 - 1023;
    (exponent + 2).clamp(-400, 400)
}
