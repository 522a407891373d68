use axum::http::{Method, Uri};

use crate::error::ApiError;

/// Answers every path that is not one of the API.
pub(crate) async fn unknown_path(uri: Uri) -> ApiError {
    let path = uri.path().to_owned();
    ApiError::UnknownPath { path }
}

/// Answers every method that a path does not take; the router adds the `Allow` header.
pub(crate) async fn method_not_allowed(method: Method) -> ApiError {
    let method = method.to_string();
    ApiError::MethodNotAllowed { method }
}
