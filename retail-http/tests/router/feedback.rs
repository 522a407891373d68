//! `/feedback`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use retail_core::evaluate::Metrics;
use retail_core::label::QuantityCategory;
use retail_core::train::{Model, Prediction};
use retail_http::{AppState, FeedbackOptions, feedback_router, prediction_router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::feedback_support::{
    FOREST, LOGISTIC, asked, counted, scores, served, served_with, told,
};
use crate::support::{FULL_SALE, LINEAR, artefact, get, known, post, registry, schema, slot, task};

/// The measures of predictions that were said, with their truths.
fn measured(model: &str, truth: &[f64], said: &[Vec<f64>]) -> Value {
    let task = task(&slot(model).target);
    let width = said[0].len();
    let flat: Vec<f64> = said.concat();
    let matrix = ndarray::Array2::from_shape_vec((truth.len(), width), flat).unwrap();
    let prediction = match width {
        1 => Prediction::Values(matrix.column(0).to_owned()),
        _ => Prediction::Probabilities(matrix),
    };
    let mut value = serde_json::to_value(Metrics::of(&task, truth, &prediction).unwrap()).unwrap();
    // It takes the score of every row, which nobody keeps.
    if value["auc"].is_number() {
        value["auc"] = Value::Null;
    }
    value
}

#[tokio::test]
async fn truths_are_compared_with_what_was_said() {
    let app = served();
    let linear = asked(&app, LINEAR, "a", FULL_SALE).await;
    let forest = asked(&app, FOREST, "b", FULL_SALE).await;
    let logistic = asked(&app, LOGISTIC, "c", FULL_SALE).await;
    let truths = json!([
        {"request_id": "a", "truth": 250},
        {"request_id": "b", "truth": "Medium"},
        {"request_id": "c", "truth": true},
    ]);
    assert_eq!(told(&app, &truths).await, counted(3, 0, 0, 0));

    let said = vec![linear["prediction"].as_f64().unwrap()];
    let expected = measured("linear_model_1", &[250.0], &[said]);
    assert_eq!(
        scores(&app, "linear_model_1").await,
        json!([{"revision": 1, "metrics": expected}])
    );
    let probability = |class| forest["probabilities"][class].as_f64().unwrap();
    let said = QuantityCategory::CLASSES.map(probability).to_vec();
    let expected = measured("rf_model_window_2", &[1.0], &[said]);
    let got = scores(&app, "rf_model_window_2").await;
    assert_eq!(got[0]["metrics"], expected);
    let yes = logistic["probability"].as_f64().unwrap();
    let of_logistic = scores(&app, "logistic_model_batch_3").await;
    let of_logistic = &of_logistic[0]["metrics"];
    assert_eq!(of_logistic["rows"], 1);
    let brier = of_logistic["brier"].as_f64().unwrap();
    assert!((brier - (1.0 - yes).powi(2)).abs() < 1e-15, "{of_logistic}");
    // Nobody asked the others.
    assert_eq!(scores(&app, "linear_model_2").await, json!([]));
}

#[tokio::test]
async fn each_row_of_an_array_has_its_truth_once() {
    let app = served();
    let other = FULL_SALE.replace("\"day\":11", "\"day\":12");
    let said = asked(&app, LINEAR, "a", format!("[{FULL_SALE},{other}]")).await;
    let said: Vec<Vec<f64>> = [0, 1]
        .map(|row| vec![said[row]["prediction"].as_f64().unwrap()])
        .into();
    let first = json!({"request_id": "a", "row": 1, "truth": 300.5});
    assert_eq!(told(&app, &first).await, counted(1, 0, 0, 0));
    assert_eq!(told(&app, &first).await, counted(0, 0, 0, 1));
    let more = json!([
        {"request_id": "a", "truth": 200},
        {"request_id": "a", "row": 0, "truth": 1},
        {"request_id": "a", "row": 2, "truth": 1},
    ]);
    assert_eq!(told(&app, &more).await, counted(1, 1, 0, 1));
    let expected = measured("linear_model_1", &[200.0, 300.5], &said);
    let got = scores(&app, "linear_model_1").await;
    let (got, expected) = (&got[0]["metrics"]["mae"], &expected["mae"]);
    assert!((got.as_f64().unwrap() - expected.as_f64().unwrap()).abs() < 1e-12);
    let (_, all) = get(&app, "/feedback").await;
    for (key, count) in [
        ("accepted", 2),
        ("unknown", 1),
        ("late", 0),
        ("duplicate", 2),
    ] {
        assert_eq!(all[key], count, "{key}");
    }
    assert_eq!(all["rows_kept"], 2);
}

#[tokio::test]
async fn unknown_and_late_ids_are_told_apart() {
    let options = FeedbackOptions {
        max_rows: 2,
        ..FeedbackOptions::default()
    };
    let app = served_with(registry(|_| true), options);
    for id in ["a", "b", "c"] {
        asked(&app, LINEAR, id, FULL_SALE).await;
    }
    let truth = |id: &str| json!({"request_id": id, "truth": 1.0});
    assert_eq!(told(&app, &truth("a")).await, counted(0, 0, 1, 0));
    assert_eq!(told(&app, &truth("b")).await, counted(1, 0, 0, 0));
    assert_eq!(told(&app, &truth("z")).await, counted(0, 1, 0, 0));
    // More rows at once than are kept.
    asked(&app, LINEAR, "d", format!("[{}]", [FULL_SALE; 3].join(","))).await;
    assert_eq!(told(&app, &truth("d")).await, counted(0, 0, 1, 0));

    let options = FeedbackOptions {
        max_age: Duration::ZERO,
        ..FeedbackOptions::default()
    };
    let app = served_with(registry(|_| true), options);
    asked(&app, LINEAR, "a", FULL_SALE).await;
    assert_eq!(told(&app, &truth("a")).await, counted(0, 0, 1, 0));
    assert_eq!(get(&app, "/feedback").await.1["rows_kept"], 0);
}

#[tokio::test]
async fn of_several_answers_with_one_id_the_newest_counts() {
    let app = served();
    asked(&app, LINEAR, "a", FULL_SALE).await;
    asked(&app, "/predict/total_amount/v2", "a", FULL_SALE).await;
    let truth = json!({"request_id": "a", "truth": 1});
    assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0));
    assert_eq!(scores(&app, "linear_model_1").await, json!([]));
    assert_eq!(
        scores(&app, "linear_model_2").await[0]["metrics"]["rows"],
        1
    );
}

#[tokio::test]
async fn a_comparison_has_a_truth_for_each_target() {
    let app = served();
    asked(&app, "/compare/models", "a", FULL_SALE).await;
    let truths = json!([
        {"request_id": "a", "target": "total_amount", "truth": 255},
        {"request_id": "a", "target": "quantity_category", "version": "v2", "truth": "Bulk"},
        {"request_id": "a", "target": "quantity_category", "truth": "Bulk"},
        {"request_id": "a", "target": "quantity_category", "truth": "Bulk"},
    ]);
    assert_eq!(told(&app, &truths).await, counted(3, 0, 0, 1));
    for model in [1, 2, 3] {
        for kind in ["linear_model_", "rf_model_window_"] {
            let scores = scores(&app, &format!("{kind}{model}")).await;
            assert_eq!(scores[0]["metrics"]["rows"], 1, "{kind}{model}");
        }
    }
    let unclear = json!({"request_id": "a", "truth": 1});
    let (status, answer) = post(&app, "/feedback", unclear.to_string()).await;
    let targets = "one of high_value_customer, quantity_category, total_amount";
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], "missing_field");
    assert_eq!(answer["error"]["field"], "target");
    assert_eq!(answer["error"]["expected"], targets);
}

#[tokio::test]
async fn answers_of_the_open_inference_protocol_are_kept_too() {
    let app = served();
    let body = json!({"inputs": [
        {"name": "x", "shape": [1, 5], "datatype": "FP64", "data": [10, 25.5, 6, 11, 14]}
    ]});
    let path = "/v2/models/total_amount/versions/1/infer";
    asked(&app, path, "a", body.to_string()).await;
    let truth = json!({"request_id": "a", "truth": 1});
    assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0));
}

#[tokio::test]
async fn features_are_compared_with_what_models_say_of_them_now() {
    let app = served();
    let said = post(&app, LINEAR, FULL_SALE).await.1["prediction"].clone();
    let mut truth: Value = serde_json::from_str(FULL_SALE).unwrap();
    truth["target"] = json!("total_amount");
    truth["truth"] = json!(250);
    assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0));
    truth["version"] = json!("v1");
    assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0));
    let scores_of_1 = scores(&app, "linear_model_1").await;
    assert_eq!(scores_of_1[0]["metrics"]["rows"], 2);
    let mae = scores_of_1[0]["metrics"]["mae"].as_f64().unwrap();
    assert!((mae - (said.as_f64().unwrap() - 250.0).abs()).abs() < 1e-12);
    assert_eq!(
        scores(&app, "linear_model_3").await[0]["metrics"]["rows"],
        1
    );
}

#[tokio::test]
async fn each_revision_has_its_own_scores() {
    let registry = registry(|_| true);
    let app = served_with(Arc::clone(&registry), FeedbackOptions::default());
    asked(&app, LINEAR, "a", FULL_SALE).await;
    let of = slot("linear_model_1");
    let model: Arc<dyn Model> = Arc::new(crate::support::Known {
        bias: 90.0,
        ..known(&of)
    });
    registry.publish(artefact(&of, model)).unwrap().unwrap();
    asked(&app, LINEAR, "b", FULL_SALE).await;
    let truths = json!([{"request_id": "a", "truth": 9}, {"request_id": "b", "truth": 9}]);
    assert_eq!(told(&app, &truths).await, counted(2, 0, 0, 0));
    let scores = scores(&app, "linear_model_1").await;
    assert_eq!(
        (&scores[0]["revision"], &scores[1]["revision"]),
        (&json!(2), &json!(1))
    );
    let mae = |of: usize| scores[of]["metrics"]["mae"].as_f64().unwrap();
    assert!(mae(0) > mae(1) + 50.0, "{scores}");
    assert_eq!(schema(&of).len(), 5);
}

#[tokio::test]
async fn nothing_is_kept_unless_it_is_asked_for() {
    let plain = crate::support::app();
    for app in [
        &plain,
        &prediction_router(AppState::new(registry(|_| true))),
    ] {
        let request = Request::post("/feedback").body(Body::from("{}")).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 404);
    }
    // Routers that share a state share what is kept.
    let state = AppState::new(registry(|_| true)).with_feedback(FeedbackOptions::default());
    let (predicts, hears) = (prediction_router(state.clone()), feedback_router(state));
    asked(&predicts, LINEAR, "a", FULL_SALE).await;
    let truth = json!({"request_id": "a", "truth": 1});
    assert_eq!(told(&hears, &truth).await, counted(1, 0, 0, 0));
}
