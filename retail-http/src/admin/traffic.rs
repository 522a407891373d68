use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{ChangeError, Registry, SlotName};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::change::{Of, Parts, on_disk, parts};
use super::description::FIELDS;
use super::fields::Fields;
use super::plan::Planned;
use crate::error::{AdminError, ApiError};
use crate::json::json;
use crate::openapi::{BODY, CONNECTION, Responses, refusals};
use crate::paths::admin as paths;
use crate::state::{AppState, Shared};
use crate::traffic::{Contender, Plan, Taken, Tally};

/// Who answers the requests to a model besides it, and what came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Traffic)]
struct Shown {
    /// The slot.
    model: String,
    /// Whether anybody else answers now.
    active: bool,
    /// Whether this survives a restart.
    saved: bool,
    /// Why nothing is known of the plan that was saved: its file is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    split: Option<ShownSplit>,
    shadows: Vec<ShownShadow>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Split)]
struct ShownSplit {
    to: Answering,
    share: f64,
    header: String,
    requests: Taken,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Shadow)]
struct ShownShadow {
    of: Answering,
    #[serde(flatten)]
    tally: Tally,
}

/// Who answers now.
#[derive(Serialize, ToSchema)]
#[schema(as = Answering)]
struct Answering {
    /// As it was asked for: `revision 3`, `candidate` or `v2`.
    who: String,
    /// The slot; none if nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<String>,
    /// None if nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revision: Option<u64>,
    /// Why nobody answers: the revision is gone, the alias names none, or the version is not trained. The model
    /// answers then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
}

impl Shown {
    fn of(state: &AppState, model: String) -> Self {
        let registry = &state.registry;
        let plan = state.traffic.plan(&model);
        let split = plan.as_ref().and_then(|plan| plan.split.as_ref());
        let shadows = plan.iter().flat_map(|plan| &plan.shadows);
        let mut contenders = plan.iter().flat_map(|plan| plan.contenders());
        let active = contenders.any(|contender| contender.answering(registry).is_ok());
        Self {
            split: split.map(|split| ShownSplit {
                to: Answering::of(registry, &split.to),
                share: split.share,
                header: split.header.as_str().to_owned(),
                requests: split.counts(),
            }),
            shadows: shadows
                .map(|shadow| ShownShadow {
                    of: Answering::of(registry, &shadow.of),
                    tally: shadow.tally(),
                })
                .collect(),
            active,
            saved: plan.as_ref().is_none_or(|plan| plan.saved),
            problem: plan.as_ref().and_then(|plan| plan.damage.clone()),
            model,
        }
    }
}

impl Answering {
    fn of(registry: &Registry, contender: &Contender) -> Self {
        let (answering, problem) = match contender.answering(registry) {
            Ok(answering) => (Some(answering), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            who: contender.who.to_string(),
            model: answering.as_ref().map(|(slot, _)| slot.name.clone()),
            revision: answering.map(|(_, served)| served.revision),
            problem,
        }
    }
}

struct Unshown;

impl IntoResponses for Unshown {
    fn responses() -> Responses {
        refusals(&[
            CONNECTION,
            &["unauthorized", "unknown_path", "unknown_model"],
        ])
    }
}

struct Unplanned;

impl IntoResponses for Unplanned {
    fn responses() -> Responses {
        let own = [
            "unknown_path",
            "unknown_model",
            "unknown_version",
            "unknown_revision",
            "unset_alias",
            "not_trained",
            "other_features",
            "malformed_json",
            "out_of_range",
            "damaged",
            "storage_failed",
        ];
        refusals(&[CONNECTION, BODY, FIELDS, &own])
    }
}

struct Unended;

impl IntoResponses for Unended {
    fn responses() -> Responses {
        let own = ["unknown_path", "unknown_model", "storage_failed"];
        refusals(&[CONNECTION, BODY, FIELDS, &own])
    }
}

/// `GET /admin/models/{model}/traffic`.
#[utoipa::path(
    get,
    path = paths::TRAFFIC,
    operation_id = "traffic",
    summary = "Who answers besides the model, and what came of it",
    params(Of),
    responses(
        (
            status = 200, description = "The plan, and counts since it was made.", body = Shown,
            example = json!({"model": "linear_model_1", "active": false, "saved": true, "shadows": []}),
        ),
        Unshown,
    ),
)]
pub(super) async fn show(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    slot(&state, &model)?;
    Ok(json(StatusCode::OK, &Shown::of(&state, model)))
}

/// `PUT /admin/models/{model}/traffic`.
#[utoipa::path(
    put,
    path = paths::TRAFFIC,
    operation_id = "setTraffic",
    summary = "Let others answer besides the model",
    description = "Replaces what was planned before. Counts begin at 0. With neither, the model alone answers.",
    params(Of),
    request_body(
        content = Planned, description = "A split, shadows, or both.",
        example = json!({
            "split": {"to": {"revision": 1}, "share": 0.1, "header": "x-customer-id"},
            "shadows": [{"version": "v2"}],
        }),
    ),
    responses(
        (
            status = 200, description = "The plan.", body = Shown,
            example = json!({
                "model": "linear_model_1", "active": true, "saved": true,
                "split": {
                    "to": {"who": "revision 1", "model": "linear_model_1", "revision": 1},
                    "share": 0.1, "header": "x-customer-id",
                    "requests": {"taken": 0, "left": 0, "without_key": 0, "without_other": 0},
                },
                "shadows": [{
                    "of": {"who": "v2", "model": "linear_model_2", "revision": 1},
                    "rows": 0, "different": 0, "mean_difference": 0.0, "largest_difference": 0.0,
                    "skipped": 0, "failed": 0,
                }],
            }),
        ),
        Unplanned,
    ),
)]
pub(super) async fn set(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    let expected = "an object with a split, shadows or both";
    let planned: Planned = Fields::read(&state, request, expected).await?;
    let slot = slot(&state, &model)?;
    let traffic = Arc::clone(&state.traffic);
    let carried_out = on_disk(&state, move |registry| {
        match planned.plan(registry, &slot)? {
            Ok(plan) => traffic.set(registry, &slot.name, plan).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    });
    carried_out.await??;
    Ok(json(StatusCode::OK, &Shown::of(&state, model)))
}

/// `DELETE /admin/models/{model}/traffic`.
#[utoipa::path(
    delete,
    path = paths::TRAFFIC,
    operation_id = "endTraffic",
    summary = "Let the model alone answer",
    params(Of),
    responses(
        (
            status = 200, description = "That nobody else answers.", body = Shown,
            example = json!({"model": "linear_model_1", "active": false, "saved": true, "shadows": []}),
        ),
        Unended,
    ),
)]
pub(super) async fn end(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    Fields::none(&state, request).await?;
    let slot = slot(&state, &model)?;
    let traffic = Arc::clone(&state.traffic);
    let nobody = Plan::new(None, Vec::new());
    on_disk(&state, move |registry| {
        traffic.set(registry, &slot.name, nobody)
    })
    .await?;
    Ok(json(StatusCode::OK, &Shown::of(&state, model)))
}

/// The slot of this name.
fn slot(state: &AppState, name: &str) -> Result<Arc<SlotName>, ApiError> {
    let slots: Vec<Arc<SlotName>> = state.registry.iter().map(|(slot, _)| slot).collect();
    let found = slots.iter().find(|slot| slot.name == name).cloned();
    found.ok_or_else(|| {
        ApiError::Admin(AdminError::Change(ChangeError::UnknownModel {
            name: name.to_owned(),
            known: slots.iter().map(|slot| slot.name.clone()).collect(),
        }))
    })
}
