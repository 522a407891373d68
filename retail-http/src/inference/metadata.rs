//! What a model takes and gives.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::label::Task;
use retail_core::registry::ModelInfo;
use serde::Serialize;

use super::answer::Output;
use super::fault::Fault;
use super::model::{Asked, NamedPath};
use crate::json::json;
use crate::state::AppState;

/// `GET /v2/models/{name}[/versions/{version}]`.
pub(super) async fn metadata(
    State(state): State<AppState>,
    path: NamedPath,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let served = asked.served(&state)?;
    let info = &served.artefact.info;
    let input = |name| Tensor {
        name,
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

fn outputs(info: &ModelInfo, target: &str) -> Vec<Tensor<String>> {
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

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    versions: Vec<String>,
    platform: String,
    inputs: Vec<Tensor<&'a str>>,
    outputs: Vec<Tensor<String>>,
}

/// A tensor of any number of rows, -1.
#[derive(Serialize)]
struct Tensor<N> {
    name: N,
    datatype: &'static str,
    shape: Vec<i64>,
}
