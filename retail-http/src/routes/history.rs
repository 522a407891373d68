use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::{BatchScore, BatchStatus, Training};
use serde::Serialize;

use crate::error::ApiError;
use crate::json::json;
use crate::query;
use crate::state::AppState;

#[derive(Serialize)]
struct History<'a> {
    batches: Vec<&'a BatchStatus>,
    scores: BTreeMap<&'a str, Vec<&'a BatchScore>>,
    trainings: Vec<&'a Training>,
}

/// `GET /status/history`.
pub(crate) async fn history(
    State(state): State<AppState>,
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
