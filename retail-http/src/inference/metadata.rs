//! What a model takes and gives.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::label::Task;
use retail_core::registry::ModelInfo;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Output;
use super::fault::Fault;
use super::model::{Asked, NamedPath, OfTrained};
use crate::json::json;
use crate::paths::inference as paths;
use crate::state::Shared;

/// `GET /v2/models/{name}/versions/{version}`.
#[utoipa::path(
    get,
    path = paths::VERSION,
    tag = "inference",
    operation_id = "inferenceVersion",
    summary = "The tensors that a version of a model takes and gives",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
        ("version" = String, Path, description = "The number of a version.", example = "1"),
    ),
    responses(
        (
            status = 200, description = "Its tensors.", body = Metadata<'_>,
            example = json!({
                "name": "total_amount", "versions": ["1", "2", "3"], "platform": "retail-analytics_linear",
                "inputs": [{ "name": "quantity", "datatype": "FP64", "shape": [-1] }],
                "outputs": [{ "name": "prediction", "datatype": "FP64", "shape": [-1] }],
            }),
        ),
        OfTrained,
    ),
)]
pub(super) async fn metadata_of_version(
    state: State<Shared>,
    path: NamedPath,
) -> Result<Response, Fault> {
    metadata(state, path).await
}

/// `GET /v2/models/{name}`.
#[utoipa::path(
    get,
    path = paths::MODEL,
    tag = "inference",
    operation_id = "inferenceModel",
    summary = "The tensors that a model takes and gives",
    description = "Those of its newest version that is trained.",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
    ),
    responses(
        (
            status = 200, description = "Its tensors.", body = Metadata<'_>,
            example = json!({
                "name": "total_amount", "versions": ["1", "2", "3"], "platform": "retail-analytics_linear",
                "inputs": [{ "name": "quantity", "datatype": "FP64", "shape": [-1] }],
                "outputs": [{ "name": "prediction", "datatype": "FP64", "shape": [-1] }],
            }),
        ),
        OfTrained,
    ),
)]
pub(super) async fn metadata(
    State(state): State<Shared>,
    path: NamedPath,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let served = asked.served(&state)?;
    let info = &served.artefact.info;
    let input = |name: &str| Tensor {
        name: name.to_owned(),
        datatype: "FP64",
        shape: vec![-1],
    };
    let metadata = Metadata {
        name: &asked.slot.target,
        versions: asked.versions.iter().map(u32::to_string).collect(),
        platform: format!("retail-analytics_{}", info.trainer),
        inputs: info.features.names().map(input).collect(),
        outputs: outputs(info, &asked.slot.target),
    };
    Ok(json(StatusCode::OK, &metadata))
}

fn outputs(info: &ModelInfo, target: &str) -> Vec<Tensor> {
    let all = Output::all(&info.task);
    all.iter()
        .map(|output| Tensor {
            name: output.name(target),
            datatype: output.datatype(),
            shape: match (output, &info.task) {
                (Output::Probabilities, Task::Multiclass { classes }) => {
                    vec![-1, i64::try_from(classes.len()).unwrap_or(i64::MAX)]
                }
                _ => vec![-1],
            },
        })
        .collect()
}

/// What a model takes and gives.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceModel)]
pub(super) struct Metadata<'a> {
    /// The target.
    name: &'a str,
    versions: Vec<String>,
    /// What it was trained by.
    platform: String,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

/// A tensor of any number of rows, -1.
#[derive(Serialize, ToSchema)]
#[schema(as = TensorMetadata)]
struct Tensor {
    name: String,
    datatype: &'static str,
    shape: Vec<i64>,
}
