//! What a trained model has to keep.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, Slice};

use crate::label::Task;
use crate::train::{Dataset, Model, ModelFormats, PredictError, Prediction};

/// How far a sum of probabilities may be from 1: rounding over many classes.
const ROUNDING: f64 = 1e-9;

fn predict(
    model: &dyn Model,
    features: ArrayView2<'_, f64>,
    place: &str,
) -> Result<Prediction, PredictError> {
    let predicted = catch_unwind(AssertUnwindSafe(|| model.predict(features)));
    predicted.unwrap_or_else(|_| panic!("{place}: the model panicked"))
}

/// The mean of the target, for any row.
pub(super) fn check_mean(model: &dyn Model, data: &Dataset, place: &str) {
    let mean = data.target.iter().sum::<f64>() / data.target.len() as f64;
    for row in answer(model, questions(data).view(), &data.task, place) {
        let expected = if row.len() == 1 { row[0] } else { row[1] };
        assert!(
            (expected - mean).abs() <= ROUNDING * (1.0 + mean.abs()),
            "{place}: expected the mean {mean}, got {expected}"
        );
    }
}

/// The answer for rows that are to be answered, one list of numbers a row.
fn answer(
    model: &dyn Model,
    features: ArrayView2<'_, f64>,
    task: &Task,
    place: &str,
) -> Vec<Vec<f64>> {
    let rows = features.nrows();
    match predict(model, features, place) {
        Ok(prediction) => numbers(&prediction, rows, task, place),
        Err(error) => panic!("{place}: {rows} rows refused: {error}"),
    }
}

/// The numbers of a prediction, one list a row, once they are known to be legal.
fn numbers(prediction: &Prediction, rows: usize, task: &Task, place: &str) -> Vec<Vec<f64>> {
    let n_classes = task.n_classes();
    match prediction {
        Prediction::Values(values) if n_classes == 0 => {
            assert_eq!(values.len(), rows, "{place}: number of predictions");
            let bad = values.iter().find(|value| !value.is_finite());
            assert!(
                bad.is_none(),
                "{place}: predicted {bad:?}, not a finite number"
            );
            values.iter().map(|&value| vec![value]).collect()
        }
        Prediction::Probabilities(values) if n_classes > 0 => {
            assert_eq!(
                values.dim(),
                (rows, n_classes),
                "{place}: shape of the prediction"
            );
            for row in values.rows() {
                let legal = row.iter().all(|share| (0.0..=1.0).contains(share));
                assert!(legal, "{place}: a probability outside of [0, 1]: {row}");
                let sum = row.sum();
                assert!(
                    (sum - 1.0).abs() <= ROUNDING,
                    "{place}: probabilities sum to {sum}"
                );
            }
            values.rows().into_iter().map(|row| row.to_vec()).collect()
        }
        _ => panic!("{place}: a prediction of another kind than the task"),
    }
}

/// Bits, since equal numbers are not enough: −0 and 0 would pass.
fn bits(rows: &[Vec<f64>]) -> Vec<Vec<u64>> {
    let of_row = |row: &Vec<f64>| row.iter().map(|value| value.to_bits()).collect();
    rows.iter().map(of_row).collect()
}

/// The rows to be asked about: those learned from, and some that are unlike them.
fn questions(data: &Dataset) -> Array2<f64> {
    let mut rows = data.features.clone();
    for value in [0.0, -1.0, 0.1, 1e6, 31.0] {
        let unlike = Array2::from_elem((1, data.n_features()), value);
        // Both have the features of the data, so that they fit together.
        rows = ndarray::concatenate(Axis(0), &[rows.view(), unlike.view()]).unwrap_or(rows);
    }
    rows
}

pub(super) fn check_answers(model: &dyn Model, data: &Dataset, place: &str) {
    let rows = questions(data);
    let task = &data.task;
    let half = rows.nrows() / 2;
    let some = |slice: Slice| rows.slice_axis(Axis(0), slice);
    let together = bits(&answer(model, rows.view(), task, place));
    let same = |asked: ArrayView2<'_, f64>, expected: &[Vec<u64>], how: &str| {
        let answered = bits(&answer(model, asked, task, place));
        assert!(answered == expected, "{place}: a prediction differs {how}");
    };
    same(rows.view(), &together, "when asked again");
    same(some(Slice::from(..0)), &[], "for no rows");

    for (row, expected) in rows.axis_chunks_iter(Axis(0), 1).zip(together.chunks(1)) {
        same(row, expected, "alone from among other rows");
    }
    let reversed: Vec<_> = together.iter().rev().cloned().collect();
    same(
        some(Slice::from(..).step_by(-1)),
        &reversed,
        "in another order",
    );
    let thirds: Vec<_> = together.iter().step_by(3).cloned().collect();
    same(
        some(Slice::from(..).step_by(3)),
        &thirds,
        "among fewer rows",
    );

    same(
        some(Slice::from(half..)),
        &together[half..],
        "among fewer rows",
    );

    let standard = rows.as_standard_layout();
    same(standard.view(), &together, "row by row in memory");
    let mut by_column = Array2::zeros(rows.dim().f());
    by_column.assign(&rows);
    same(by_column.view(), &together, "column by column in memory");

    // What lies beyond any data must not panic, and what is answered must be legal.
    for value in [f64::MAX, f64::MIN, 1e300, 5e-324] {
        let extreme = Array2::from_elem((2, data.n_features()), value);
        if let Ok(prediction) = predict(model, extreme.view(), place) {
            numbers(
                &prediction,
                2,
                task,
                &format!("{place}, asked about {value:e}"),
            );
        }
    }
}

pub(super) fn check_refusals(model: &dyn Model, data: &Dataset, place: &str) {
    let rows = data
        .features
        .slice_axis(Axis(0), Slice::from(..data.n_samples().min(4)));
    let n_features = data.n_features();
    for other in [0, n_features - 1, n_features + 1, 2 * n_features] {
        let wrong = Array2::from_elem((rows.nrows(), other), 1.0);
        let refused = predict(model, wrong.view(), place).is_err();
        assert!(
            refused,
            "{place}: {other} features accepted instead of {n_features}"
        );
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for column in 0..n_features {
            for row in [0, rows.nrows() - 1] {
                let mut wrong = rows.to_owned();
                wrong[(row, column)] = value;
                let refused = predict(model, wrong.view(), place).is_err();
                assert!(
                    refused,
                    "{place}: predicted for {value} in feature {column}"
                );
            }
        }
    }
}

/// The JSON text of a model.
pub(in crate::testing) fn json(model: &dyn Model, place: &str) -> String {
    match model.to_json() {
        Ok(json) => json.to_string(),
        Err(error) => panic!("{place}: the model has no JSON: {error}"),
    }
}

pub(super) fn check_round_trip(
    model: &dyn Model,
    data: &Dataset,
    formats: &ModelFormats,
    place: &str,
) {
    let text = json(model, place);
    let format = model.format();
    let read = serde_json::from_str(&text)
        .map_err(|error| error.to_string())
        .and_then(|json| {
            formats
                .read(format, &json)
                .map_err(|error| error.to_string())
        });
    let again = match read {
        Ok(again) => again,
        Err(message) => {
            panic!("{place}: the saved model of format {format:?} is not readable: {message}")
        }
    };
    assert_eq!(again.format(), format, "{place}: format of the model read");
    assert_eq!(
        again.n_features(),
        model.n_features(),
        "{place}: features of the model read"
    );
    let saved_again = json(&*again, place);
    assert!(
        saved_again == text,
        "{place}: a model that is saved, read and saved again differs"
    );
    let rows = questions(data);
    let answers = |model| bits(&answer(model, rows.view(), &data.task, place));
    assert!(
        answers(model) == answers(again.as_ref()),
        "{place}: the model read predicts otherwise"
    );
}
