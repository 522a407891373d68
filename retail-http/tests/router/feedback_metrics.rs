//! What `GET /metrics` says of feedback.

use std::sync::Arc;

use axum::Router;
use retail_http::{AppState, FeedbackOptions, router};
use serde_json::json;

use crate::metrics::{of, samples};
use crate::support::{
    FULL_SALE, LINEAR, app, artefact, empty_registry, get, known, post, registry, slot,
};

async fn tell(app: &Router, target: &str, version: &str, truth: serde_json::Value) {
    let mut body: serde_json::Value = serde_json::from_str(FULL_SALE).unwrap();
    body["target"] = json!(target);
    body["version"] = json!(version);
    body["truth"] = truth;
    let (status, answer) = post(app, "/feedback", body.to_string()).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &json!(1)));
}

#[tokio::test]
async fn how_good_answers_were_is_shown_as_feedback_says_it() {
    let state = AppState::new(registry(|_| true)).with_feedback(FeedbackOptions::default());
    let app = router(state);
    let before = samples(&app).await;
    assert_eq!(of(&before, "retail_feedback_truths_total").len(), 4);
    assert_eq!(of(&before, "retail_feedback_scored_rows_total"), []);
    post(&app, LINEAR, FULL_SALE).await;
    tell(&app, "total_amount", "v1", json!(250)).await;
    tell(&app, "total_amount", "v1", json!(260)).await;
    tell(&app, "high_value_customer", "v3", json!(true)).await;
    let unknown = json!({ "request_id": "nobody", "truth": 1 });
    post(&app, "/feedback", unknown.to_string()).await;

    let all = samples(&app).await;
    let (_, told) = get(&app, "/feedback").await;
    for (outcome, count) in [
        ("accepted", 3.0),
        ("unknown", 1.0),
        ("late", 0.0),
        ("duplicate", 0.0),
    ] {
        let series = format!("retail_feedback_truths_total{{outcome=\"{outcome}\"}}");
        assert_eq!(all[&series], count, "{outcome}");
    }
    assert_eq!(all["retail_feedback_rows_kept"], 1.0);
    let mut shown = 0;
    for model in told["models"].as_array().unwrap() {
        for served in model["served"].as_array().unwrap() {
            let text = |key: &str| model[key].as_str().unwrap();
            let labels = format!(
                "model=\"{}\",target=\"{}\",version=\"{}\",revision=\"{}\"",
                text("name"),
                text("target"),
                text("version"),
                served["revision"]
            );
            for (measure, value) in served["metrics"].as_object().unwrap() {
                let name = match measure.as_str() {
                    "rows" => "scored_rows_total",
                    // It takes all answers; the others are no measures.
                    "auc" | "confusion" | "positive_share" => continue,
                    measure => measure,
                };
                let series = format!("retail_feedback_{name}{{{labels}}}");
                assert_eq!(all.get(&series), value.as_f64().as_ref(), "{series}");
                shown += 1;
            }
        }
    }
    // Four of the regression, five of the yes or no.
    assert_eq!(shown, 4 + 5);
    // And those of how many truths there were, and rows.
    assert_eq!(of(&all, "retail_feedback_").len(), shown + 4 + 1);
}

#[tokio::test]
async fn only_the_newest_revisions_are_shown() {
    let registry = Arc::new(empty_registry());
    let linear = slot("linear_model_1");
    let state = AppState::new(Arc::clone(&registry)).with_feedback(FeedbackOptions::default());
    let app = router(state);
    for revision in 1..=8 {
        let mut model = known(&linear);
        model.bias = f64::from(revision);
        registry
            .publish(artefact(&linear, Arc::new(model)))
            .unwrap();
        tell(&app, "total_amount", "v1", json!(250)).await;
    }
    let all = samples(&app).await;
    let shown = of(&all, "retail_feedback_rmse");
    let labels = "model=\"linear_model_1\",target=\"total_amount\",version=\"v1\"";
    let expected = [4, 5, 6, 7, 8]
        .map(|revision| format!("retail_feedback_rmse{{{labels},revision=\"{revision}\"}}"));
    let shown: Vec<&str> = shown.iter().map(|(series, _)| *series).collect();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn without_feedback_there_is_none_of_it() {
    assert_eq!(of(&samples(&app()).await, "retail_feedback"), []);
}
