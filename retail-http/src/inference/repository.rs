//! Triton's list of models, an extension of the protocol.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use super::fault::{Fault, refusals};
use super::request::read;
use crate::body;
use crate::json::json;
use crate::openapi::{BODY, Responses};
use crate::paths::inference as paths;
use crate::state::Shared;

/// Which models are wanted.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WantedModels)]
pub(super) struct Wanted {
    /// Whether to leave out those that cannot be asked.
    #[serde(default)]
    ready: bool,
}

/// A version of a model, and whether it can be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = IndexedModel)]
pub(super) struct Listed<'a> {
    /// The target.
    name: &'a str,
    version: String,
    /// `READY` or `UNAVAILABLE`.
    state: &'static str,
    /// Why it cannot be asked; empty if it can.
    reason: String,
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[BODY])
    }
}

/// `POST /v2/repository/index`.
#[utoipa::path(
    post,
    path = paths::INDEX,
    tag = "inference",
    operation_id = "inferenceIndex",
    summary = "All models, and whether they can be asked",
    description = "An extension that Triton has. Without a body all models are listed.",
    request_body(content = Wanted, description = "Which are wanted.", example = json!({ "ready": true })),
    responses(
        (
            status = 200, description = "The models.", body = Vec<Listed<'_>>,
            example = json!([{ "name": "total_amount", "version": "1", "state": "READY", "reason": "" }]),
        ),
        Refused,
    ),
)]
pub(super) async fn index(
    State(state): State<Shared>,
    request: Request,
) -> Result<Response, Fault> {
    let body = body::receive(request, &state.limits).await?.decoded()?;
    let wanted: Wanted = match body.is_empty() {
        true => Wanted::default(),
        false => read(&body)?,
    };
    let slots: Vec<_> = state.registry.iter().collect();
    let mut listed: Vec<Listed<'_>> = slots
        .iter()
        .filter(|(_, served)| served.is_some() || !wanted.ready)
        .map(|(slot, served)| Listed {
            name: &slot.target,
            version: slot.version.to_string(),
            state: match served {
                Some(_) => "READY",
                None => "UNAVAILABLE",
            },
            reason: match served {
                Some(_) => String::new(),
                None => state.reason(&slot.name).unwrap_or("not trained yet".into()),
            },
        })
        .collect();
    listed.sort_by_key(|model| (model.name, model.version.len(), model.version.clone()));
    Ok(json(StatusCode::OK, &listed))
}
