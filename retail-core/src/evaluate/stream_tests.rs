//! Hold-out and prequential evaluation.

use std::sync::{Arc, Mutex};

use ndarray::{Array2, ArrayView2, array};
use serde_json::json;

use super::tests::{close, regression, yes};
use super::*;
use crate::feature::{
    Extractor, FeatureSet, FeatureSpec, Frame, MissingField, Rows, Sale, StandardFeature,
};
use crate::label::{HighValueCustomer, Task, TotalAmount};
use crate::record::{Transaction, Transactions};
use crate::time::Timestamp;
use crate::train::{
    Dataset, FormatError, LinearRegression, Model, NotTrained, PredictError, Prediction, Trainer,
};

/// Predicts what the first feature says, and notes how often it was asked and fitted.
#[derive(Debug, Clone, Default)]
struct Spy {
    log: Arc<Mutex<Vec<String>>>,
    binary: bool,
}

impl Spy {
    fn note(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }
}

impl Model for Spy {
    fn format(&self) -> &str {
        "spy"
    }
    fn n_features(&self) -> usize {
        1
    }
    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, 1)?;
        self.note(format!("predict {}", features.nrows()));
        let first = features.column(0);
        Ok(if self.binary {
            yes(&first.mapv(|x| x / 100.0).to_vec())
        } else {
            Prediction::Values(first.to_owned())
        })
    }
    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(json!(null))
    }
}

impl Trainer for Spy {
    fn name(&self) -> &str {
        "spy"
    }
    fn hyper_parameters(&self) -> serde_json::Value {
        json!({})
    }
    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        self.note(format!("fit {:?}", data.row_numbers));
        if data.target.first() == Some(&0.0) && !self.binary {
            return Err(NotTrained::NoVariation);
        }
        Ok(Arc::new(self.clone()))
    }
}

/// Rows `first..first + count`; row `i` has quantity `i` and price 1, of customer `i mod 5`.
fn frame(first: u64, count: u64, extractors: &[Arc<dyn Extractor>]) -> Arc<Frame> {
    let rows: Transactions = (first..first + count)
        .map(|i| Transaction {
            invoice: "1".into(),
            stock_code: "A".into(),
            description: String::new(),
            quantity: i as i64,
            invoice_date: Timestamp::EPOCH,
            price: 1.0,
            customer_id: Some(i % 5),
            country: String::new(),
            timestamp: Timestamp::EPOCH,
        })
        .collect();
    Arc::new(Frame::new(first, Timestamp::EPOCH, &rows, extractors))
}

fn quantity() -> FeatureSet {
    FeatureSet::standard(&[StandardFeature::Quantity])
}

#[test]
fn a_hold_out_fits_on_the_first_four_fifths_and_measures_on_the_rest() {
    for (rows, train) in [(2, 1), (5, 4), (9, 7), (10, 8), (11, 8)] {
        let spy = Spy::default();
        let window = Rows::all(&[frame(1, rows, &[])]);
        let out = holdout(&window, &quantity(), &TotalAmount, &spy).unwrap();
        assert_eq!((out.train_rows, out.test_rows), (train, rows - train));
        assert_eq!(out.metrics.rows(), rows - train);
        let learned: Vec<u64> = (1..=train).collect();
        let expected = [
            format!("fit {learned:?}"),
            format!("predict {}", rows - train),
        ];
        assert_eq!(*spy.log.lock().unwrap(), expected);
    }
}

#[test]
fn a_hold_out_fits_its_label_on_the_training_rows_alone() {
    // Customers 1 to 4 spend 1 to 4 in the first four rows, of which only 4 reaches the 75th
    // percentile, 3.25. Row 5 belongs to customer 0, who had spent nothing there, and would be of
    // high value in a label fitted on all five rows.
    let spy = Spy {
        binary: true,
        ..Spy::default()
    };
    let window = Rows::all(&[frame(1, 5, &[])]);
    let out = holdout(&window, &quantity(), &HighValueCustomer::default(), &spy).unwrap();
    let Metrics::Binary(metrics) = out.metrics else {
        panic!("{out:?}")
    };
    assert_eq!((metrics.positive_share, metrics.auc), (0.0, None));
}

#[test]
fn a_baseline_knows_the_training_rows_alone_and_is_measured_on_the_same_rows() {
    // Rows are worth 1 to 5: the mean of the first four is 2.5, and the last one is 5.
    let window = Rows::all(&[frame(1, 5, &[])]);
    let out = holdout(&window, &quantity(), &TotalAmount, &Spy::default()).unwrap();
    let expected = RegressionMetrics {
        rmse: 2.5,
        mae: 2.5,
        r2: None,
        rows: 1,
    };
    assert_eq!(out.baseline, Some(Metrics::Regression(expected)));
    // One of the first four is of high value, so the share of yes is a quarter; the last one is not.
    let spy = Spy {
        binary: true,
        ..Spy::default()
    };
    let out = holdout(&window, &quantity(), &HighValueCustomer::default(), &spy).unwrap();
    let numbers = out.baseline.unwrap().numbers();
    assert_eq!((numbers["accuracy"], numbers["brier"]), (1.0, 0.0625));
}

#[test]
fn a_hold_out_gives_the_reason_where_there_is_none() {
    let of = |rows, features: &FeatureSet, extractors: &[Arc<dyn Extractor>]| {
        let window = Rows::all(&[frame(1, rows, extractors)]);
        holdout(
            &window,
            features,
            &TotalAmount,
            &LinearRegression::default(),
        )
        .unwrap_err()
    };
    assert_eq!(
        of(12, &quantity(), &[]),
        NotTrained::TooFewRows { needed: 10, got: 9 }
    );
    for rows in [0, 1] {
        assert_eq!(
            of(rows, &quantity(), &[]),
            NotTrained::TooFewRows {
                needed: 2,
                got: rows as usize
            }
        );
    }

    struct Undefined;
    impl Extractor for Undefined {
        fn spec(&self) -> FeatureSpec {
            FeatureSpec {
                name: "undefined_late".into(),
                ..StandardFeature::Price.spec()
            }
        }
        fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
            Ok(if sale.quantity()? > 47.0 {
                f64::NAN
            } else {
                1.0
            })
        }
    }
    let extractor: Arc<dyn Extractor> = Arc::new(Undefined);
    assert_eq!(
        of(
            50,
            &quantity().with_custom(Arc::clone(&extractor)),
            &[extractor]
        ),
        NotTrained::NotFinite {
            column: "undefined_late".into(),
            row: 47
        }
    );
}

#[test]
fn a_batch_is_predicted_and_scored_before_it_is_learned() {
    let spy = Spy::default();
    let batches = [frame(1, 2, &[]), frame(3, 3, &[]), frame(6, 1, &[])];
    let run = |learn| {
        spy.log.lock().unwrap().clear();
        let run = prequential(&batches, &quantity(), &TotalAmount, &spy, learn, 2).unwrap();
        let log = spy.log.lock().unwrap().clone();
        (run, log)
    };
    let (all, log) = run(Learn::Everything);
    let expected = [
        "fit [1, 2]",
        "predict 3",
        "fit [1, 2, 3, 4, 5]",
        "predict 1",
        "fit [1, 2, 3, 4, 5, 6]",
    ];
    assert_eq!(log, expected);
    assert_eq!(all.evaluation.batches(), 2);
    assert_eq!(all.evaluation.overall().map(|m| m.rows()), Some(4));
    assert_eq!(all.steps[0].scored, None);

    let (_, log) = run(Learn::NewestBatch);
    let expected = [
        "fit [1, 2]",
        "predict 3",
        "fit [3, 4, 5]",
        "predict 1",
        "fit [6]",
    ];
    assert_eq!(log, expected);
    assert!(prequential(&[], &quantity(), &TotalAmount, &spy, Learn::Everything, 0).is_err());
}

#[test]
fn a_batch_without_a_model_leaves_the_one_before() {
    // A batch that starts with quantity 0 cannot be learned by the spy.
    let batches = [frame(1, 2, &[]), frame(0, 2, &[]), frame(2, 2, &[])];
    let spy = Spy::default();
    let run = prequential(
        &batches,
        &quantity(),
        &TotalAmount,
        &spy,
        Learn::NewestBatch,
        1,
    )
    .unwrap();
    assert_eq!(run.steps[1].learned, Err(NotTrained::NoVariation));
    assert!(run.steps[2].scored.is_some());
    assert_eq!(run.evaluation.batches(), 2);
}

#[test]
fn running_measures_cover_all_batches_and_the_newest_ones() {
    let model = Spy::default();
    let mut running = Prequential::new(Task::Regression, 2).unwrap();
    assert_eq!((running.overall(), running.recent()), (None, None));
    let batches = [
        ([1.0, 2.0], [2.0, 4.0]),
        ([3.0, 5.0], [3.0, 4.0]),
        ([9.0, 7.0], [1.0, 8.0]),
    ];
    for (predicted, truth) in &batches {
        let features = Array2::from_shape_vec((2, 1), predicted.to_vec()).unwrap();
        let of_batch = running.score(&model, features.view(), truth).unwrap();
        assert_eq!(of_batch, Metrics::Regression(regression(truth, predicted)));
    }
    let Some(Metrics::Regression(overall)) = running.overall() else {
        panic!("no measures")
    };
    assert!(close(overall.mae, 13.0 / 6.0), "{overall:?}");
    let Some(Metrics::Regression(recent)) = running.recent() else {
        panic!("no measures")
    };
    let expected = regression(&[3.0, 4.0, 1.0, 8.0], &[3.0, 5.0, 9.0, 7.0]);
    assert!(
        close(recent.rmse, expected.rmse) && recent.rows == 4,
        "{recent:?}"
    );

    // A batch that cannot be scored does not count.
    let before = running.overall();
    assert!(
        running
            .score(&model, array![[f64::NAN]].view(), &[1.0])
            .is_err()
    );
    assert!(
        running
            .score(&model, array![[1.0]].view(), &[1.0, 2.0])
            .is_err()
    );
    assert_eq!((running.overall(), running.batches()), (before, 3));
    assert!(Prequential::new(Task::Binary, 0).is_err());
}
