//! Single fits of SmartCore, as `fits.rs` has them of the engine.
//!
//! ```text
//! bench-fits-smartcore FOLDER   # from `bench-fits write`; see `retail_benches::answer`
//! ```
//!
//! One thread: SmartCore has no other way. Its forest keeps no probabilities by itself.

use std::path::Path;
use std::time::Instant;

use retail_benches::arrays::Pair;
use retail_benches::{Outcome, answer};
use retail_core::evaluate::Metrics;
use retail_core::label::{QuantityCategory, TotalAmount};
use retail_core::train::{Dataset, Prediction};
use serde_json::{Value, json};
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::linear_regression::LinearRegression;

type Matrix = DenseMatrix<f64>;

const NAME: &str = "SmartCore";

/// Features as SmartCore has them, made outside of the time taken.
struct Side {
    fit: Matrix,
    test: Matrix,
    pair: Pair,
}

impl Side {
    fn new(pair: Pair) -> Outcome<Self> {
        Ok(Self {
            fit: matrix(&pair.fit)?,
            test: matrix(&pair.test)?,
            pair,
        })
    }
}

fn matrix(data: &Dataset) -> Outcome<Matrix> {
    let columns = data.features.columns();
    let values = columns.into_iter().flatten().copied().collect();
    Ok(Matrix::new(
        data.n_samples(),
        data.n_features(),
        values,
        true,
    )?)
}

fn main() -> Outcome<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err("usage: bench-fits-smartcore FOLDER".into());
    };
    let folder = Path::new(&folder);
    let amounts = Side::new(Pair::load(folder, "regression", &TotalAmount)?)?;
    let label = QuantityCategory::default();
    let categories = Side::new(Pair::load(folder, "classification", &label)?)?;
    let classes = |data: &Dataset| data.target.iter().map(|&y| y as i64).collect::<Vec<_>>();
    let (learned, truth) = (
        classes(&categories.pair.fit),
        classes(&categories.pair.test),
    );
    let offers =
        ["linear", "forest"].map(|group| json!({ "group": group, "name": NAME, "ask": group }));
    answer(&json!(offers), |asked| match asked {
        "linear" => linear(&amounts),
        "forest" => forest(&categories, &learned, &truth),
        _ => Err(format!("nothing is called {asked:?}").into()),
    })
}

fn linear(side: &Side) -> Outcome<Value> {
    let begun = Instant::now();
    let model = LinearRegression::fit(&side.fit, &side.pair.fit.target, Default::default())?;
    let seconds = begun.elapsed().as_secs_f64();
    let test = &side.pair.test;
    let answers = Prediction::Values(model.predict(&side.test)?.into());
    let metrics = serde_json::to_value(Metrics::of(&test.task, &test.target, &answers)?)?;
    let measures = json!({ "rmse": metrics["rmse"], "r2": metrics["r2"] });
    Ok(json!({ "seconds": seconds, "measures": measures }))
}

fn forest(side: &Side, learned: &Vec<i64>, truth: &[i64]) -> Outcome<Value> {
    let params = RandomForestClassifierParameters::default()
        .with_n_trees(10)
        .with_max_depth(5)
        .with_m(2)
        .with_seed(42);
    let begun = Instant::now();
    let model = RandomForestClassifier::fit(&side.fit, learned, params)?;
    let seconds = begun.elapsed().as_secs_f64();
    let answers: Vec<i64> = model.predict(&side.test)?;
    let hits = answers.iter().zip(truth).filter(|(a, b)| a == b).count();
    let accuracy = hits as f64 / truth.len() as f64;
    Ok(json!({ "seconds": seconds, "measures": { "accuracy": accuracy } }))
}
