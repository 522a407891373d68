mod bins;
mod determinism;
mod growth;
mod merging;
mod oracle;
mod predict;
mod refusals;
mod saved;
mod shapley;
mod weights;

use ndarray::{Array2, ShapeBuilder};

use super::model::ForestModel;
use super::random::draw;
use super::{RandomForest, RandomForestParams};
use crate::label::{QuantityCategory, Task};
use crate::train::{Dataset, Model, Prediction};

/// Data with these columns; row numbers from 0.
pub(super) fn dataset(columns: &[Vec<f64>], target: Vec<f64>, n_classes: usize) -> Dataset {
    let shape = (target.len(), columns.len()).f();
    let classes = (0..n_classes).map(|class| format!("c{class}")).collect();
    Dataset {
        features: Array2::from_shape_vec(shape, columns.concat()).unwrap(),
        feature_names: (0..columns.len()).map(|i| format!("x{i}")).collect(),
        row_numbers: (0..target.len() as u64).collect(),
        target,
        task: Task::Multiclass { classes },
    }
}

/// Synthetic sales: quantity (skewed), price, total amount, month, day, hour; the class is that of
/// the quantity.
fn sales(n_rows: usize, seed: u64) -> Dataset {
    let below = |row: usize, what: u64, n: u64| draw(seed + what, row as u64) % n;
    let category = QuantityCategory::default();
    let mut columns = vec![Vec::new(); 6];
    let mut target = Vec::new();
    for row in 0..n_rows {
        let quantity = (1 + below(row, 1, 6) * (1 + below(row, 2, 8))) as f64;
        let price = (25 + below(row, 3, 900)) as f64 / 100.0;
        let values = [
            quantity,
            price,
            quantity * price,
            (1 + row * 12 / n_rows) as f64,
            (1 + below(row, 4, 31)) as f64,
            (7 + below(row, 5, 13)) as f64,
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
        target.push(category.class(quantity) as f64);
    }
    dataset(&columns, target, 4)
}

/// Sales with classes that have nothing to do with them.
fn noise(n_rows: usize) -> Dataset {
    let mut data = sales(n_rows, 5);
    for (target, row) in data.target.iter_mut().zip(0..) {
        *target = (draw(9, row) % 4) as f64;
    }
    data
}

/// The same data with its rows, row numbers included, in another order.
fn reordered(data: &Dataset, order: &[usize]) -> Dataset {
    Dataset {
        features: data.features.select(ndarray::Axis(0), order),
        target: order.iter().map(|&row| data.target[row]).collect(),
        row_numbers: order.iter().map(|&row| data.row_numbers[row]).collect(),
        ..data.clone()
    }
}

fn fit(params: RandomForestParams, data: &Dataset) -> ForestModel {
    params.check().unwrap().fit_forest(data).unwrap()
}

/// One tree of all rows and features: nothing random is left.
fn plain_tree() -> RandomForestParams {
    RandomForest::params()
        .n_trees(1)
        .bootstrap(false)
        .max_features(super::MaxFeatures::All)
        .min_rows(1)
}

fn probabilities(model: &dyn Model, features: &Array2<f64>) -> Array2<f64> {
    match model.predict(features.view()) {
        Ok(Prediction::Probabilities(probabilities)) => probabilities,
        other => panic!("not probabilities: {other:?}"),
    }
}

/// The share of rows whose most probable class is theirs.
fn accuracy(model: &dyn Model, data: &Dataset) -> f64 {
    let answer = probabilities(model, &data.features);
    let hits = answer
        .outer_iter()
        .zip(&data.target)
        .filter(|(row, target)| {
            let own = row[**target as usize];
            row.iter().all(|&other| other <= own)
        });
    hits.count() as f64 / data.n_samples() as f64
}
