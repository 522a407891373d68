//! Triton's counts of what models were asked, an extension of the protocol.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::SlotName;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::model::{Asked, NamedPath, OfModel};
use crate::json::json;
use crate::openapi::Unheard;
use crate::paths::inference as paths;
use crate::state::Shared;
use crate::statistics::{Statistics, Total};

/// What models were asked since the start, by this protocol.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceStatistics)]
pub(super) struct Shown {
    model_stats: Vec<ShownModel>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ModelStatistics)]
struct ShownModel {
    /// The target.
    name: String,
    version: String,
    /// When the last answer was made, in milliseconds since 1970; 0 before.
    last_inference: u64,
    /// Rows answered.
    inference_count: u64,
    /// Requests answered.
    execution_count: u64,
    inference_stats: ShownStatistics,
    /// Always empty.
    #[schema(value_type = Vec<Value>)]
    batch_stats: [(); 0],
}

/// Requests and how long their parts took.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestStatistics)]
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
#[utoipa::path(
    get,
    path = paths::ALL_STATS,
    tag = "inference",
    operation_id = "inferenceStatistics",
    summary = "How often all models were asked, and how long that took",
    description = "An extension that Triton has.",
    responses(
        (
            status = 200, description = "The counts of all models.", body = Shown,
            example = json!({ "model_stats": [{
                "name": "total_amount", "version": "1", "last_inference": 1_300_000_000_000_u64,
                "inference_count": 2, "execution_count": 1, "batch_stats": [],
                "inference_stats": {
                    "success": {"count": 1, "ns": 90_000}, "fail": {"count": 0, "ns": 0},
                    "queue": {"count": 1, "ns": 10_000}, "compute_input": {"count": 1, "ns": 40_000},
                    "compute_infer": {"count": 1, "ns": 20_000}, "compute_output": {"count": 1, "ns": 20_000},
                },
            }]}),
        ),
        Unheard,
    ),
)]
pub(super) async fn of_all(State(state): State<Shared>) -> Response {
    let mut slots: Vec<_> = state.registry.iter().map(|(slot, _)| slot).collect();
    slots.sort_by(|a, b| (&a.target, a.version).cmp(&(&b.target, b.version)));
    let model_stats = slots
        .iter()
        .map(|slot| ShownModel::new(&state.statistics, slot))
        .collect();
    json(StatusCode::OK, &Shown { model_stats })
}

/// `GET /v2/models/{name}/versions/{version}/stats`.
#[utoipa::path(
    get,
    path = paths::VERSION_STATS,
    tag = "inference",
    operation_id = "inferenceVersionStatistics",
    summary = "How often a version of a model was asked",
    description = "An extension that Triton has.",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
        ("version" = String, Path, description = "The number of a version.", example = "1"),
    ),
    responses(
        (
            status = 200, description = "Its counts.", body = Shown,
            example = json!({ "model_stats": [{
                "name": "total_amount", "version": "1", "last_inference": 1_300_000_000_000_u64,
                "inference_count": 2, "execution_count": 1, "batch_stats": [],
                "inference_stats": {
                    "success": {"count": 1, "ns": 90_000}, "fail": {"count": 0, "ns": 0},
                    "queue": {"count": 1, "ns": 10_000}, "compute_input": {"count": 1, "ns": 40_000},
                    "compute_infer": {"count": 1, "ns": 20_000}, "compute_output": {"count": 1, "ns": 20_000},
                },
            }]}),
        ),
        OfModel,
    ),
)]
pub(super) async fn of_version(state: State<Shared>, path: NamedPath) -> Result<Response, Fault> {
    of_model(state, path).await
}

/// `GET /v2/models/{name}/stats`: those of the version that would answer.
#[utoipa::path(
    get,
    path = paths::MODEL_STATS,
    tag = "inference",
    operation_id = "inferenceModelStatistics",
    summary = "How often a model was asked",
    description = "Of the version that would answer. An extension that Triton has.",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
    ),
    responses(
        (
            status = 200, description = "Its counts.", body = Shown,
            example = json!({ "model_stats": [{
                "name": "total_amount", "version": "1", "last_inference": 1_300_000_000_000_u64,
                "inference_count": 2, "execution_count": 1, "batch_stats": [],
                "inference_stats": {
                    "success": {"count": 1, "ns": 90_000}, "fail": {"count": 0, "ns": 0},
                    "queue": {"count": 1, "ns": 10_000}, "compute_input": {"count": 1, "ns": 40_000},
                    "compute_infer": {"count": 1, "ns": 20_000}, "compute_output": {"count": 1, "ns": 20_000},
                },
            }]}),
        ),
        OfModel,
    ),
)]
pub(super) async fn of_model(
    State(state): State<Shared>,
    path: NamedPath,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let model_stats = vec![ShownModel::new(&state.statistics, &asked.slot)];
    Ok(json(StatusCode::OK, &Shown { model_stats }))
}
