use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{
    Alias, ChangeError, HoldOutResult, ModelInfo, Registry, Slice, SlotState,
};
use serde::Serialize;

use super::change::{Of, on_disk, parts};
use crate::error::ApiError;
use crate::json::json;
use crate::paths::version_text;
use crate::state::AppState;

/// How many revisions are listed, besides those that are served or have a name.
const MOST: usize = 100;

#[derive(Serialize)]
struct Models {
    models: Vec<OfModel>,
}

#[derive(Serialize)]
struct OfModel {
    model: String,
    target: String,
    version: String,
    #[serde(flatten)]
    state: SlotState,
}

/// `GET /admin/models`.
pub(super) async fn models(State(state): State<AppState>) -> Response {
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

#[derive(Serialize)]
struct Revisions {
    model: String,
    #[serde(flatten)]
    state: SlotState,
    kept: usize,
    revisions: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    revision: u64,
    served: bool,
    aliases: Vec<Alias>,
    #[serde(flatten)]
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
    engine_version: String,
}

/// `GET /admin/models/{model}/revisions`.
pub(super) async fn revisions(
    State(state): State<AppState>,
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
            engine_version: info.engine_version,
        }
    }
}
