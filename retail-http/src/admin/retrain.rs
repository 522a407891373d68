use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::RetrainHandle;
use retail_core::registry::ChangeError;
use serde::Serialize;

use super::fields::Fields;
use crate::error::{AdminError, ApiError};
use crate::json::json;
use crate::state::AppState;

#[derive(Serialize)]
struct Accepted<'a> {
    models: &'a [String],
}

/// `POST /admin/retrain`.
pub(super) async fn retrain(
    State(state): State<AppState>,
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
