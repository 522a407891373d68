//! `?interval=0.9`.

use std::sync::Arc;

use axum::Router;
use ndarray::array;
use retail_core::label::Task;
use retail_core::train::{Dataset, FormatError, LinearRegression, Model, Trainer};
use retail_http::Limits;
use serde_json::json;

use crate::support::{FULL_SALE, LINEAR, SALE, app, app_with, post};

/// A linear model of seven rows with an error in each.
fn fitted() -> Arc<dyn Model> {
    let data = Dataset {
        features: array![
            [1.0, 2.0, 1.0, 1.0, 9.0],
            [2.0, 1.0, 2.0, 5.0, 10.0],
            [3.0, 4.0, 3.0, 2.0, 8.0],
            [4.0, 1.5, 7.0, 8.0, 15.0],
            [5.0, 2.5, 5.0, 3.0, 11.0],
            [6.0, 3.0, 9.0, 7.0, 13.0],
            [7.0, 0.5, 4.0, 6.0, 12.0],
            [9.0, 2.0, 6.0, 4.0, 14.0],
        ],
        feature_names: ["quantity", "price", "month", "day", "hour"]
            .map(String::from)
            .into(),
        target: vec![2.0, 2.5, 11.0, 6.0, 12.0, 19.0, 3.0, 18.0],
        row_numbers: (0..8).collect(),
        task: Task::Regression,
    };
    LinearRegression::params()
        .min_rows(2)
        .check()
        .unwrap()
        .fit(&data)
        .unwrap()
}

/// Serves the fitted model by its own JSON.
#[derive(Debug)]
struct Shared(Arc<dyn Model>);

impl Model for Shared {
    fn format(&self) -> &str {
        self.0.format()
    }
    fn n_features(&self) -> usize {
        self.0.n_features()
    }
    fn predict(
        &self,
        features: ndarray::ArrayView2<'_, f64>,
    ) -> Result<retail_core::train::Prediction, retail_core::train::PredictError> {
        self.0.predict(features)
    }
    fn predict_interval(
        &self,
        features: ndarray::ArrayView2<'_, f64>,
        level: f64,
    ) -> Result<Option<ndarray::Array2<f64>>, retail_core::train::PredictError> {
        self.0.predict_interval(features, level)
    }
    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        self.0.to_json()
    }
}

fn linear() -> Router {
    app_with("linear_model_1", Shared(fitted()), Limits::default())
}

#[tokio::test]
async fn an_interval_is_the_model_s_own_when_it_is_asked_for() {
    let app = linear();
    let sale = array![[10.0, 25.5, 6.0, 11.0, 14.0]];
    let (_, plain) = post(&app, LINEAR, SALE).await;
    assert_eq!(plain.get("interval"), None);
    for level in [0.5, 0.9] {
        let path = format!("{LINEAR}?x=1&interval={level}");
        let (status, mut answer) = post(&app, &path, SALE).await;
        assert_eq!(status, 200, "{answer}");
        let ends = fitted()
            .predict_interval(sale.view(), level)
            .unwrap()
            .unwrap();
        let expected = json!({"level": level, "lower": ends[[0, 0]], "upper": ends[[0, 1]]});
        assert_eq!(answer["interval"], expected);
        assert!(answer["interval"]["lower"].as_f64() < answer["prediction"].as_f64());
        answer.as_object_mut().unwrap().remove("interval");
        assert_eq!(answer, plain);
    }
    // Each row of a batch has its own.
    let other = SALE.replace("10", "11");
    let path = format!("{LINEAR}?interval=0.9");
    let (_, batch) = post(&app, &path, format!("[{SALE},{other}]")).await;
    let (_, single) = post(&app, &path, other).await;
    assert_eq!(batch[1], single);
    assert_ne!(batch[0]["interval"], batch[1]["interval"]);
}

#[tokio::test]
async fn a_level_that_is_no_probability_is_named() {
    let app = linear();
    let expected = "a number above 0 and below 1";
    for (level, status, code, got) in [
        ("0", 422, "out_of_range", "0"),
        ("1", 422, "out_of_range", "1"),
        ("-0.5", 422, "out_of_range", "-0.5"),
        ("90", 422, "out_of_range", "90"),
        ("NaN", 422, "out_of_range", "NaN"),
        ("inf", 422, "out_of_range", "inf"),
        ("", 400, "wrong_type", "\"\""),
        ("high", 400, "wrong_type", "\"high\""),
    ] {
        let (got_status, answer) = post(&app, &format!("{LINEAR}?interval={level}"), SALE).await;
        let error = json!({
            "code": code,
            "message": format!("interval: expected {expected}, got {got}"),
            "field": "interval", "expected": expected, "got": got,
        });
        assert_eq!(
            (got_status.as_u16(), &answer["error"]),
            (status, &error),
            "{level}"
        );
    }
    let (status, answer) = post(&app, &format!("{LINEAR}?interval=0.5&interval=0.9"), SALE).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], "duplicate_field");
}

#[tokio::test]
async fn a_model_without_intervals_says_so() {
    for (path, model) in [
        (LINEAR, "linear_model_1"),
        ("/predict/quantity_category/v1", "rf_model_window_1"),
        ("/predict/high_value_customer/v3", "logistic_model_batch_3"),
    ] {
        let (status, answer) = post(&app(), &format!("{path}?interval=0.9"), FULL_SALE).await;
        let error = json!({
            "code": "no_interval",
            "message": format!("interval: {model} gives no intervals"),
            "field": "interval",
        });
        assert_eq!((status.as_u16(), &answer["error"]), (422, &error));
    }
}
