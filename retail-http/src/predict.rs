use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{Registry, Served, SlotName};
use serde::Deserialize;

use crate::answer::{Answers, json, version_text};
use crate::error::{ApiError, one_of};
use crate::parse::Accepts;
use crate::request::Features;
use crate::state::AppState;
use crate::{body, work};

/// The variable parts of the path, by name: a prefix that an embedder adds may have its own.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    target: String,
    version: String,
}

/// `POST /predict/{target}/{version}`.
pub(crate) async fn predict(
    State(state): State<AppState>,
    path: Result<Path<Model>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Ok(Path(model)) = path else {
        let path = request.uri().path().to_owned();
        return Err(ApiError::UnknownPath { path });
    };
    let slot = find(&state.registry, &model)?;
    let body = body::receive(request, &state.limits).await?;
    let Some(served) = state.registry.get(&slot.name) else {
        return Err(state.not_trained(&slot));
    };
    let max_rows = state.limits.max_rows;
    work::run(&state, body.len(), move || {
        answer(slot, &served, &body, max_rows)
    })
    .await
}

fn answer(
    slot: SlotName,
    served: &Arc<Served>,
    body: &[u8],
    max_rows: usize,
) -> Result<Response, ApiError> {
    let schema = &served.artefact.info.features;
    let given = Features::read(body, [schema], Accepts::ObjectOrArray { max_rows })?;
    let answers = Answers::predict(slot, Arc::clone(served), &given)?;
    if given.is_array() {
        Ok(json(StatusCode::OK, &answers))
    } else {
        Ok(json(StatusCode::OK, &answers.iter().next()))
    }
}

fn find(registry: &Registry, model: &Model) -> Result<SlotName, ApiError> {
    let mut versions: Vec<u32> = registry
        .iter()
        .map(|(slot, _)| slot)
        .filter(|slot| slot.target == model.target)
        .map(|slot| slot.version)
        .collect();
    versions.sort_unstable();
    if versions.is_empty() {
        let mut targets: Vec<&str> = registry
            .iter()
            .map(|(slot, _)| slot.target.as_str())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        return Err(ApiError::UnknownTarget {
            target: model.target.clone(),
            known: one_of(&targets),
        });
    }
    versions
        .iter()
        .find(|&&version| version_text(version) == model.version)
        .and_then(|&version| registry.slot(&model.target, version))
        .cloned()
        .ok_or_else(|| {
            let known: Vec<String> = versions.iter().map(|&v| version_text(v)).collect();
            ApiError::UnknownVersion {
                version: model.version.clone(),
                known: one_of(&known),
            }
        })
}
