//! Every trainer of the crate keeps the contract that it asks of users.

#[cfg(feature = "linfa")]
use linfa_linear::FittedLinearRegression;

use super::{LinearRegression, LogisticRegression, ModelFormats, RandomForest};
use crate::label::Task;
use crate::testing::{rounds_contract, trainer_contract};

fn classes(count: usize) -> Task {
    Task::Multiclass {
        classes: (0..count).map(|class| format!("class {class}")).collect(),
    }
}

#[test]
fn linear_regression_keeps_the_contracts() {
    for min_rows in [2, 10] {
        let params = LinearRegression::params().min_rows(min_rows);
        let trainer = params.check().unwrap();
        trainer_contract(&trainer, &[Task::Regression], &ModelFormats::default());
        rounds_contract(&trainer, &[Task::Regression]);
    }
}

#[test]
fn logistic_regression_keeps_the_contracts() {
    for alpha in [1.0, 1e-3] {
        let trainer = LogisticRegression::params().alpha(alpha).check().unwrap();
        trainer_contract(&trainer, &[Task::Binary], &ModelFormats::default());
        rounds_contract(&trainer, &[Task::Binary]);
    }
}

#[test]
fn the_forest_keeps_the_contracts() {
    for params in [
        RandomForest::params(),
        RandomForest::params()
            .bootstrap(false)
            .min_rows(2)
            .threads(3),
    ] {
        let trainer = params.check().unwrap();
        let tasks = [Task::Binary, classes(4), classes(7)];
        trainer_contract(&trainer, &tasks, &ModelFormats::default());
        rounds_contract(&trainer, &tasks);
    }
}

#[cfg(feature = "linfa")]
mod linfa {
    use serde_json::json;

    use super::*;
    use crate::train::linfa::{LinfaLinear, LinfaLogistic, LinfaTrainer, LinfaTree};

    #[test]
    fn linfa_linear_keeps_the_contract() {
        for min_rows in [2, 10] {
            let trainer = LinfaLinear::params().min_rows(min_rows).check().unwrap();
            trainer_contract(&trainer, &[Task::Regression], &ModelFormats::default());
        }
    }

    #[test]
    fn linfa_logistic_keeps_the_contract() {
        for (alpha, min_rows) in [(1.0, 20), (1e-3, 2)] {
            let params = LinfaLogistic::params().alpha(alpha).min_rows(min_rows);
            let trainer = params.check().unwrap();
            trainer_contract(&trainer, &[Task::Binary], &ModelFormats::default());
        }
    }

    /// linfa-trees follows the order of a hash map if classes tie: another tree each time. Its
    /// guarantees say so, and everything else is kept.
    #[test]
    fn the_linfa_tree_keeps_the_contract() {
        for min_rows in [2, 20] {
            let trainer = LinfaTree::params().min_rows(min_rows).check().unwrap();
            let tasks = [Task::Binary, classes(4)];
            trainer_contract(&trainer, &tasks, &ModelFormats::default());
        }
    }

    #[test]
    fn a_wrapped_linfa_estimator_keeps_the_contract() {
        let params = linfa_linear::LinearRegression::new();
        let trainer =
            LinfaTrainer::<FittedLinearRegression<f64>, f64>::new("wrapped", json!({}), params);
        let formats = ModelFormats::empty().with("wrapped", trainer.reader());
        trainer_contract(&trainer, &[Task::Regression], &formats);
    }
}
