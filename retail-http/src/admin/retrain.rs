use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::RetrainHandle;
use retail_core::registry::ChangeError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::description::{FIELDS, Which};
use super::fields::Fields;
use crate::error::{AdminError, ApiError};
use crate::json::json;
use crate::openapi::{BODY, CONNECTION, Responses, refusals};
use crate::paths::admin as paths;
use crate::state::Shared;

/// The models that will be trained.
#[derive(Serialize, ToSchema)]
#[schema(as = RetrainAccepted)]
pub(super) struct Accepted<'a> {
    models: &'a [String],
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, BODY, FIELDS, &["unknown_model", "no_engine"]])
    }
}

/// `POST /admin/retrain`.
#[utoipa::path(
    post,
    path = paths::RETRAIN,
    operation_id = "retrain",
    summary = "Train on the batches saved so far",
    description = "Asks the engine to train one model, or without a body all, without waiting for a batch.",
    request_body(
        content = Which, description = "Which model; all if there is none.",
        example = json!({ "model": "linear_model_1" }),
    ),
    responses(
        (
            status = 202, description = "The engine will train these.", body = Accepted<'_>,
            example = json!({ "models": ["linear_model_1"] }),
        ),
        Refused,
    ),
)]
pub(super) async fn retrain(
    State(state): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    let fields = Fields::of_model(&state, request).await?;
    let model = fields.model()?;
    let handle = state.admin.as_ref().and_then(|admin| admin.retrain.clone());
    let handle = handle.ok_or(ApiError::Admin(AdminError::NoEngine))?;
    match model {
        None => {
            handle.retrain_all();
            Ok(accepted(handle.models()))
        }
        Some(model) if handle.retrain(&model) => Ok(accepted(&[model])),
        Some(model) => Err(unknown(&handle, model)),
    }
}

fn accepted(models: &[String]) -> Response {
    json(StatusCode::ACCEPTED, &Accepted { models })
}

fn unknown(handle: &RetrainHandle, name: String) -> ApiError {
    let known = handle.models().to_vec();
    ApiError::Admin(AdminError::Change(ChangeError::UnknownModel {
        name,
        known,
    }))
}
