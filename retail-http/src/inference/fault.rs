use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, one_of};
use crate::json::json;
use crate::openapi::{CONNECTION, Form, OWN, Responses, refusals_in};
use crate::paths::inference::PATHS;

/// Why a request of the protocol is refused: `{"error": "text"}`.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Something about models: there is no such one.
    NotFound(String),
    /// Something about the tensors of the request.
    Tensor(String),
    /// What other requests are refused for, too.
    Api(ApiError),
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Fault {
    /// A model, version or path that is not there.
    pub(super) fn not_found(what: &str, known: &[impl AsRef<str>], got: &str) -> Self {
        let known = one_of(known);
        Self::NotFound(format!("{what}: expected {known}, got {got}"))
    }

    pub(super) fn unknown_path(path: &str) -> Self {
        Self::not_found("path", &PATHS, path)
    }

    /// A tensor that is not what it should be.
    pub(super) fn tensor(name: &str, expected: impl AsRef<str>, got: impl AsRef<str>) -> Self {
        let (expected, got) = (expected.as_ref(), got.as_ref());
        Self::Tensor(format!("tensor {name:?}: expected {expected}, got {got}"))
    }
}

/// The answer to a request of the protocol that is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceError)]
pub(super) struct Body {
    /// The error in words.
    error: String,
}

/// The form of the protocol's errors.
const FORM: Form = Form {
    schema: "InferenceError",
    body: |error| serde_json::json!({ "error": error.into_message() }),
};

/// The answers to requests that are refused with these codes. Those that are refused before their paths are
/// looked at have the form of the engine's own API.
pub(super) fn refusals(codes: &[&[&str]]) -> Responses {
    refusals_in(
        &[&[CONNECTION], codes].concat(),
        |status, code| match CONNECTION.contains(&code) {
            true => (status, OWN),
            false => (own_status(status), FORM),
        },
    )
}

/// The protocol has one status for tensors that are wrong in any way.
fn own_status(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::NotFound(error) => (StatusCode::NOT_FOUND, error),
            Self::Tensor(error) => (StatusCode::BAD_REQUEST, error),
            Self::Api(error) => {
                return error.respond(|status, details| {
                    let error = details.into_message();
                    json(own_status(status), &Body { error })
                });
            }
        };
        json(status, &Body { error })
    }
}
