use ndarray::{ArrayView2, Axis, Slice, concatenate};

use super::numeric::parallel::{in_parallel, threads_for};
use super::{Model, PredictError, Prediction};

/// Simple steps that are worth a task of their own: a fraction of a millisecond of work.
const STEPS: usize = 1 << 20;

/// What a model says of many rows, on several threads: [`Model::predict`] of all of them, to the bit.
/// `threads` of 0 are as many as the machine runs at once. Few rows are predicted on this thread.
///
/// ```
/// use ndarray::Array2;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, LinearRegression, Trainer, predict_on};
///
/// let rows = Array2::from_shape_fn((500_000, 1), |(row, _)| row as f64);
/// let data = Dataset {
///     target: rows.iter().map(|x| 2.0 * x + 1.0).collect(),
///     feature_names: vec!["x".into()],
///     row_numbers: (0..500_000).collect(),
///     task: Task::Regression,
///     features: rows,
/// };
/// let model = LinearRegression::params().check()?.fit(&data)?;
/// let predicted = predict_on(&*model, data.features.view(), 2)?;
/// assert_eq!(predicted, model.predict(data.features.view())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`Model::predict`], about the first row that is wrong.
pub fn predict_on(
    model: &dyn Model,
    features: ArrayView2<'_, f64>,
    threads: usize,
) -> Result<Prediction, PredictError> {
    let n_rows = features.nrows();
    let rows_per_task = (STEPS / model.steps_per_row().max(1)).max(1);
    let tasks = n_rows.div_ceil(rows_per_task);
    let threads = threads_for(threads, tasks);
    if threads <= 1 {
        return model.predict(features);
    }
    let parts = in_parallel(
        threads,
        tasks,
        || (),
        |(), task| {
            let begin = task * rows_per_task;
            let end = n_rows.min(begin + rows_per_task);
            let rows = features.slice_axis(Axis(0), Slice::from(begin..end));
            model.predict(rows).map_err(|error| error.after(begin))
        },
    );
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    // A model that answers in two ways, or in two widths, is asked once more in one piece.
    joined(&parts).map_or_else(|| model.predict(features), Ok)
}

/// Predictions one after the other; `None` if they are not of one kind.
fn joined(parts: &[Prediction]) -> Option<Prediction> {
    match parts.first()? {
        Prediction::Values(_) => {
            let values = parts.iter().map(|part| match part {
                Prediction::Values(values) => Some(values.view()),
                Prediction::Probabilities(_) => None,
            });
            let values = values.collect::<Option<Vec<_>>>()?;
            Some(Prediction::Values(concatenate(Axis(0), &values).ok()?))
        }
        Prediction::Probabilities(_) => {
            let shares = parts.iter().map(|part| match part {
                Prediction::Probabilities(shares) => Some(shares.view()),
                Prediction::Values(_) => None,
            });
            let shares = shares.collect::<Option<Vec<_>>>()?;
            Some(Prediction::Probabilities(
                concatenate(Axis(0), &shares).ok()?,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array1, Array2};

    use super::*;
    use crate::train::FormatError;

    /// The first feature, as many steps a row as are claimed.
    #[derive(Debug)]
    struct First;

    impl Model for First {
        fn format(&self) -> &str {
            "first"
        }

        fn n_features(&self) -> usize {
            2
        }

        fn steps_per_row(&self) -> usize {
            STEPS / 10
        }

        fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
            PredictError::check(&features, 2)?;
            if let Some(row) = features.column(0).iter().position(|&value| value < 0.0) {
                return Err(PredictError::NoAnswer { row });
            }
            Ok(Prediction::Values(features.column(0).to_owned()))
        }

        fn to_json(&self) -> Result<serde_json::Value, FormatError> {
            Err("none".into())
        }
    }

    fn rows(n: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, 2), |(row, column)| (row * 2 + column) as f64)
    }

    #[test]
    fn all_rows_are_predicted_in_their_order() {
        let model: Arc<dyn Model> = Arc::new(First);
        for n in [0, 1, 9, 10, 11, 57] {
            let rows = rows(n);
            let expected =
                Prediction::Values(Array1::from_iter((0..n).map(|row| 2.0 * row as f64)));
            for threads in [0, 1, 2, 5] {
                assert_eq!(
                    predict_on(&*model, rows.view(), threads),
                    Ok(expected.clone()),
                    "{n} rows, {threads} threads"
                );
            }
        }
    }

    #[test]
    fn an_error_is_about_the_first_row_that_is_wrong() {
        let mut rows = rows(57);
        rows[[45, 1]] = f64::NAN;
        let wrong = PredictError::NotFinite {
            row: 45,
            feature: 1,
        };
        assert_eq!(predict_on(&First, rows.view(), 3), Err(wrong));
        rows[[23, 0]] = -1.0;
        let wrong = PredictError::NoAnswer { row: 23 };
        assert_eq!(predict_on(&First, rows.view(), 3), Err(wrong));
        let shape = PredictError::Shape {
            expected: 2,
            got: 1,
        };
        let narrow = rows.slice_axis(Axis(1), Slice::from(..1));
        assert_eq!(predict_on(&First, narrow, 3), Err(shape));
    }
}
