//! Models of the protocol: a target, and its versions as numbers.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{Registry, Served, SlotName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use super::fault::{Fault, refusals};
use crate::json::json;
use crate::openapi::Responses;
use crate::paths::inference as paths;
use crate::state::{AppState, Shared};

/// The variable parts of a path, by name: a prefix that an embedder adds may have its own.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    name: String,
    version: Option<String>,
}

pub(super) type NamedPath = Result<Path<Named>, PathRejection>;

/// A model that was asked for.
pub(super) struct Asked {
    pub(super) slot: Arc<SlotName>,
    pub(super) served: Option<Arc<Served>>,
    /// The other versions of the target too, in the order of their numbers.
    pub(super) versions: Vec<u32>,
}

impl Asked {
    /// Looks for the model of a path. Without a version, it is the newest one that is trained, or the
    /// newest one if none is.
    ///
    /// # Errors
    /// [`Fault::NotFound`], which says what there is.
    pub(super) fn find(registry: &Registry, path: NamedPath) -> Result<Self, Fault> {
        let Ok(Path(Named { name, version })) = path else {
            return Err(Fault::NotFound("path: expected text in UTF-8".to_owned()));
        };
        let (of_target, others): (Vec<_>, Vec<_>) =
            registry.iter().partition(|(slot, _)| slot.target == name);
        let mut of_target = of_target;
        of_target.sort_by_key(|(slot, _)| slot.version);
        let versions: Vec<u32> = of_target.iter().map(|(slot, _)| slot.version).collect();
        let found = match &version {
            None => {
                let trained = of_target.iter().rposition(|(_, served)| served.is_some());
                trained.or(of_target.len().checked_sub(1))
            }
            Some(asked) => versions
                .iter()
                .position(|known| known.to_string() == *asked),
        };
        if let Some(index) = found {
            let (slot, served) = of_target.swap_remove(index);
            return Ok(Self {
                slot,
                served,
                versions,
            });
        }
        match version {
            Some(asked) if !versions.is_empty() => {
                let known: Vec<String> = versions.iter().map(u32::to_string).collect();
                Err(Fault::not_found("version", &known, &asked))
            }
            _ => {
                let mut known: Vec<_> = others.iter().map(|(slot, _)| &*slot.target).collect();
                known.sort_unstable();
                known.dedup();
                Err(Fault::not_found("model", &known, &name))
            }
        }
    }

    /// What is served, or why nothing is.
    pub(super) fn served(&self, state: &AppState) -> Result<Arc<Served>, Fault> {
        let served = self.served.as_ref().map(Arc::clone);
        served.ok_or_else(|| state.not_trained(&self.slot).into())
    }
}

/// What requests about models are refused for.
pub(super) struct OfModel;

impl IntoResponses for OfModel {
    fn responses() -> Responses {
        refusals(&[UNKNOWN])
    }
}

/// What requests about models that have to be trained are refused for.
pub(super) struct OfTrained;

impl IntoResponses for OfTrained {
    fn responses() -> Responses {
        refusals(&[UNKNOWN, &["not_trained"]])
    }
}

/// That there is no such model.
pub(super) const UNKNOWN: &[&str] = &["unknown_path", "unknown_target", "unknown_version"];

/// Whether a model can be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceReady)]
pub(super) struct Ready<'a> {
    /// The target.
    name: &'a str,
    ready: bool,
}

/// `GET /v2/models/{name}/versions/{version}/ready`.
#[utoipa::path(
    get,
    path = paths::VERSION_READY,
    tag = "inference",
    operation_id = "inferenceVersionReady",
    summary = "Whether a version of a model can be asked",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
        ("version" = String, Path, description = "The number of a version.", example = "1"),
    ),
    responses(
        (
            status = 200, description = "It can.", body = Ready<'_>,
            example = json!({ "name": "total_amount", "ready": true }),
        ),
        (
            status = 503, description = "It is not trained yet.", body = Ready<'_>,
            example = json!({ "name": "total_amount", "ready": false }),
        ),
        OfModel,
    ),
)]
pub(super) async fn ready_of_version(
    state: State<Shared>,
    path: NamedPath,
) -> Result<Response, Fault> {
    ready(state, path).await
}

/// `GET /v2/models/{name}/ready`.
#[utoipa::path(
    get,
    path = paths::MODEL_READY,
    tag = "inference",
    operation_id = "inferenceModelReady",
    summary = "Whether a model can be asked",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
    ),
    responses(
        (
            status = 200, description = "It can.", body = Ready<'_>,
            example = json!({ "name": "total_amount", "ready": true }),
        ),
        (
            status = 503, description = "It is not trained yet.", body = Ready<'_>,
            example = json!({ "name": "total_amount", "ready": false }),
        ),
        OfModel,
    ),
)]
pub(super) async fn ready(State(state): State<Shared>, path: NamedPath) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let ready = asked.served.is_some();
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let name = &asked.slot.target;
    Ok(json(status, &Ready { name, ready }))
}
