//! Triton's counts of what models were asked, an extension of the protocol.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::SlotName;
use serde::Serialize;

use super::fault::Fault;
use super::model::{Asked, NamedPath};
use crate::json::json;
use crate::state::AppState;
use crate::statistics::{Statistics, Total};

#[derive(Serialize)]
struct Shown {
    model_stats: Vec<ShownModel>,
}

#[derive(Serialize)]
struct ShownModel {
    name: String,
    version: String,
    last_inference: u64,
    inference_count: u64,
    execution_count: u64,
    inference_stats: ShownStatistics,
    batch_stats: [(); 0],
}

#[derive(Serialize)]
struct ShownStatistics {
    success: Total,
    fail: Total,
    queue: Total,
    compute_input: Total,
    compute_infer: Total,
    compute_output: Total,
}

impl ShownModel {
    fn new(statistics: &Statistics, slot: &SlotName) -> Self {
        let counted = statistics.read(&slot.name);
        Self {
            name: slot.target.clone(),
            version: slot.version.to_string(),
            last_inference: counted.last,
            inference_count: counted.inferences,
            execution_count: counted.success.count,
            inference_stats: ShownStatistics {
                success: counted.success,
                fail: counted.fail,
                queue: counted.queue,
                compute_input: counted.input,
                compute_infer: counted.infer,
                compute_output: counted.output,
            },
            batch_stats: [],
        }
    }
}

/// `GET /v2/models/stats`.
pub(super) async fn of_all(State(state): State<AppState>) -> Response {
    let mut slots: Vec<_> = state.registry.iter().map(|(slot, _)| slot).collect();
    slots.sort_by(|a, b| (&a.target, a.version).cmp(&(&b.target, b.version)));
    let model_stats = slots
        .iter()
        .map(|slot| ShownModel::new(&state.statistics, slot))
        .collect();
    json(StatusCode::OK, &Shown { model_stats })
}

/// `GET /v2/models/{name}[/versions/{version}]/stats`: without a version, those of the one that would
/// answer.
pub(super) async fn of_model(
    State(state): State<AppState>,
    path: NamedPath,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let model_stats = vec![ShownModel::new(&state.statistics, &asked.slot)];
    Ok(json(StatusCode::OK, &Shown { model_stats }))
}
