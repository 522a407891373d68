use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::EngineStatus;
use serde::Serialize;

use crate::json::json;
use crate::state::{AppState, SourceStatus};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    engine_version: &'static str,
    models_trained: usize,
    models_total: usize,
}

/// `GET /health`.
pub(crate) async fn health(State(state): State<AppState>) -> Response {
    let (mut models_trained, mut models_total) = (0, 0);
    for (_, served) in state.registry.iter() {
        models_total += 1;
        models_trained += usize::from(served.is_some());
    }
    let health = Health {
        status: "ok",
        // The crates of the workspace share one version.
        engine_version: env!("CARGO_PKG_VERSION"),
        models_trained,
        models_total,
    };
    json(StatusCode::OK, &health)
}

/// `GET /status/batches`.
pub(crate) async fn batches(State(state): State<AppState>) -> Response {
    #[derive(Serialize)]
    struct Batches<'a> {
        #[serde(flatten)]
        engine: &'a EngineStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<serde_json::Value>,
    }
    let source = state.source.as_ref().and_then(SourceStatus::get);
    let engine = &*state.status.read();
    json(StatusCode::OK, &Batches { engine, source })
}
