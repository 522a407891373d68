//! Models with several revisions in a folder, and a client that has the token.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use retail_core::label::Task;
use retail_core::registry::{Registry, RegistryOptions, standard_slots};
use retail_core::train::ModelFormats;
use retail_http::{Admin, AdminToken, AppState, router};
use serde_json::Value;

use crate::support::{Known, LINEAR, SALE, artefact, known, post, send, slot};

pub(crate) const TOKEN: &str = "0123456789abcdef-admin";
pub(crate) const MODEL: &str = "linear_model_1";

pub(crate) fn token() -> AdminToken {
    AdminToken::new(TOKEN).unwrap()
}

pub(crate) fn formats() -> ModelFormats {
    ModelFormats::empty().with("known", |json| {
        let bias = json["bias"].as_f64().ok_or("bias: expected a number")?;
        let task: Task =
            serde_json::from_value(json["task"].clone()).map_err(|_| "task: expected a kind")?;
        let n_features = json["n_features"]
            .as_u64()
            .ok_or("n_features: expected a number")?;
        Ok(Arc::new(Known {
            task,
            n_features: n_features as usize,
            bias,
        }))
    })
}

/// A registry of the nine slots in this folder, that keeps five revisions of each.
pub(crate) fn registry_in(dir: &Path) -> Arc<Registry> {
    let options = RegistryOptions {
        dir: Some(dir.to_owned()),
        keep_revisions: 5,
        formats: formats(),
        recover: false,
        ..RegistryOptions::default()
    };
    Arc::new(Registry::open(standard_slots(), options).unwrap())
}

/// Publishes a model of this bias in the first slot.
pub(crate) fn publish(registry: &Registry, bias: f64) -> u64 {
    let slot = slot(MODEL);
    let model = Known {
        bias,
        ..known(&slot)
    };
    let published = registry.publish(artefact(&slot, Arc::new(model)));
    published.unwrap().unwrap().revision
}

/// A folder with revisions 1 to `n` of one model.
pub(crate) fn folder(n: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry_in(dir.path());
    for revision in 1..=n {
        publish(&registry, f64::from(revision) / 7.0);
    }
    dir
}

/// Asks with the token.
pub(crate) async fn ask(
    app: &Router,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"));
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (status, _, answer) = send(app, request).await;
    (status, answer)
}

/// A server of revisions 1 to `n` of one model.
pub(crate) fn app(revisions: u32) -> (tempfile::TempDir, Router) {
    let dir = folder(revisions);
    let state = AppState::new(registry_in(dir.path()));
    let app = router(state.with_admin(Admin::new(token())));
    (dir, app)
}

/// A path of that model.
pub(crate) fn of(rest: &str) -> String {
    format!("/admin/models/{MODEL}/{rest}")
}

/// What is said to a request that is granted.
pub(crate) async fn done(app: &Router, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = ask(app, method, path, &body.to_string()).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// The status, code and message of a refusal.
pub(crate) async fn refused(
    app: &Router,
    method: Method,
    path: &str,
    body: &str,
) -> (u16, String, String) {
    let (status, answer) = ask(app, method, path, body).await;
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default().to_owned();
    (status.as_u16(), text("code"), text("message"))
}

/// The revision that answers.
pub(crate) async fn served(app: &Router) -> u64 {
    let (status, answer) = post(app, LINEAR, SALE).await;
    assert_eq!(status, 200, "{answer}");
    answer["revision"].as_u64().unwrap()
}
