use ndarray::Array2;

use super::Metrics;
use super::binary::BinaryTally;
use super::classes::ClassTally;
use super::regression::RegressionTally;
use crate::label::Task;
use crate::train::{PredictError, Prediction};

/// Why predictions could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// There are no rows to measure on.
    #[error("there are no rows to measure on")]
    Empty,
    /// There are more or fewer predictions than targets.
    #[error("{rows} targets, {predictions} predictions")]
    Shape {
        /// Number of targets.
        rows: usize,
        /// Number of predictions.
        predictions: usize,
    },
    /// A target or a prediction is NaN or infinite, or a probability lies outside of `[0, 1]`.
    #[error("row {row}: a target or prediction is not a legal number")]
    NotLegal {
        /// The row, counted from 0.
        row: usize,
    },
    /// A target is not the index of a class.
    #[error("row {row}: the target is not one of {n_classes} classes")]
    NoSuchClass {
        /// The row, counted from 0.
        row: usize,
        /// How many classes there are.
        n_classes: usize,
    },
    /// The model predicts another kind of target.
    #[error("the model predicts another kind of target")]
    WrongKind,
    /// The model refused the rows.
    #[error(transparent)]
    Predict(#[from] PredictError),
}

/// Sums over rows from which [`Metrics`] follow; those of several batches add up.
#[derive(Debug, Clone)]
pub(super) enum Tally {
    Regression(RegressionTally),
    Binary(BinaryTally),
    Multiclass(ClassTally),
}

impl Tally {
    pub(super) fn new(task: &Task) -> Self {
        match task {
            Task::Regression => Self::Regression(RegressionTally::default()),
            Task::Binary => Self::Binary(BinaryTally::new()),
            Task::Multiclass { classes } => Self::Multiclass(ClassTally::new(classes.len())),
        }
    }

    /// The sums over one batch.
    pub(super) fn of(
        task: &Task,
        truth: &[f64],
        prediction: &Prediction,
    ) -> Result<Self, MeasureError> {
        if truth.is_empty() {
            return Err(MeasureError::Empty);
        }
        let predictions = match prediction {
            Prediction::Values(values) => values.len(),
            Prediction::Probabilities(values) => values.nrows(),
        };
        if predictions != truth.len() {
            return Err(MeasureError::Shape {
                rows: truth.len(),
                predictions,
            });
        }
        let mut tally = Self::new(task);
        match (&mut tally, prediction) {
            (Self::Regression(sums), Prediction::Values(values)) => {
                let mut rows = truth.iter().zip(values);
                match rows.position(|(y, value)| !y.is_finite() || !value.is_finite()) {
                    Some(row) => return Err(MeasureError::NotLegal { row }),
                    None => *sums = RegressionTally::of(truth.iter().zip(values)),
                }
            }
            (Self::Binary(sums), Prediction::Probabilities(values)) => {
                for (class, row) in checked(truth, values, 2)?.zip(values.rows()) {
                    sums.add(class == 1, [row[0], row[1]]);
                }
            }
            (Self::Multiclass(sums), Prediction::Probabilities(values)) => {
                let n_classes = task.n_classes();
                for (class, row) in checked(truth, values, n_classes)?.zip(values.rows()) {
                    sums.add(class, row.iter().copied());
                }
            }
            _ => return Err(MeasureError::WrongKind),
        }
        Ok(tally)
    }

    /// Adds the sums of a batch of the same task.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Regression(sums), Self::Regression(more)) => sums.merge(more),
            (Self::Binary(sums), Self::Binary(more)) => sums.merge(more),
            (Self::Multiclass(sums), Self::Multiclass(more)) => sums.merge(more),
            _ => debug_assert!(false, "tallies of one stream are of one task"),
        }
    }

    /// Like [`Tally::merge`], in memory that does not grow with the rows: without what a rank needs.
    pub(super) fn merge_sums(&mut self, other: &Self) {
        match (self, other) {
            (Self::Binary(sums), Self::Binary(more)) => sums.merge_sums(more),
            (all, other) => all.merge(other),
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        match self {
            Self::Regression(sums) => Metrics::Regression(sums.metrics()),
            Self::Binary(sums) => Metrics::Binary(sums.metrics()),
            Self::Multiclass(sums) => Metrics::Multiclass(sums.metrics()),
        }
    }
}

/// The class of each row, once classes and probabilities are known to be legal.
fn checked<'a>(
    truth: &'a [f64],
    probabilities: &Array2<f64>,
    n_classes: usize,
) -> Result<impl Iterator<Item = usize> + 'a, MeasureError> {
    if probabilities.ncols() != n_classes {
        return Err(MeasureError::WrongKind);
    }
    let is_class = |y: &f64| *y >= 0.0 && *y < n_classes as f64 && y.fract() == 0.0;
    if let Some(row) = truth.iter().position(|y| !is_class(y)) {
        return Err(MeasureError::NoSuchClass { row, n_classes });
    }
    let illegal = |row: ndarray::ArrayView1<'_, f64>| !row.iter().all(|p| (0.0..=1.0).contains(p));
    match probabilities.rows().into_iter().position(illegal) {
        Some(row) => Err(MeasureError::NotLegal { row }),
        None => Ok(truth.iter().map(|&y| y as usize)),
    }
}
