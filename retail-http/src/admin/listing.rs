use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::evaluate::Metrics;
use retail_core::registry::{
    Alias, ChangeError, HoldOutResult, ModelInfo, Registry, Slice, SlotState,
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::change::{Of, on_disk, parts};
use crate::error::ApiError;
use crate::json::json;
use crate::openapi::engine::{SliceShape, StateShape};
use crate::openapi::measures::{HoldOutShape, MetricsShape};
use crate::openapi::{CONNECTION, Responses, refusals};
use crate::paths::{admin as paths, version_text};
use crate::state::Shared;

/// How many revisions are listed, besides those that are served or have a name.
const MOST: usize = 100;

/// Which revision of each model is served, whether it is pinned, and which have a name.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminModels)]
pub(super) struct Models {
    models: Vec<OfModel>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AdminModel)]
struct OfModel {
    /// The slot.
    model: String,
    target: String,
    version: String,
    #[serde(flatten)]
    #[schema(value_type = StateShape)]
    state: SlotState,
}

/// `GET /admin/models`.
#[utoipa::path(
    get,
    path = paths::MODELS,
    operation_id = "adminModels",
    summary = "Which revision of each model is served",
    responses(
        (
            status = 200, description = "All models, trained or not.", body = Models,
            example = json!({ "models": [{
                "model": "linear_model_1", "target": "total_amount", "version": "v1",
                "revision": 5, "pinned": false, "aliases": {"champion": 3},
            }]}),
        ),
        Unlisted,
    ),
)]
pub(super) async fn models(State(state): State<Shared>) -> Response {
    let slots = state.registry.iter();
    let models = slots.map(|(slot, _)| OfModel {
        // A slot is never taken away.
        state: state.registry.state(&slot.name).unwrap_or_default(),
        model: slot.name.clone(),
        target: slot.target.clone(),
        version: version_text(slot.version),
    });
    let models = models.collect();
    json(StatusCode::OK, &Models { models })
}

/// The revisions of a model that are on disk.
#[derive(Serialize, ToSchema)]
pub(super) struct Revisions {
    /// The slot.
    model: String,
    #[serde(flatten)]
    #[schema(value_type = StateShape)]
    state: SlotState,
    /// How many there are.
    kept: usize,
    /// The newest first: up to 100 besides those that are served or have an alias.
    revisions: Vec<Listed>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Revision)]
struct Listed {
    revision: u64,
    /// Whether it is being served.
    served: bool,
    /// Its names.
    #[schema(value_type = Vec<String>)]
    aliases: Vec<Alias>,
    #[serde(flatten)]
    #[schema(value_type = Contents)]
    what: What,
}

/// What a revision is, or why it cannot be served.
#[derive(Serialize)]
#[serde(untagged)]
enum What {
    Sound(Box<Sound>),
    Damaged { damaged: String },
}

#[derive(Serialize)]
struct Sound {
    trainer: String,
    hyper_parameters: serde_json::Value,
    seed: Option<u64>,
    slice: Slice,
    holdout: HoldOutResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Metrics>,
    engine_version: String,
}

/// What a revision is; of a damaged one only `damaged`.
#[derive(ToSchema)]
#[schema(as = RevisionContents)]
#[expect(dead_code, reason = "it is read for its schema only")]
struct Contents {
    /// The algorithm that trained it.
    #[schema(nullable = false)]
    trainer: Option<String>,
    hyper_parameters: Option<serde_json::Value>,
    /// The seed of the training, if anything was drawn at random.
    seed: Option<u64>,
    #[schema(nullable = false)]
    slice: Option<SliceShape>,
    #[schema(nullable = false)]
    holdout: Option<HoldOutShape>,
    /// How good the naive prediction is on the same rows.
    #[schema(nullable = false)]
    baseline: Option<MetricsShape>,
    #[schema(nullable = false)]
    engine_version: Option<String>,
    /// Why it cannot be served.
    #[schema(nullable = false)]
    damaged: Option<String>,
}

struct Unlisted;

impl IntoResponses for Unlisted {
    fn responses() -> Responses {
        refusals(&[CONNECTION, &["unauthorized"]])
    }
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        let own = &[
            "unauthorized",
            "unknown_path",
            "unknown_model",
            "storage_failed",
        ];
        refusals(&[CONNECTION, own])
    }
}

/// `GET /admin/models/{model}/revisions`.
#[utoipa::path(
    get,
    path = paths::REVISIONS,
    operation_id = "adminRevisions",
    summary = "The revisions of a model on disk",
    params(Of),
    responses(
        (
            status = 200, description = "The newest first.", body = Revisions,
            example = json!({
                "model": "linear_model_1", "revision": 5, "pinned": false, "aliases": {"champion": 4}, "kept": 2,
                "revisions": [
                    {
                        "revision": 5, "served": true, "aliases": [], "trainer": "linear",
                        "hyper_parameters": {}, "seed": null,
                        "slice": {
                            "window": "first 1/3 of the rows", "closed": true, "rows": 266, "first_row": 0,
                            "end_row": 266, "from": {"0": 0}, "to": {"0": 1000},
                            "stream_time": ["2010-12-01 08:26:00", "2010-12-01 08:27:00"],
                        },
                        "holdout": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 54},
                        "baseline": {"rmse": 86.25, "mae": 31.5, "r2": -0.25, "rows": 54},
                        "engine_version": "0.1.0",
                    },
                    {
                        "revision": 4, "served": false, "aliases": ["champion"],
                        "damaged": "models/linear_model_1/revision_4.json is damaged: its checksum is another one",
                    },
                ],
            }),
        ),
        Refused,
    ),
)]
pub(super) async fn revisions(
    State(state): State<Shared>,
    path: Result<Path<Of>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    let listed = on_disk(&state, move |registry| list(registry, model)).await?;
    Ok(json(StatusCode::OK, &listed))
}

fn list(registry: &Registry, model: String) -> Result<Revisions, ChangeError> {
    let state = registry.state(&model)?;
    let kept = registry.revisions(&model)?;
    let newest = kept.iter().rev().take(MOST).copied();
    let named = state.aliases.values().copied().chain(state.revision);
    let wanted: BTreeSet<u64> = newest.chain(named).collect();
    let mut revisions = Vec::new();
    for &revision in wanted.iter().rev() {
        let what = match registry.load(&model, revision) {
            Ok(loaded) => What::Sound(Box::new(loaded.artefact.info.clone().into())),
            // One too many by now.
            Err(ChangeError::UnknownRevision { .. }) => continue,
            Err(error) => What::Damaged {
                damaged: error.to_string(),
            },
        };
        let aliases = state
            .aliases
            .iter()
            .filter(|(_, named)| **named == revision);
        revisions.push(Listed {
            revision,
            served: state.revision == Some(revision),
            aliases: aliases.map(|(&alias, _)| alias).collect(),
            what,
        });
    }
    Ok(Revisions {
        model,
        state,
        kept: kept.len(),
        revisions,
    })
}

impl From<ModelInfo> for Sound {
    fn from(info: ModelInfo) -> Self {
        Self {
            trainer: info.trainer,
            hyper_parameters: info.hyper_parameters,
            seed: info.seed,
            slice: info.slice,
            holdout: info.holdout,
            baseline: info.baseline,
            engine_version: info.engine_version,
        }
    }
}
