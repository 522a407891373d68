use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::{BatchScore, BatchStatus, Training};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::error::ApiError;
use crate::json::json;
use crate::openapi::engine::BatchShape;
use crate::openapi::history::{ScoreShape, TrainingShape};
use crate::openapi::{CONNECTION, Responses, refusals};
use crate::paths::HISTORY;
use crate::query;
use crate::state::Shared;

/// The newest batches, scores and trainings, each oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct History<'a> {
    /// At most 300.
    #[schema(value_type = Vec<BatchShape>)]
    batches: Vec<&'a BatchStatus>,
    /// How well each model predicted those batches, by slot.
    #[schema(value_type = BTreeMap<String, Vec<ScoreShape>>)]
    scores: BTreeMap<&'a str, Vec<&'a BatchScore>>,
    /// At most 50.
    #[schema(value_type = Vec<TrainingShape>)]
    trainings: Vec<&'a Training>,
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, &["wrong_type", "duplicate_field"]])
    }
}

/// `GET /status/history`.
#[utoipa::path(
    get,
    path = HISTORY,
    tag = "state",
    operation_id = "history",
    summary = "The newest batches, scores and trainings",
    description = "Without an engine, there are none. A restart of the engine keeps the batches.",
    params((
        "after" = Option<u64>, Query, nullable = false, minimum = 0, maximum = 18446744073709551615_u64,
        description = "Batches and scores begin after the batch of this number.", example = 7,
    )),
    responses(
        (
            status = 200, description = "What the engine did lately.", body = History<'_>,
            example = json!({
                "batches": [{
                    "batch": 8, "rows": 800, "read": 1000,
                    "rejected": {"cancelled": 50, "missing_customer": 150}, "closed_by": "count",
                    "stream_time": ["2010-12-01 08:26:00", "2010-12-01 08:27:00"],
                    "watermark": "2010-12-01 08:27:00", "revenue": 15250.5,
                }],
                "scores": {"linear_model_1": [
                    {"batch": 8, "revision": 7, "rows": 800, "metrics": {"rmse": 60.5, "mae": 14.25, "r2": 0.5}},
                ]},
                "trainings": [{
                    "at": "2026-01-05 10:00:00", "model": "linear_model_1", "rows": 266, "seconds": 0.01,
                    "revision": 8, "changed": true, "status": "trained",
                    "holdout": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 54},
                    "baseline": {"rmse": 86.25, "mae": 31.5, "r2": -0.25, "rows": 54},
                }],
            }),
        ),
        Refused,
    ),
)]
pub(crate) async fn history(
    State(state): State<Shared>,
    RawQuery(asked): RawQuery,
) -> Result<Response, ApiError> {
    let after = query::after(asked.as_deref())?;
    let status = state.status.read();
    let recent = &status.recent;
    let batches = recent.batches.iter().filter(|batch| batch.batch > after);
    let scores = recent.scores.iter().map(|(model, scores)| {
        let newer = scores.iter().filter(|score| score.batch > after);
        (model.as_str(), newer.map(AsRef::as_ref).collect())
    });
    let history = History {
        batches: batches.collect(),
        scores: scores.collect(),
        trainings: recent.trainings.iter().map(AsRef::as_ref).collect(),
    };
    Ok(json(StatusCode::OK, &history))
}
