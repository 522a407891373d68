//! Every trainer of the crate keeps the contract that it asks of users. One is left out: least
//! squares from summaries answers constant features with the mean of the target, which is the
//! solution of minimum norm, where the contract asks for a refusal.

use linfa_linear::FittedLinearRegression;
use serde_json::json;

use super::{
    LinearRegression, LinfaTrainer, LinfaTree, LogisticRegression, ModelFormats, NewtonLogistic,
    RandomForest,
};
use crate::label::Task;
use crate::testing::{Refits, trainer_contract};

fn classes(count: usize) -> Task {
    Task::Multiclass {
        classes: (0..count).map(|class| format!("class {class}")).collect(),
    }
}

#[test]
fn linear_regression_keeps_the_contract() {
    for min_rows in [2, 10] {
        let trainer = LinearRegression::params()
            .min_rows(min_rows)
            .check()
            .unwrap();
        let tasks = [Task::Regression];
        trainer_contract(&trainer, &tasks, &ModelFormats::default(), Refits::Same);
    }
}

#[test]
fn logistic_regression_keeps_the_contract() {
    for (alpha, min_rows) in [(1.0, 20), (1e-3, 2)] {
        let params = LogisticRegression::params().alpha(alpha).min_rows(min_rows);
        let tasks = [Task::Binary];
        trainer_contract(
            &params.check().unwrap(),
            &tasks,
            &ModelFormats::default(),
            Refits::Same,
        );
    }
}

#[test]
fn newton_logistic_keeps_the_contract() {
    let trainer = NewtonLogistic::params().check().unwrap();
    let tasks = [Task::Binary];
    trainer_contract(&trainer, &tasks, &ModelFormats::default(), Refits::Same);
}

#[test]
fn the_forest_keeps_the_contract() {
    for params in [
        RandomForest::params(),
        RandomForest::params()
            .bootstrap(false)
            .min_rows(1)
            .threads(3),
    ] {
        let tasks = [Task::Binary, classes(4), classes(7)];
        trainer_contract(
            &params.check().unwrap(),
            &tasks,
            &ModelFormats::default(),
            Refits::Same,
        );
    }
}

/// linfa-trees follows the order of a hash map where classes tie: another tree each time. That is
/// documented, and everything else is kept.
#[test]
fn the_linfa_tree_keeps_the_contract_but_for_its_irreproducibility() {
    for min_rows in [2, 20] {
        let trainer = LinfaTree::params().min_rows(min_rows).check().unwrap();
        let tasks = [Task::Binary, classes(4)];
        trainer_contract(
            &trainer,
            &tasks,
            &ModelFormats::default(),
            Refits::MayDiffer,
        );
    }
}

#[test]
fn a_wrapped_linfa_estimator_keeps_the_contract() {
    let params = linfa_linear::LinearRegression::new();
    let trainer =
        LinfaTrainer::<FittedLinearRegression<f64>, f64>::new("wrapped", json!({}), params);
    let formats = ModelFormats::empty().with("wrapped", trainer.reader());
    trainer_contract(&trainer, &[Task::Regression], &formats, Refits::Same);
}
