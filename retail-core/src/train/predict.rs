use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

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
    // The first rows tell what an answer is like.
    let (first, _) = features.split_at(Axis(0), rows_per_task.min(n_rows));
    let (answer, is_filled) = match model.predict(first)? {
        Prediction::Values(_) => {
            let mut values = Array1::zeros(n_rows);
            let room = values.view_mut().insert_axis(Axis(1));
            let is_filled = fill(model, features, room, rows_per_task, threads)?;
            (Prediction::Values(values), is_filled)
        }
        Prediction::Probabilities(first) => {
            let mut shares = Array2::zeros((n_rows, first.ncols()));
            let is_filled = fill(model, features, shares.view_mut(), rows_per_task, threads)?;
            (Prediction::Probabilities(shares), is_filled)
        }
    };
    if is_filled {
        Ok(answer)
    } else {
        model.predict(features)
    }
}

/// Writes what a model says of rows to `room`, so many rows at a time. `false` if an answer does not fit
/// there, because the model answers in several widths.
fn fill(
    model: &dyn Model,
    features: ArrayView2<'_, f64>,
    mut room: ArrayViewMut2<'_, f64>,
    rows_per_task: usize,
    threads: usize,
) -> Result<bool, PredictError> {
    let rooms = room.axis_chunks_iter_mut(Axis(0), rows_per_task);
    let shares = features.axis_chunks_iter(Axis(0), rows_per_task);
    let tasks = Mutex::new(rooms.zip(shares).enumerate());
    let work = |_: &mut (), _| -> Result<bool, (usize, PredictError)> {
        loop {
            let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((task, (mut room, rows))) = task else {
                return Ok(true);
            };
            let predicted = match model.predict(rows) {
                Ok(Prediction::Values(values)) => values.insert_axis(Axis(1)),
                Ok(Prediction::Probabilities(shares)) => shares,
                Err(error) => return Err((task, error.after(task * rows_per_task))),
            };
            if predicted.dim() != room.dim() {
                return Ok(false);
            }
            room.assign(&predicted);
        }
    };
    let mut done = in_parallel(threads, threads, || (), work);
    // The error of the first rows that are wrong, whichever thread had them.
    done.sort_by_key(|done| done.as_ref().map_or_else(|&(task, _)| task, |_| usize::MAX));
    let are_filled: Result<Vec<bool>, _> = done.into_iter().collect();
    Ok(are_filled
        .map_err(|(_, error)| error)?
        .into_iter()
        .all(|is_filled| is_filled))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Slice;

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
