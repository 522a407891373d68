use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2, Axis};
use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

use super::sigmoid::residuals;
use crate::train::MomentsError;
use crate::train::vector::{Columns, contiguous, packed_len, sum_from, vectorized};

const BLOCK: usize = 256;
/// From one column to the next; see the moments' blocks.
const STRIDE: usize = BLOCK + 8;

/// Where the loss of a logistic model is looked at: a scaler, coefficients and an intercept. Small,
/// so that it can be sent to where the rows are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticPoint {
    /// The features that vary.
    pub(super) columns: Vec<usize>,
    /// Mean of every feature.
    pub(super) mean: Vec<f64>,
    /// Standard deviation of every feature, 1 for those that do not vary.
    pub(super) scale: Vec<f64>,
    /// One coefficient for each of `columns`, per standard deviation.
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
}

/// Sums over rows of the first and second derivatives of the logistic loss at a [`LogisticPoint`],
/// without the penalty. Sums of disjoint rows at the same point merge by addition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticSums {
    /// By each coefficient, then by the intercept.
    pub(super) gradient: Vec<f64>,
    /// Packed lower triangle, the intercept's row last.
    pub(super) hessian: Vec<f64>,
}

impl LogisticSums {
    /// The sums over no rows.
    pub(super) fn new(n_coefficients: usize) -> Self {
        Self {
            gradient: vec![0.0; n_coefficients + 1],
            hessian: vec![0.0; packed_len(n_coefficients + 1)],
        }
    }

    /// Adds the sums over other rows.
    ///
    /// # Errors
    /// [`MomentsError::Features`] for sums at points with other features; nothing has been added
    /// then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MomentsError> {
        let lengths = |sums: &Self| (sums.gradient.len(), sums.hessian.len());
        if lengths(self) != lengths(other) {
            return Err(MomentsError::Features {
                expected: self.gradient.len().saturating_sub(1),
                got: other.gradient.len().saturating_sub(1),
            });
        }
        let own = self.gradient.iter_mut().chain(&mut self.hessian);
        for (own, other) in own.zip(other.gradient.iter().chain(&other.hessian)) {
            *own += other;
        }
        Ok(())
    }
}

impl LogisticPoint {
    /// The number of rows of a chunk. Chunks are summed on their own and their sums added in order,
    /// so rows that are added in parts, all but the last of them a multiple of this in length, give
    /// the same bytes as rows added at once.
    pub const CHUNK_ROWS: usize = 4096;

    /// The sums over no rows.
    #[must_use]
    pub fn no_rows(&self) -> LogisticSums {
        LogisticSums::new(self.coefficients.len())
    }

    /// Adds rows to `sums`: features `(n_samples, n_features)`, a target, 0 or 1, for each, and a
    /// weight for each where there are weights. Numbers that are not finite give sums that are
    /// not.
    ///
    /// # Errors
    /// [`MomentsError`] for shapes that disagree; nothing has been added then.
    pub fn add(
        &self,
        features: ArrayView2<'_, f64>,
        target: &[f64],
        weights: Option<&[f64]>,
        sums: &mut LogisticSums,
    ) -> Result<(), MomentsError> {
        let rows = Rows::new(self, &features, target, weights)?;
        let mut scratch = Scratch::new(self.columns.len());
        // Made first, so that other sums are refused before anything is added.
        sums.merge(&self.no_rows())?;
        for chunk in 0..rows.n_chunks() {
            sums.merge(&rows.chunk(self, chunk, &mut scratch))?;
        }
        Ok(())
    }
}

/// Rows that fit a point.
pub(super) struct Rows<'a> {
    columns: Vec<ArrayView1<'a, f64>>,
    target: &'a [f64],
    weights: Option<&'a [f64]>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        point: &LogisticPoint,
        features: &'a ArrayView2<'_, f64>,
        target: &'a [f64],
        weights: Option<&'a [f64]>,
    ) -> Result<Self, MomentsError> {
        let (rows, got) = features.dim();
        let expected = point.mean.len();
        let fits = point.columns.iter().all(|&column| column < expected)
            && point.columns.len() == point.coefficients.len()
            && point.scale.len() == expected;
        if got != expected || !fits {
            return Err(MomentsError::Features { expected, got });
        }
        if target.len() != rows {
            let targets = target.len();
            return Err(MomentsError::Shape { rows, targets });
        }
        match weights {
            Some(weights) if weights.len() != rows => Err(MomentsError::Weight {
                row: rows.min(weights.len()),
            }),
            _ => Ok(Self {
                columns: features.columns().into_iter().collect(),
                target,
                weights,
            }),
        }
    }

    pub(super) fn n_chunks(&self) -> usize {
        self.target.len().div_ceil(LogisticPoint::CHUNK_ROWS)
    }

    /// The sums over one chunk of rows.
    pub(super) fn chunk(
        &self,
        point: &LogisticPoint,
        chunk: usize,
        scratch: &mut Scratch,
    ) -> LogisticSums {
        let mut sums = point.no_rows();
        let start = chunk * LogisticPoint::CHUNK_ROWS;
        let end = self.target.len().min(start + LogisticPoint::CHUNK_ROWS);
        for start in (start..end).step_by(BLOCK) {
            vectorized(Add {
                data: self,
                point,
                rows: start..end.min(start + BLOCK),
                scratch: &mut *scratch,
                sums: &mut sums,
            });
        }
        sums
    }
}

/// [`Scratch::add`], to be done later.
struct Add<'a, 'b> {
    data: &'a Rows<'b>,
    point: &'a LogisticPoint,
    rows: Range<usize>,
    scratch: &'a mut Scratch,
    sums: &'a mut LogisticSums,
}

impl NullaryFnOnce for Add<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.scratch
            .add(self.data, self.point, self.rows, self.sums);
    }
}

/// Room for one block of rows.
pub(super) struct Scratch {
    copy: Vec<f64>,
    /// Standardised features, column after column.
    features: Vec<f64>,
    scores: Vec<f64>,
    residuals: Vec<f64>,
    curvatures: Vec<f64>,
    /// Curvatures times one feature.
    curved: Vec<f64>,
}

impl Scratch {
    pub(super) fn new(n_columns: usize) -> Self {
        let column = || vec![0.0; BLOCK];
        Self {
            copy: column(),
            features: vec![0.0; n_columns * STRIDE],
            scores: column(),
            residuals: column(),
            curvatures: column(),
            curved: column(),
        }
    }

    #[inline(always)]
    fn add(
        &mut self,
        data: &Rows<'_>,
        point: &LogisticPoint,
        range: Range<usize>,
        sums: &mut LogisticSums,
    ) {
        let rows = range.len();
        let scores = &mut self.scores[..rows];
        scores.fill(point.intercept);
        for (index, &column) in point.columns.iter().enumerate() {
            let part = data.columns[column].slice_axis(Axis(0), range.clone().into());
            let values = contiguous(&part, &mut self.copy);
            let standardised = &mut self.features[index * STRIDE..][..rows];
            let (mean, per_unit) = (point.mean[column], 1.0 / point.scale[column]);
            let coefficient = point.coefficients[index];
            for ((z, &x), score) in standardised.iter_mut().zip(values).zip(&mut *scores) {
                *z = (x - mean) * per_unit;
                *score += coefficient * *z;
            }
        }
        let (slopes, curvatures) = (&mut self.residuals[..rows], &mut self.curvatures[..rows]);
        residuals(scores, &data.target[range.clone()], slopes, curvatures);
        if let Some(weights) = data.weights {
            let values = slopes.iter_mut().zip(&mut *curvatures);
            for ((slope, curvature), weight) in values.zip(&weights[range]) {
                *slope *= weight;
                *curvature *= weight;
            }
        }

        let n = point.columns.len();
        let features = Columns::new(&self.features, STRIDE, rows);
        features.add_dots(slopes, &mut sums.gradient[..n]);
        sums.gradient[n] += sum_from(slopes, 0.0);
        let (mut rest, of_intercept) = sums.hessian.split_at_mut(packed_len(n));
        for (index, of_intercept) in of_intercept[..n].iter_mut().enumerate() {
            let curved = &mut self.curved[..rows];
            let column = features.column(index).iter().zip(&*curvatures);
            for (curved, (z, curvature)) in curved.iter_mut().zip(column) {
                *curved = z * curvature;
            }
            let (row, next) = rest.split_at_mut(index + 1);
            features.add_dots(curved, row);
            *of_intercept += sum_from(curved, 0.0);
            rest = next;
        }
        of_intercept[n] += sum_from(curvatures, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ShapeBuilder};

    #[test]
    fn wide_instructions_change_no_byte() {
        let value = |row: usize| (row as f64 * 0.37).sin() * 4.0;
        let features = Array2::from_shape_fn((BLOCK, 5).f(), |(row, j)| value(row * (j + 1)));
        let target: Vec<f64> = (0..BLOCK).map(|row| f64::from(row % 3 == 0)).collect();
        let point = LogisticPoint {
            columns: vec![0, 1, 2, 4],
            mean: vec![0.1; 5],
            scale: vec![3.0; 5],
            coefficients: vec![0.5, -1.25, 700.0, 1e-3],
            intercept: -0.75,
        };
        let view = features.view();
        let data = Rows::new(&point, &view, &target, None).unwrap();
        for rows in (0..40).chain([BLOCK - 1, BLOCK]) {
            let (mut plain, mut wide) = (point.no_rows(), point.no_rows());
            Scratch::new(4).add(&data, &point, 0..rows, &mut plain);
            vectorized(Add {
                data: &data,
                point: &point,
                rows: 0..rows,
                scratch: &mut Scratch::new(4),
                sums: &mut wide,
            });
            assert_eq!(wide, plain, "{rows} rows");
        }
    }
}
