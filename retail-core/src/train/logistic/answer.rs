//! The derivatives of the loss, summed over rows.

use ndarray::{ArrayView1, Axis};
use pulp::{Simd, WithSimd};

use super::grid::{Binned, Grid, MOST_ROWS};
use super::sigmoid::residuals;
use super::{LogisticPoint, LogisticSums};
use crate::train::numeric::parallel::{in_parallel, threads_for};
use crate::train::numeric::vector::{contiguous, vectorized};
use crate::train::{NotTrained, WeightedRows};

/// Rows whose features are kept at a time.
const BLOCK: usize = 256;
/// From one column to the next. More than a block, so that columns do not compete for the same
/// places of a processor's cache.
const STRIDE: usize = BLOCK + 8;
/// Rows that a thread takes at a time.
const CHUNK: usize = 4096;
const _: () = assert!(CHUNK <= MOST_ROWS);
/// Fewer chunks are not worth a thread.
const CHUNKS_PER_THREAD: usize = 8;

/// The sums over some rows, on so many threads.
pub(super) fn sums(
    rows: &WeightedRows<'_>,
    point: &LogisticPoint,
    threads: usize,
) -> Result<LogisticSums, NotTrained> {
    let WeightedRows { data, weights } = *rows;
    let target = data.target.as_slice();
    let same = data.n_features() == point.mean.len()
        && data.n_samples() == target.len()
        && weights.is_none_or(|weights| weights.len() == target.len());
    if !same || !point.is_sound() {
        return Err(NotTrained::OtherRows);
    }
    let features = data.features.view();
    let rows = Inputs {
        columns: features.columns().into_iter().collect(),
        target,
        weights,
        grids: point.sum_bits().into_iter().map(Grid::new).collect(),
        point,
    };
    let n_chunks = target.len().div_ceil(CHUNK);
    let threads = threads_for(threads, n_chunks / CHUNKS_PER_THREAD);
    let room = || Scratch::new(point);
    let chunks = in_parallel(threads, n_chunks, room, |scratch, chunk| {
        let end = target.len().min((chunk + 1) * CHUNK);
        for start in (chunk * CHUNK..end).step_by(BLOCK) {
            vectorized(Add {
                rows: &rows,
                start,
                len: BLOCK.min(end - start),
                scratch: &mut *scratch,
            });
        }
        let sums = scratch.sums.iter_mut().zip(&rows.grids);
        sums.map(|(sum, grid)| sum.take(*grid))
            .collect::<Option<Vec<i128>>>()
    });
    let mut sums = vec![0; point.n_sums()];
    for chunk in chunks {
        let chunk = chunk.ok_or(NotTrained::OtherRows)?;
        for (sum, units) in sums.iter_mut().zip(chunk) {
            *sum += units;
        }
    }
    Ok(LogisticSums::new(&sums))
}

/// All that the rows of one part give, and the point at which the sums are taken.
struct Inputs<'a> {
    columns: Vec<ArrayView1<'a, f64>>,
    target: &'a [f64],
    weights: Option<&'a [f64]>,
    grids: Vec<Grid>,
    point: &'a LogisticPoint,
}

/// Room for one block of rows, and the sums of a chunk.
struct Scratch {
    sums: Vec<Binned>,
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
    fn new(point: &LogisticPoint) -> Self {
        let column = || vec![0.0; BLOCK];
        Self {
            sums: vec![Binned::default(); point.n_sums()],
            copy: column(),
            features: vec![0.0; point.columns.len() * STRIDE],
            scores: column(),
            residuals: column(),
            curvatures: column(),
            curved: column(),
        }
    }
}

/// Adds a block of rows to the sums of a chunk.
struct Add<'a, 'b> {
    rows: &'a Inputs<'b>,
    start: usize,
    len: usize,
    scratch: &'a mut Scratch,
}

impl WithSimd for Add<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (rows, point) = (self.rows, self.rows.point);
        let range = self.start..self.start + self.len;
        let scratch = self.scratch;
        let scores = &mut scratch.scores[..self.len];
        scores.fill(point.intercept);
        for (index, &column) in point.columns.iter().enumerate() {
            let part = rows.columns[column].slice_axis(Axis(0), range.clone().into());
            let values = contiguous(&part, &mut scratch.copy);
            let standardised = &mut scratch.features[index * STRIDE..][..self.len];
            let (mean, per_unit) = (point.mean[column], 1.0 / point.scale[column]);
            let coefficient = point.coefficients[index];
            for ((z, &x), score) in standardised.iter_mut().zip(values).zip(&mut *scores) {
                *z = (x - mean) * per_unit;
                *score += coefficient * *z;
            }
        }
        let slopes = &mut scratch.residuals[..self.len];
        let curvatures = &mut scratch.curvatures[..self.len];
        residuals(scores, &rows.target[range.clone()], slopes, curvatures);
        if let Some(weights) = rows.weights {
            let values = slopes.iter_mut().zip(&mut *curvatures);
            for ((slope, curvature), weight) in values.zip(&weights[range]) {
                *slope *= weight;
                *curvature *= weight;
            }
        }

        let n = point.columns.len();
        let (features, len) = (&scratch.features, self.len);
        let column = |index: usize| &features[index * STRIDE..][..len];
        let mut sums = scratch.sums.iter_mut().zip(&rows.grids);
        let mut next = || sums.next();
        for index in 0..n {
            if let Some((sum, grid)) = next() {
                sum.add_products::<S, 2>(simd, *grid, slopes, column(index));
            }
        }
        if let Some((sum, grid)) = next() {
            sum.add(simd, *grid, slopes);
        }
        for index in 0..n {
            let curved = &mut scratch.curved[..len];
            for (curved, (z, curvature)) in curved
                .iter_mut()
                .zip(column(index).iter().zip(&*curvatures))
            {
                *curved = z * curvature;
            }
            for other in 0..=index {
                if let Some((sum, grid)) = next() {
                    if point.precise {
                        sum.add_products::<S, 2>(simd, *grid, curved, column(other));
                    } else {
                        sum.add_products::<S, 1>(simd, *grid, curved, column(other));
                    }
                }
            }
        }
        // The intercept's row: its column is 1.
        for index in 0..n {
            if let Some((sum, grid)) = next() {
                sum.add_products::<S, 2>(simd, *grid, curvatures, column(index));
            }
        }
        if let Some((sum, grid)) = next() {
            sum.add(simd, *grid, curvatures);
        }
    }
}
