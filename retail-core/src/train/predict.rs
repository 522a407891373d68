use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::model::largest;
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
    let plan = Plan::new(model, n_rows, threads);
    if plan.threads <= 1 {
        return model.predict(features);
    }
    // The first rows tell what an answer is like.
    let (first, _) = features.split_at(Axis(0), plan.rows_per_task.min(n_rows));
    let copy = |said: Prediction, mut room: ArrayViewMut2<'_, f64>| {
        let said = match said {
            Prediction::Values(values) => values.insert_axis(Axis(1)),
            Prediction::Probabilities(shares) => shares,
        };
        let fits = said.dim() == room.dim();
        if fits {
            room.assign(&said);
        }
        fits
    };
    let (answer, is_filled) = match model.predict(first)? {
        Prediction::Values(_) => {
            let mut values = Array1::zeros(n_rows);
            let room = values.view_mut().insert_axis(Axis(1));
            let is_filled = plan.fill(model, features, room, copy)?;
            (Prediction::Values(values), is_filled)
        }
        Prediction::Probabilities(first) => {
            let mut shares = Array2::zeros((n_rows, first.ncols()));
            let is_filled = plan.fill(model, features, shares.view_mut(), copy)?;
            (Prediction::Probabilities(shares), is_filled)
        }
    };
    if is_filled {
        Ok(answer)
    } else {
        // The model answers in several widths.
        model.predict(features)
    }
}

/// The index of the most probable class of each row, of equals the first, on several threads. `None` if the
/// model is no classifier. No more probabilities are in memory than the threads work on.
///
/// ```
/// use ndarray::{array, Array1};
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, RandomForest, Trainer, most_probable_on};
///
/// let data = Dataset {
///     features: array![[1.0], [2.0], [8.0], [9.0]],
///     feature_names: vec!["quantity".into()],
///     target: vec![0.0, 0.0, 1.0, 1.0],
///     row_numbers: (0..4).collect(),
///     task: Task::Binary,
/// };
/// let model = RandomForest::params().n_trees(9).bootstrap(false).min_rows(1).check()?.fit(&data)?;
/// let classes = most_probable_on(&*model, data.features.view(), 2)?;
/// assert_eq!(classes, Some(Array1::from(vec![0, 0, 1, 1])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`Model::predict`], about the first row that is wrong.
pub fn most_probable_on(
    model: &dyn Model,
    features: ArrayView2<'_, f64>,
    threads: usize,
) -> Result<Option<Array1<i64>>, PredictError> {
    if features.is_empty() {
        // Nothing to share out, but their shape may be wrong.
        let said = model.predict(features)?;
        return Ok(matches!(said, Prediction::Probabilities(_)).then(|| Array1::zeros(0)));
    }
    let mut classes = Array1::zeros(features.nrows());
    let room = classes.view_mut().insert_axis(Axis(1));
    let choose = |said: Prediction, mut room: ArrayViewMut2<'_, i64>| match said {
        Prediction::Probabilities(shares) if shares.nrows() == room.nrows() => {
            for (class, shares) in room.iter_mut().zip(shares.outer_iter()) {
                *class = largest(shares) as i64;
            }
            true
        }
        _ => false,
    };
    let plan = Plan::new(model, features.nrows(), threads);
    let is_filled = plan.fill(model, features, room, choose)?;
    Ok(is_filled.then_some(classes))
}

/// How rows are shared out among threads.
#[derive(Debug, Clone, Copy)]
struct Plan {
    rows_per_task: usize,
    threads: usize,
}

impl Plan {
    fn new(model: &dyn Model, n_rows: usize, threads: usize) -> Self {
        let rows_per_task = (STEPS / model.steps_per_row().max(1)).max(1);
        Self {
            rows_per_task,
            threads: threads_for(threads, n_rows.div_ceil(rows_per_task)),
        }
    }

    /// Writes what a model says of rows to `room`, task by task. `false` if `write` says of an answer that it
    /// does not fit there.
    fn fill<T: Send>(
        self,
        model: &dyn Model,
        features: ArrayView2<'_, f64>,
        mut room: ArrayViewMut2<'_, T>,
        write: impl Fn(Prediction, ArrayViewMut2<'_, T>) -> bool + Sync,
    ) -> Result<bool, PredictError> {
        let Self {
            rows_per_task,
            threads,
        } = self;
        let rooms = room.axis_chunks_iter_mut(Axis(0), rows_per_task);
        let shares = features.axis_chunks_iter(Axis(0), rows_per_task);
        let tasks = Mutex::new(rooms.zip(shares).enumerate());
        let work = |_: &mut (), _| -> Result<bool, (usize, PredictError)> {
            loop {
                let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((task, (room, rows))) = task else {
                    return Ok(true);
                };
                let said = model.predict(rows);
                let said = said.map_err(|error| (task, error.after(task * rows_per_task)))?;
                if !write(said, room) {
                    return Ok(false);
                }
            }
        };
        let mut done = in_parallel(threads, threads, || (), work);
        // The error of the first rows that are wrong, whichever thread had them.
        done.sort_by_key(|done| done.as_ref().map_or_else(|&(task, _)| task, |_| usize::MAX));
        let are_filled: Result<Vec<bool>, _> = done.into_iter().collect();
        let are_filled = are_filled.map_err(|(_, error)| error)?;
        Ok(are_filled.into_iter().all(|is_filled| is_filled))
    }
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

    /// Three classes; the first two are equally probable where the first feature is a multiple of 8.
    #[derive(Debug)]
    struct Eighths;

    impl Model for Eighths {
        fn format(&self) -> &str {
            "eighths"
        }

        fn n_features(&self) -> usize {
            2
        }

        fn steps_per_row(&self) -> usize {
            STEPS / 10
        }

        fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
            PredictError::check(&features, 2)?;
            let mut shares = Array2::zeros((features.nrows(), 3));
            for (mut shares, row) in shares.outer_iter_mut().zip(features.outer_iter()) {
                match row[0] % 8.0 {
                    0.0 => shares.assign(&ndarray::array![0.4, 0.4, 0.2]),
                    2.0 => shares.assign(&ndarray::array![0.1, 0.6, 0.3]),
                    _ => shares.assign(&ndarray::array![0.0, 0.1, 0.9]),
                }
            }
            Ok(Prediction::Probabilities(shares))
        }

        fn to_json(&self) -> Result<serde_json::Value, FormatError> {
            Err("none".into())
        }
    }

    #[test]
    fn the_first_of_the_most_probable_classes_is_chosen() {
        for n in [0, 1, 9, 10, 11, 57] {
            let rows = rows(n);
            let expected: Vec<i64> = (0..n).map(|row| [0, 1, 2, 2][row % 4]).collect();
            for threads in [0, 1, 2, 5] {
                assert_eq!(
                    most_probable_on(&Eighths, rows.view(), threads),
                    Ok(Some(Array1::from_vec(expected.clone()))),
                    "{n} rows, {threads} threads"
                );
            }
        }
        let mut rows = rows(57);
        assert_eq!(most_probable_on(&First, rows.view(), 2), Ok(None));
        rows[[45, 1]] = f64::NAN;
        let wrong = PredictError::NotFinite {
            row: 45,
            feature: 1,
        };
        assert_eq!(most_probable_on(&Eighths, rows.view(), 3), Err(wrong));
        let shape = PredictError::Shape {
            expected: 2,
            got: 1,
        };
        let narrow = Array2::zeros((0, 1));
        assert_eq!(most_probable_on(&Eighths, narrow.view(), 3), Err(shape));
    }
}
