mod golden;
mod merging;
mod outcomes;

use std::ops::Range;

use ndarray::{Array2, Axis, ShapeBuilder};

use super::*;
use crate::label::Task;
use crate::train::rounds::{AnyRounds, Head, PrefixSums};
use crate::train::{Dataset, Model, NotTrained, Prediction, Trainer};

fn data(columns: &[Vec<f64>], target: Vec<f64>) -> Dataset {
    let shape = (target.len(), columns.len()).f();
    Dataset {
        features: Array2::from_shape_vec(shape, columns.concat()).unwrap(),
        feature_names: ('a'..).take(columns.len()).map(String::from).collect(),
        row_numbers: (0..target.len() as u64).collect(),
        target,
        task: Task::Regression,
    }
}

/// Rows by a formula, so that other programs can make the same ones.
fn columns(n: u32) -> [Vec<f64>; 3] {
    let of = |f: fn(u32) -> f64| (0..n).map(f).collect();
    [
        of(|i| f64::from(i * 37 % 101) / 10.0),
        of(|i| f64::from(i * 53 % 29)),
        of(|i| f64::from(i * i % 17) - 8.0),
    ]
}

fn target([a, b, c]: &[Vec<f64>; 3]) -> Vec<f64> {
    (0..a.len())
        .map(|i| 3.0 * a[i] - 0.5 * b[i] + a[i] * b[i] / 7.0 + c[i])
        .collect()
}

fn known(n: u32) -> Dataset {
    let columns = columns(n);
    data(&columns, target(&columns))
}

fn part(data: &Dataset, range: Range<usize>) -> Dataset {
    Dataset {
        features: data
            .features
            .slice_axis(Axis(0), range.clone().into())
            .to_owned(),
        feature_names: data.feature_names.clone(),
        target: data.target[range.clone()].to_vec(),
        row_numbers: data.row_numbers[range].to_vec(),
        task: data.task.clone(),
    }
}

fn fit(data: &Dataset) -> LinearModel {
    LinearRegression::default().fit_linear(data).unwrap()
}

fn values(model: &dyn Model, features: &Array2<f64>) -> Vec<f64> {
    match model.predict(features.view()) {
        Ok(Prediction::Values(values)) => values.to_vec(),
        other => panic!("no values: {other:?}"),
    }
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs().max(1e-300)
}
