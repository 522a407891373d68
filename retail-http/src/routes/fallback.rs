use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::inference;
use crate::paths::inference::SERVER;

/// Answers every path that is not one of the API, in the form of the API that it may be meant for.
pub(crate) async fn unknown_path(uri: Uri) -> Response {
    let path = uri.path().to_owned();
    let is_protocol = path.strip_prefix(SERVER);
    if is_protocol.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return inference::unknown_path(&path).into_response();
    }
    ApiError::UnknownPath { path }.into_response()
}

/// Answers every method that a path does not take; the router adds the `Allow` header.
pub(crate) async fn method_not_allowed(method: Method) -> ApiError {
    let method = method.to_string();
    ApiError::MethodNotAllowed { method }
}
