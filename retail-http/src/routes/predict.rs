use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use retail_core::registry::{Registry, Served, SlotName};
use serde::Deserialize;
use utoipa::IntoResponses;

use crate::answer::Answers;
use crate::error::{ApiError, one_of};
use crate::features::Given;
use crate::openapi::{BODY, CONNECTION, ROWS, Responses, refusals};
use crate::parse::Accepts;
use crate::paths::{PREDICT, version_of, version_text};
use crate::predict::Predicted;
use crate::query::Extras;
use crate::request_id::RequestId;
use crate::state::{AppState, Shared};
use crate::{body, request_id, work};

/// The variable parts of the path, by name: a prefix that an embedder adds may have its own.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    target: String,
    version: String,
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        let own = &[
            "empty_array",
            "no_explanation",
            "no_interval",
            "too_much_to_explain",
            "too_many_rows",
            "unknown_path",
            "unknown_target",
            "unknown_version",
        ];
        refusals(&[CONNECTION, BODY, ROWS, own])
    }
}

/// `POST /predict/{target}/{version}`.
#[utoipa::path(
    post,
    path = PREDICT,
    tag = "predictions",
    operation_id = "predict",
    summary = "Predict",
    description = "Asks one model about one row, or about an array of rows, which is answered by an array in \
                   the same order. Keys that the model does not use are passed over; features that are left \
                   out are computed from the fields of the sale.",
    params(
        ("target" = String, Path, description = "What is predicted.", example = "total_amount"),
        ("version" = String, Path, description = "The version of the model.", example = "v1"),
        (
            "interval" = Option<f64>, Query, nullable = false, exclusive_minimum = 0, exclusive_maximum = 1,
            description = "Say also where the target lies with this probability.", example = 0.9,
        ),
        (
            "explain" = Option<bool>, Query, nullable = false,
            description = "Say also what each feature contributes.", example = true,
        ),
    ),
    request_body(content = Object, description = "One row, or an array of rows."),
    responses((status = 200, description = "What the model says.", body = Object), Refused),
)]
pub(crate) async fn predict(
    State(state): State<Shared>,
    path: Result<Path<Model>, PathRejection>,
    RawQuery(asked): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let Ok(Path(model)) = path else {
        let path = request.uri().path().to_owned();
        return Err(ApiError::UnknownPath { path });
    };
    let slot = find(&state.registry, &model)?;
    let extras = Extras::read(asked.as_deref())?;
    let id = request_id::of(&request);
    let chosen = state
        .traffic
        .choose(&state.registry, &slot, request.headers());
    let body = body::receive(request, &state.limits).await?;
    let asked = Arc::clone(&slot);
    let (slot, served) = match chosen {
        Some(chosen) => chosen,
        None => match state.registry.get(&slot.name) {
            Some(served) => (slot, served),
            None => return Err(state.not_trained(&slot)),
        },
    };
    let steps = work::steps_per_row([served.artefact.model.as_ref()], extras);
    let asking = Asking {
        id,
        asked,
        slot,
        served,
        extras,
    };
    let shared = Arc::clone(&state);
    work::run(&state, body, steps, move |body| {
        answer(&shared, asking, body)
    })
    .await
}

/// A request, and who answers it.
struct Asking {
    id: Option<RequestId>,
    /// The model that was asked.
    asked: Arc<SlotName>,
    /// The one that answers.
    slot: Arc<SlotName>,
    served: Arc<Served>,
    extras: Extras,
}

fn answer(state: &AppState, asking: Asking, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let Asking {
        id,
        asked,
        slot,
        served,
        extras,
    } = asking;
    let max_rows = state.limits.max_rows;
    let columns = [state.extractors.columns(&served.artefact.info.features)];
    let given = Given::read(body, &columns, Accepts::rows(max_rows))?;
    let is_array = given.is_array();
    let features = given.matrices(&columns)?.pop().unwrap_or_default();
    let predicted = Predicted::new(slot, Arc::clone(&served), features, extras)?;
    state.remember(id.as_ref(), [&predicted]);
    state.shadow(&asked, &predicted);
    let answers = Answers::new(&predicted)?;
    match is_array {
        true => answers.array(),
        false => answers.first(),
    }
}

fn find(registry: &Registry, model: &Model) -> Result<Arc<SlotName>, ApiError> {
    let version = version_of(&model.version);
    let slot = version.and_then(|version| registry.find_slot(&model.target, version));
    slot.ok_or_else(|| unknown(registry, model))
}

/// Why there is no such model.
fn unknown(registry: &Registry, model: &Model) -> ApiError {
    let slots: Vec<Arc<SlotName>> = registry.iter().map(|(slot, _)| slot).collect();
    if slots.is_empty() {
        return ApiError::NothingTrained;
    }
    let of_target = slots.iter().filter(|slot| slot.target == model.target);
    let mut of_target: Vec<&Arc<SlotName>> = of_target.collect();
    if of_target.is_empty() {
        let mut targets: Vec<&str> = slots.iter().map(|slot| slot.target.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        return ApiError::UnknownTarget {
            target: model.target.clone(),
            known: one_of(&targets),
        };
    }
    // By number, not by text: v10 comes after v9.
    of_target.sort_by_key(|slot| slot.version);
    let known: Vec<String> = of_target
        .iter()
        .map(|slot| version_text(slot.version))
        .collect();
    ApiError::UnknownVersion {
        version: model.version.clone(),
        known: one_of(&known),
    }
}
