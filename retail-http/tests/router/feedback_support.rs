//! A server that keeps answers, and clients that tell it truths.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use retail_core::registry::Registry;
use retail_http::{AppState, FeedbackOptions, router};
use serde_json::{Value, json};

use crate::support::{get, post, registry, send};

pub(crate) const FOREST: &str = "/predict/quantity_category/v2";
pub(crate) const LOGISTIC: &str = "/predict/high_value_customer/v3";

pub(crate) fn served_with(registry: Arc<Registry>, options: FeedbackOptions) -> Router {
    router(AppState::new(registry).with_feedback(options))
}

pub(crate) fn served() -> Router {
    served_with(registry(|_| true), FeedbackOptions::default())
}

/// An answer to a request with this id.
pub(crate) async fn asked(app: &Router, path: &str, id: &str, body: impl Into<Body>) -> Value {
    let request = Request::post(path).header("x-request-id", id);
    let (status, _, answer) = send(app, request.body(body.into()).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

pub(crate) async fn told(app: &Router, truths: &Value) -> Value {
    let (status, answer) = post(app, "/feedback", truths.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

pub(crate) fn counted(accepted: u64, unknown: u64, late: u64, duplicate: u64) -> Value {
    json!({"accepted": accepted, "unknown": unknown, "late": late, "duplicate": duplicate})
}

/// What `/feedback` says of a model: its revisions and their metrics.
pub(crate) async fn scores(app: &Router, model: &str) -> Value {
    let (status, all) = get(app, "/feedback").await;
    assert_eq!(status, 200);
    let mut models = all["models"].as_array().unwrap().iter();
    let found = models.find(|of| of["name"] == model);
    found.unwrap()["served"].clone()
}
