//! Columns of mean 0 and standard deviation 1, which numerical methods need to be accurate.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, ShapeBuilder};

/// A column whose range is at most this share of its largest magnitude does not vary: what is left
/// is rounding.
const CONSTANT: f64 = 1e-12;

/// Standardised columns of a matrix, and how they were made.
#[derive(Debug, Clone)]
pub(super) struct Standardized {
    /// The columns that vary, in order.
    pub(super) columns: Vec<usize>,
    /// Mean of each column of the matrix.
    pub(super) mean: Vec<f64>,
    /// Standard deviation of each column of the matrix (divisor `n`); 1 for those that do not vary.
    pub(super) scale: Vec<f64>,
    /// The columns that vary, standardised: `(n_samples, columns.len())`, column by column.
    pub(super) values: Array2<f64>,
}

impl Standardized {
    /// Standardises finite values; `Err` holds the first column whose range is beyond `f64`.
    pub(super) fn new(matrix: &ArrayView2<'_, f64>) -> Result<Self, usize> {
        let mut columns = Vec::with_capacity(matrix.ncols());
        let mut mean = Vec::with_capacity(matrix.ncols());
        let mut scale = Vec::with_capacity(matrix.ncols());
        let mut values = Vec::with_capacity(matrix.len());
        for (index, column) in matrix.axis_iter(Axis(1)).enumerate() {
            let spread = Spread::of(&column).ok_or(index)?;
            mean.push(spread.mean());
            scale.push(spread.scale());
            if spread.varies() {
                columns.push(index);
                values.extend(column.iter().map(|&value| spread.standardize(value)));
            }
        }
        let shape = (matrix.nrows(), columns.len()).f();
        Ok(Self {
            // The vector holds `rows` values for each varying column by construction.
            values: Array2::from_shape_vec(shape, values).unwrap_or_default(),
            columns,
            mean,
            scale,
        })
    }
}

/// Where the values of a column lie.
///
/// Values are first mapped to `[0, 1]`, so that squares neither overflow nor vanish, and the
/// moments are those of the corrected two-pass algorithm (Chan, Golub and LeVeque, "Algorithms for
/// computing the sample variance", 1983).
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    low: f64,
    range: f64,
    unit_mean: f64,
    unit_std: f64,
}

impl Spread {
    /// The spread of finite values; `None` if their range is beyond `f64`.
    pub(super) fn of(values: &ArrayView1<'_, f64>) -> Option<Self> {
        let Some(&first) = values.first() else {
            return Some(Self::constant(0.0));
        };
        let (low, high) = values.iter().fold((first, first), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
        let range = high - low;
        if !range.is_finite() {
            return None;
        }
        if range <= CONSTANT * low.abs().max(high.abs()) {
            return Some(Self::constant(low));
        }
        let n = values.len() as f64;
        let unit = |value: f64| (value - low) / range;
        let rough = values.iter().map(|&value| unit(value)).sum::<f64>() / n;
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), &value| {
            let deviation = unit(value) - rough;
            (sum + deviation, squares + deviation * deviation)
        });
        Some(Self {
            low,
            range,
            unit_mean: rough + sum / n,
            unit_std: ((squares - sum * sum / n) / n).sqrt(),
        })
    }

    fn constant(value: f64) -> Self {
        Self {
            low: value,
            range: 0.0,
            unit_mean: 0.0,
            unit_std: 0.0,
        }
    }

    /// Whether the values differ by more than rounding.
    pub(super) fn varies(&self) -> bool {
        self.scale_or_zero() > 0.0
    }

    pub(super) fn mean(&self) -> f64 {
        self.low + self.range * self.unit_mean
    }

    /// The standard deviation (divisor `n`); 1 if the values do not vary.
    pub(super) fn scale(&self) -> f64 {
        if self.varies() {
            self.scale_or_zero()
        } else {
            1.0
        }
    }

    /// `value` in standard deviations from the mean; 0 if the values do not vary.
    pub(super) fn standardize(&self, value: f64) -> f64 {
        if self.varies() {
            ((value - self.low) / self.range - self.unit_mean) / self.unit_std
        } else {
            0.0
        }
    }

    fn scale_or_zero(&self) -> f64 {
        self.range * self.unit_std
    }
}
