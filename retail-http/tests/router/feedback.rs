//! `/feedback`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use retail_core::evaluate::Metrics;
use retail_core::label::QuantityCategory;
use retail_core::registry::Registry;
use retail_core::train::{Model, Prediction};
use retail_http::{AppState, FeedbackOptions, Limits, feedback_router, prediction_router, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{
    FULL_SALE, LINEAR, artefact, get, known, post, registry, schema, send, slot, task,
};

const FOREST: &str = "/predict/quantity_category/v2";
const LOGISTIC: &str = "/predict/high_value_customer/v3";

fn served_with(registry: Arc<Registry>, options: FeedbackOptions) -> Router {
    router(AppState::new(registry).with_feedback(options))
}

fn served() -> Router {
    served_with(registry(|_| true), FeedbackOptions::default())
}

/// An answer to a request with this id.
async fn asked(app: &Router, path: &str, id: &str, body: impl Into<Body>) -> Value {
    let request = Request::post(path).header("x-request-id", id);
    let (status, _, answer) = send(app, request.body(body.into()).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn told(app: &Router, truths: &Value) -> Value {
    let (status, answer) = post(app, "/feedback", truths.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn counted(accepted: u64, unknown: u64, late: u64, duplicate: u64) -> Value {
    json!({"accepted": accepted, "unknown": unknown, "late": late, "duplicate": duplicate})
}

/// What `/feedback` says of a model: its revisions and their metrics.
async fn scores(app: &Router, model: &str) -> Value {
    let (status, all) = get(app, "/feedback").await;
    assert_eq!(status, 200);
    let mut models = all["models"].as_array().unwrap().iter();
    let found = models.find(|of| of["name"] == model);
    found.unwrap()["served"].clone()
}

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
async fn truths_that_cannot_be_used_are_refused_and_none_counts() {
    let app = served();
    asked(&app, LINEAR, "a", FULL_SALE).await;
    asked(&app, FOREST, "b", FULL_SALE).await;
    asked(&app, LOGISTIC, "c", FULL_SALE).await;
    let classes = "one of Low, Medium, High, Bulk";
    for (truth, code, field, expected, got) in [
        (
            json!({"request_id": "a"}),
            "missing_field",
            "truth",
            "a number",
            "nothing",
        ),
        (
            json!({"request_id": "z"}),
            "missing_field",
            "truth",
            "a number, the name of a class, or true or false",
            "nothing",
        ),
        (
            json!({"request_id": "a", "truth": null}),
            "missing_field",
            "truth",
            "a number",
            "nothing",
        ),
        (
            json!({"request_id": "a", "truth": "x"}),
            "wrong_type",
            "truth",
            "a number",
            "the string \"x\"",
        ),
        (
            json!({"request_id": "a", "truth": [1]}),
            "wrong_type",
            "truth",
            "a number",
            "an array",
        ),
        (
            json!({"request_id": "b", "truth": "Big"}),
            "wrong_type",
            "truth",
            classes,
            "the string \"Big\"",
        ),
        (
            json!({"request_id": "b", "truth": 2}),
            "wrong_type",
            "truth",
            classes,
            "the number 2",
        ),
        (
            json!({"request_id": "c", "truth": 1}),
            "wrong_type",
            "truth",
            "true or false",
            "the number 1",
        ),
        (
            json!({"request_id": "c", "truth": "true"}),
            "wrong_type",
            "truth",
            "true or false",
            "the string \"true\"",
        ),
        (
            json!({"request_id": 7, "truth": 1}),
            "wrong_type",
            "request_id",
            "the id of a request",
            "the number 7",
        ),
        (
            json!({"request_id": "a", "row": -1, "truth": 1}),
            "wrong_type",
            "row",
            "the index of a row, from 0",
            "the number -1",
        ),
        (
            json!({"request_id": "a", "row": 0.5, "truth": 1}),
            "wrong_type",
            "row",
            "the index of a row, from 0",
            "the number 0.5",
        ),
        (
            json!({"request_id": "a", "target": "quantity_category", "truth": 1}),
            "wrong_type",
            "target",
            "total_amount",
            "the string \"quantity_category\"",
        ),
        (
            json!({"truth": 1}),
            "missing_field",
            "request_id",
            "the id of a request, or a target and features",
            "nothing",
        ),
        (
            json!({"target": "profit", "truth": 1}),
            "wrong_type",
            "target",
            "one of high_value_customer, quantity_category, total_amount",
            "the string \"profit\"",
        ),
        (
            json!({"target": "total_amount", "version": "v4", "truth": 1}),
            "wrong_type",
            "version",
            "one of v1, v2, v3",
            "the string \"v4\"",
        ),
        (
            json!({"target": "total_amount", "version": "1", "truth": 1}),
            "wrong_type",
            "version",
            "a version, for example v1",
            "the string \"1\"",
        ),
        (
            json!({"target": "total_amount", "truth": 1}),
            "missing_field",
            "quantity",
            "a whole number from 1 to 1000000",
            "nothing",
        ),
    ] {
        // Whatever stands before it does not count either.
        let body = json!([{"request_id": "a", "truth": 1}, truth]).to_string();
        let (status, answer) = post(&app, "/feedback", body).await;
        assert_eq!(status, 400, "{truth}: {answer}");
        let error = &answer["error"];
        if field == "quantity" {
            assert_eq!(
                (&error["code"], &error["field"]),
                (&json!(code), &json!(field))
            );
            continue;
        }
        let expected = json!({
            "code": code,
            "message": format!("row 1, {field}: expected {expected}, got {got}"),
            "field": field, "expected": expected, "got": got, "row": 1,
        });
        assert_eq!(*error, expected, "{truth}");
    }
    for (body, status, code) in [
        ("{", 400, "malformed_json"),
        ("[]", 400, "empty_array"),
        ("7", 400, "wrong_type"),
        ("[7]", 400, "wrong_type"),
        (r#"{"request_id":"a","truth":1e400}"#, 400, "malformed_json"),
        (
            r#"{"request_id":"a","truth":1,"truth":2}"#,
            400,
            "duplicate_field",
        ),
        (
            r#"{"request_id":"a","request_id":"b","truth":2}"#,
            400,
            "duplicate_field",
        ),
        (
            r#"{"target":"total_amount","truth":1,"quantity":-1,"price":1,"month":1,"day":1,"hour":1}"#,
            422,
            "out_of_range",
        ),
    ] {
        let (got, answer) = post(&app, "/feedback", body).await;
        assert_eq!(
            (got.as_u16(), &answer["error"]["code"]),
            (status, &json!(code)),
            "{body}"
        );
    }
    let truths = format!("[{}]", [r#"{"request_id":"a","truth":1}"#; 3].join(","));
    let limits = Limits {
        max_rows: 2,
        ..Limits::default()
    };
    let state = AppState::new(registry(|_| true)).with_feedback(FeedbackOptions::default());
    let small = router(state.with_limits(limits));
    let (status, answer) = post(&small, "/feedback", truths).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (413, &json!("too_many_rows"))
    );

    let (_, all) = get(&app, "/feedback").await;
    assert_eq!((&all["accepted"], &all["unknown"]), (&json!(0), &json!(0)));
    assert_eq!(scores(&app, "linear_model_1").await, json!([]));
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

#[tokio::test]
async fn a_truth_of_no_kind_is_refused_even_if_its_answer_is_not_known() {
    let app = served();
    for truth in ["{}", "[1]"] {
        let body = format!(r#"{{"request_id":"nobody's","truth":{truth}}}"#);
        let (status, answer) = post(&app, "/feedback", body).await;
        assert_eq!(status, 400, "{truth}");
        assert_eq!(answer["error"]["code"], "wrong_type");
        assert_eq!(answer["error"]["field"], "truth");
    }
    for truth in [json!(1), json!("Low"), json!(false)] {
        let answer = told(&app, &json!({"request_id": "nobody's", "truth": truth})).await;
        assert_eq!(answer, counted(0, 1, 0, 0));
    }
}
