use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::label::Task;
use crate::train::Prediction;

pub(super) fn close(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-12 * expected.abs()
}

fn four_classes() -> Task {
    Task::Multiclass {
        classes: ["a", "b", "c", "d"].map(String::from).into(),
    }
}

/// Probabilities of no and yes.
pub(super) fn yes(probabilities: &[f64]) -> Prediction {
    Prediction::Probabilities(Array2::from_shape_fn(
        (probabilities.len(), 2),
        |(row, class)| match class {
            0 => 1.0 - probabilities[row],
            _ => probabilities[row],
        },
    ))
}

pub(super) fn regression(truth: &[f64], predicted: &[f64]) -> RegressionMetrics {
    let prediction = Prediction::Values(Array1::from(predicted.to_vec()));
    match Metrics::of(&Task::Regression, truth, &prediction) {
        Ok(Metrics::Regression(metrics)) => metrics,
        other => panic!("{other:?}"),
    }
}

fn binary(truth: &[f64], probabilities: &[f64]) -> BinaryMetrics {
    match Metrics::of(&Task::Binary, truth, &yes(probabilities)) {
        Ok(Metrics::Binary(metrics)) => metrics,
        other => panic!("{other:?}"),
    }
}

// The numbers of the next three tests are those of sklearn.metrics 1.9 on the same arrays:
// root_mean_squared_error, mean_absolute_error, r2_score, accuracy_score, f1_score with
// average="macro", log_loss with labels=[0, 1, …], roc_auc_score, brier_score_loss,
// confusion_matrix.

#[test]
fn measures_of_a_regression_agree_with_scikit_learn() {
    let truth = [3.0, -0.5, 2.0, 7.0, 1e3, 0.25];
    let metrics = regression(&truth, &[2.5, 0.0, 2.0, 8.0, 990.5, 0.0]);
    assert!(close(metrics.rmse, 3.9117877413445292), "{metrics:?}");
    assert!(close(metrics.mae, 1.9583333333333333), "{metrics:?}");
    assert!(close(metrics.r2.unwrap(), 0.9998893099773115));
    assert_eq!(metrics.rows, 6);
    // A constant target.
    assert_eq!(regression(&[2.0; 3], &[2.0, 2.0, 2.5]).r2, Some(0.0));
    assert_eq!(regression(&[2.0; 3], &[2.0; 3]).r2, Some(1.0));
    assert_eq!(regression(&[0.1; 3], &[0.2; 3]).r2, Some(0.0));
    // scikit-learn warns and answers NaN.
    assert_eq!(regression(&[2.0], &[2.0]).r2, None);
}

#[test]
fn measures_of_several_classes_agree_with_scikit_learn() {
    let truth = [0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 2.0, 1.0];
    let prediction = Prediction::Probabilities(array![
        [0.7, 0.2, 0.1, 0.0],
        [0.1, 0.6, 0.3, 0.0],
        [0.2, 0.5, 0.2, 0.1],
        [0.0, 0.1, 0.9, 0.0],
        [0.4, 0.4, 0.2, 0.0],
        [0.25, 0.25, 0.25, 0.25],
        [0.0, 0.0, 0.0, 1.0],
        [0.0, 1.0, 0.0, 0.0],
    ]);
    let Ok(Metrics::Multiclass(metrics)) = Metrics::of(&four_classes(), &truth, &prediction) else {
        panic!("no measures")
    };
    assert_eq!(metrics.accuracy, 0.625);
    assert!(close(metrics.macro_f1, 0.4916666666666667), "{metrics:?}");
    assert!(close(metrics.log_loss, 5.116067184738481), "{metrics:?}");
    let confusion = [[2, 0, 0, 0], [1, 2, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]];
    assert_eq!(metrics.confusion, confusion);

    // Classes that occur neither among the targets nor the predictions do not count.
    let sure = Prediction::Probabilities(array![[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);
    let Ok(Metrics::Multiclass(metrics)) = Metrics::of(&four_classes(), &[0.0, 2.0], &sure) else {
        panic!("no measures")
    };
    assert_eq!(metrics.macro_f1, 1.0);
}

#[test]
fn measures_of_yes_and_no_agree_with_scikit_learn() {
    let metrics = binary(
        &[0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0],
        &[0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 1.0, 0.0],
    );
    assert_eq!(metrics.accuracy, 0.75);
    assert!(close(metrics.macro_f1, 0.7333333333333334), "{metrics:?}");
    assert_eq!(metrics.auc, Some(0.8125));
    assert!(close(metrics.log_loss, 0.4145335213596063), "{metrics:?}");
    assert!(close(metrics.brier, 0.1440625), "{metrics:?}");
    assert_eq!(metrics.confusion, [[4, 0], [2, 2]]);
    assert_eq!((metrics.positive_share, metrics.rows), (0.5, 8));

    let all_yes = binary(&[1.0; 3], &[0.2, 0.9, 1.0]);
    assert_eq!(all_yes.auc, None);
    assert!(close(all_yes.log_loss, 0.5715994760306423), "{all_yes:?}");
    assert!(close(all_yes.brier, 0.2166666666666667), "{all_yes:?}");
    assert!(close(all_yes.macro_f1, 0.4), "{all_yes:?}");

    let sure_and_wrong = binary(&[1.0, 0.0], &[0.0, 1.0]);
    assert!(close(sure_and_wrong.log_loss, 36.04365338911715));
}

#[test]
fn json_has_the_measures_as_keys_and_round_trips() {
    let metrics = Metrics::Regression(regression(&[1.0, 3.0], &[1.0, 2.0]));
    assert_eq!(
        serde_json::to_value(&metrics).unwrap(),
        json!({"rmse": 0.5_f64.sqrt(), "mae": 0.5, "r2": 0.5, "rows": 2})
    );
    let one_class = Metrics::Binary(binary(&[1.0; 3], &[0.2, 0.9, 1.0]));
    let keys: Vec<String> = match serde_json::to_value(&one_class).unwrap() {
        serde_json::Value::Object(fields) => fields.keys().cloned().collect(),
        other => panic!("{other}"),
    };
    let expected = [
        "accuracy",
        "auc",
        "brier",
        "confusion",
        "log_loss",
        "macro_f1",
        "positive_share",
        "rows",
    ];
    assert_eq!(keys, expected);
    let sure = Prediction::Probabilities(array![[0.0, 0.0, 0.3, 0.7]]);
    let several = Metrics::of(&four_classes(), &[2.0], &sure).unwrap();
    for metrics in [metrics, one_class, several] {
        let text = serde_json::to_string(&metrics).unwrap();
        assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), metrics);
    }
}

#[test]
fn errors_beyond_the_numbers_stay_numbers() {
    let metrics = regression(&[f64::MAX, f64::MIN], &[f64::MIN, f64::MAX]);
    let text = serde_json::to_string(&metrics).unwrap();
    let again: RegressionMetrics = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (again.rmse, again.mae, again.r2),
        (f64::MAX, f64::MAX, None)
    );
}

#[test]
fn predictions_that_do_not_fit_the_truth_are_refused() {
    let values = |values: &[f64]| Prediction::Values(Array1::from(values.to_vec()));
    let of = |task: &Task, truth: &[f64], prediction: &Prediction| {
        Metrics::of(task, truth, prediction).unwrap_err()
    };
    let number = Task::Regression;
    assert_eq!(of(&number, &[], &values(&[])), MeasureError::Empty);
    assert_eq!(
        of(&number, &[1.0], &values(&[1.0, 2.0])),
        MeasureError::Shape {
            rows: 1,
            predictions: 2
        }
    );
    for (truth, prediction) in [(f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        assert_eq!(
            of(&number, &[0.0, truth], &values(&[0.0, prediction])),
            MeasureError::NotLegal { row: 1 }
        );
    }
    assert_eq!(of(&number, &[1.0], &yes(&[0.5])), MeasureError::WrongKind);
    assert_eq!(
        of(&Task::Binary, &[1.0], &values(&[0.5])),
        MeasureError::WrongKind
    );
    assert_eq!(
        of(&four_classes(), &[1.0], &yes(&[0.5])),
        MeasureError::WrongKind
    );
    for class in [2.0, -1.0, 0.5, f64::NAN] {
        assert_eq!(
            of(&Task::Binary, &[0.0, class], &yes(&[0.5, 0.5])),
            MeasureError::NoSuchClass {
                row: 1,
                n_classes: 2
            }
        );
    }
    for p in [1.5, -0.1, f64::NAN] {
        assert_eq!(
            of(&Task::Binary, &[0.0], &yes(&[p])),
            MeasureError::NotLegal { row: 0 }
        );
    }
    let no_classes = Task::Multiclass { classes: vec![] };
    let nothing = Prediction::Probabilities(Array2::zeros((1, 0)));
    assert!(Metrics::of(&no_classes, &[0.0], &nothing).is_err());
}

/// Truth and prediction of some rows: whole numbers, so that ties occur.
fn pairs() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0_u8..=20, 0_u8..=20), 1..60)
}

proptest! {
    #[test]
    fn batches_add_up_to_the_whole(pairs in pairs(), at in 0_usize..60, offset in -1e6_f64..1e6) {
        let at = at.min(pairs.len());
        let tally = |task: &Task, pairs: &[(u8, u8)]| {
            let regression = *task == Task::Regression;
            let truth: Vec<f64> = pairs.iter().map(|p| match regression {
                true => offset + f64::from(p.0),
                false => f64::from(p.0 % 2),
            }).collect();
            let predicted = pairs.iter().map(|p| f64::from(p.1));
            let prediction = if regression {
                Prediction::Values(predicted.map(|p| offset + p).collect())
            } else {
                yes(&predicted.map(|p| p / 20.0).collect::<Vec<_>>())
            };
            super::tally::Tally::of(task, &truth, &prediction)
        };
        for task in [Task::Regression, Task::Binary] {
            let whole = tally(&task, &pairs).unwrap().metrics();
            let mut merged = super::tally::Tally::new(&task);
            for part in [&pairs[..at], &pairs[at..]] {
                if let Ok(part) = tally(&task, part) {
                    merged.merge(&part);
                }
            }
            match (merged.metrics(), whole) {
                (Metrics::Regression(a), Metrics::Regression(b)) => {
                    prop_assert!((a.rmse - b.rmse).abs() < 1e-9 && (a.mae - b.mae).abs() < 1e-9);
                    prop_assert_eq!(a.r2.is_some(), b.r2.is_some());
                    let (a, b) = (a.r2.unwrap_or(0.0), b.r2.unwrap_or(0.0));
                    prop_assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{} {}", a, b);
                }
                (Metrics::Binary(a), Metrics::Binary(b)) => {
                    prop_assert_eq!((a.auc, &a.confusion), (b.auc, &b.confusion));
                    prop_assert!((a.log_loss - b.log_loss).abs() < 1e-12);
                    prop_assert!((a.brier - b.brier).abs() < 1e-12);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn auc_is_the_share_of_pairs_in_order(pairs in pairs()) {
        let truth: Vec<f64> = pairs.iter().map(|p| f64::from(p.0 % 2)).collect();
        let scores: Vec<f64> = pairs.iter().map(|p| f64::from(p.1) / 20.0).collect();
        let (mut won, mut all) = (0.0, 0.0);
        for (yes, a) in truth.iter().zip(&scores).filter(|(y, _)| **y == 1.0) {
            for (no, b) in truth.iter().zip(&scores).filter(|(y, _)| **y == 0.0) {
                prop_assert!(yes > no);
                all += 1.0;
                won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
            }
        }
        let expected = (all > 0.0).then(|| won / all);
        prop_assert_eq!(binary(&truth, &scores).auc, expected);
    }
}
