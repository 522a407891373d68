use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::EngineStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::json;
use crate::openapi::Unheard;
use crate::openapi::engine::EngineShape;
use crate::paths::{BATCHES, HEALTH};
use crate::state::{Shared, SourceStatus};

/// That the process serves, and how many models it has.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
    engine_version: &'static str,
    models_trained: usize,
    models_total: usize,
}

/// `GET /health`.
#[utoipa::path(
    get,
    path = HEALTH,
    tag = "state",
    operation_id = "health",
    summary = "Whether the process serves",
    responses(
        (
            status = 200, description = "It does.", body = Health,
            example = json!({
                "status": "ok", "engine_version": "0.1.0", "models_trained": 9, "models_total": 9,
            }),
        ),
        Unheard,
    ),
)]
pub(crate) async fn health(State(state): State<Shared>) -> Response {
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

/// What the engine has read, saved and trained, and what its source says of itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct Batches<'a> {
    #[serde(flatten)]
    #[schema(value_type = EngineShape)]
    engine: &'a EngineStatus,
    /// What the source says of itself, if it does: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    source: Option<serde_json::Value>,
}

/// `GET /status/batches`.
#[utoipa::path(
    get,
    path = BATCHES,
    tag = "state",
    operation_id = "batches",
    summary = "What the engine has read, saved and trained",
    description = "Without an engine, nothing is running and all counts are 0.",
    responses(
        (
            status = 200, description = "The status that the engine published last.", body = Batches<'_>,
            example = json!({
                "running": true, "rows_read": 1000, "rows_kept": 800,
                "rejected": {"cancelled": 50, "missing_customer": 150}, "batches": 1,
                "stream_time": "2010-12-01 08:27:00", "saved_at": "2026-01-05 10:00:00",
                "progress": {"done": 1000, "total": 541909, "unit": "records"},
                "newest_batches": [{
                    "batch": 1, "rows": 800, "read": 1000,
                    "rejected": {"cancelled": 50, "missing_customer": 150}, "closed_by": "count",
                    "stream_time": ["2010-12-01 08:26:00", "2010-12-01 08:27:00"],
                    "watermark": "2010-12-01 08:27:00", "revenue": 15250.5,
                }],
                "windows": {},
                "models": {"linear_model_1": {
                    "rows": 266, "status": "trained", "revision": 1, "seconds": 0.01, "prequential": null,
                    "holdout": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 54},
                    "baseline": {"rmse": 86.25, "mae": 31.5, "r2": -0.25, "rows": 54},
                }},
                "error": null,
            }),
        ),
        Unheard,
    ),
)]
pub(crate) async fn batches(State(state): State<Shared>) -> Response {
    let source = state.source.as_ref().and_then(SourceStatus::get);
    let engine = &*state.status.read();
    json(StatusCode::OK, &Batches { engine, source })
}
