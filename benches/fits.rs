//! Single fits of the engine and of linfa, on arrays that others can load too.
//!
//! ```text
//! bench-fits write FILE.csv FOLDER FIT TEST   # arrays of FIT + TEST kept rows
//! bench-fits measure FOLDER                   # see `retail_benches::answer`
//! ```
//!
//! Each array is a file of doubles in native byte order, column by column. What is timed is one
//! call of [`Trainer::fit`] on the first FIT rows; the measures are of the TEST rows after them.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use linfa_linear::FittedLinearRegression;
use linfa_logistic::FittedLogisticRegression;
use retail_benches::arrays::{Pair, save, save_shape};
use retail_benches::{Outcome, answer, read_kept};
use retail_core::evaluate::Metrics;
use retail_core::feature::{FeatureSet, Frame, Rows, StandardFeature};
use retail_core::label::{HighValueCustomer, Label, QuantityCategory, Task, TotalAmount};
use retail_core::time::Timestamp;
use retail_core::train::linfa::{LinfaLinear, LinfaLogistic, LinfaTrainer, LinfaTree};
use retail_core::train::{
    LinearRegression, LogisticRegression, MaxFeatures, RandomForest, Trainer,
};
use serde_json::{Value, json};

/// Threads of the engine's fits, and of the forests of other projects.
const THREADS: usize = 2;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", csv, folder, fit, test] => write(
            Path::new(csv),
            Path::new(folder),
            fit.parse()?,
            test.parse()?,
        ),
        ["measure", folder] => measure(Path::new(folder)),
        _ => Err("usage: bench-fits write FILE.csv FOLDER FIT TEST | measure FOLDER".into()),
    }
}

fn write(csv: &Path, folder: &Path, fit: usize, test: usize) -> Outcome<()> {
    let kept = read_kept(csv, fit + test)?;
    if kept.len() < fit + test {
        return Err(format!("{} kept rows, {} are needed", kept.len(), fit + test).into());
    }
    let frame = Frame::new(0, Timestamp::MIN, &kept, &[]);
    let rows = Rows::all(&[Arc::new(frame)]);
    let (learned, _) = rows.split_at(fit);
    fs::create_dir_all(folder)?;
    for (name, features) in [
        ("regression", &StandardFeature::REGRESSION[..]),
        ("classification", &StandardFeature::CLASSIFICATION[..]),
    ] {
        let matrix = FeatureSet::standard(features).matrix(&rows);
        let columns: Vec<f64> = matrix.columns().into_iter().flatten().copied().collect();
        save(folder, name, &columns)?;
    }
    let labels: [&dyn Label; 3] = [
        &TotalAmount,
        &QuantityCategory::default(),
        &HighValueCustomer::default(),
    ];
    for label in labels {
        save(folder, label.name(), &label.fit(&learned).apply(&rows))?;
    }
    Ok(save_shape(folder, fit, test)?)
}

/// Something to time: what it is compared with, its name, the trainer, which data.
struct Contender {
    group: &'static str,
    name: &'static str,
    trainer: Box<dyn Trainer>,
    pair: Arc<Pair>,
}

fn contenders(folder: &Path) -> Outcome<Vec<Contender>> {
    let amounts = Arc::new(Pair::load(folder, "regression", &TotalAmount)?);
    let category = QuantityCategory::default();
    let categories = Arc::new(Pair::load(folder, "classification", &category)?);
    let value = HighValueCustomer::default();
    let values = Arc::new(Pair::load(folder, "classification", &value)?);
    let scaled = Arc::new(values.standardized());
    let one = |group, name, trainer, pair: &Arc<Pair>| Contender {
        group,
        name,
        trainer,
        pair: Arc::clone(pair),
    };
    let forest = RandomForest::params()
        .n_trees(10)
        .max_depth(5)
        .threads(THREADS);
    let tree = RandomForest::params()
        .n_trees(1)
        .max_depth(5)
        .bootstrap(false);
    let linear = LinfaTrainer::<FittedLinearRegression<f64>, f64>::new(
        "linfa-linear",
        Value::Null,
        linfa_linear::LinearRegression::default(),
    );
    let logistic = LinfaTrainer::<FittedLogisticRegression<f64, usize>, usize>::new(
        "linfa-logistic",
        Value::Null,
        linfa_logistic::LogisticRegression::default().max_iterations(1_000),
    );
    Ok(vec![
        one(
            "linear",
            "engine",
            Box::new(LinearRegression::params().threads(THREADS).check()?),
            &amounts,
        ),
        one(
            "linear",
            "engine, one thread",
            Box::new(LinearRegression::params().threads(1).check()?),
            &amounts,
        ),
        one(
            "linear",
            "engine, linfa family",
            Box::new(LinfaLinear::params().check()?),
            &amounts,
        ),
        one(
            "linear",
            "linfa-linear, adapted",
            Box::new(linear),
            &amounts,
        ),
        one(
            "logistic",
            "engine",
            Box::new(LogisticRegression::params().threads(THREADS).check()?),
            &values,
        ),
        one(
            "logistic",
            "engine, one thread",
            Box::new(LogisticRegression::params().threads(1).check()?),
            &values,
        ),
        one(
            "logistic",
            "engine, linfa family",
            Box::new(LinfaLogistic::params().check()?),
            &values,
        ),
        one(
            "logistic",
            "linfa-logistic, adapted, scaled before",
            Box::new(logistic),
            &scaled,
        ),
        one("forest", "engine", Box::new(forest.check()?), &categories),
        one(
            "one tree",
            "engine",
            Box::new(
                tree.max_features(MaxFeatures::All)
                    .threads(THREADS)
                    .check()?,
            ),
            &categories,
        ),
        one(
            "one tree",
            "linfa-trees, adapted",
            Box::new(LinfaTree::params().max_depth(5).check()?),
            &categories,
        ),
    ])
}

fn measure(folder: &Path) -> Outcome<()> {
    let all = contenders(folder)?;
    let offers: Vec<Value> = all
        .iter()
        .map(|one| json!({ "group": one.group, "name": one.name, "ask": ask(one) }))
        .collect();
    answer(&json!(offers), |asked| {
        let one = all.iter().find(|one| ask(one) == asked);
        let one = one.ok_or_else(|| format!("nothing is called {asked:?}"))?;
        let begun = Instant::now();
        let model = one.trainer.fit(&one.pair.fit)?;
        let seconds = begun.elapsed().as_secs_f64();
        // Later customers are new here, and their labels say little about a fit. So the logistic
        // models are measured on the rows that they were fitted to.
        let test = match one.group {
            "logistic" => &one.pair.fit,
            _ => &one.pair.test,
        };
        let metrics = Metrics::of_model(&*model, &test.task, test.features.view(), &test.target)?;
        let metrics = serde_json::to_value(metrics)?;
        let shown = match test.task {
            Task::Regression => &["rmse", "r2"][..],
            // linfa's classifiers answer with classes, which have no log-loss worth the name.
            _ if one.name.starts_with("linfa") => &["accuracy"],
            _ => &["accuracy", "log_loss"],
        };
        let measures = shown
            .iter()
            .map(|&name| (name.to_owned(), metrics[name].clone()));
        let measures: serde_json::Map<_, _> = measures.collect();
        Ok(json!({ "seconds": seconds, "measures": measures }))
    })
}

fn ask(one: &Contender) -> String {
    format!("{}/{}", one.group, one.name)
}
