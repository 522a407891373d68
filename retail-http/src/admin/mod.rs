//! Which revisions are served: the requests below `/admin`, for those who have the token.

mod change;
mod fields;
mod guard;
mod listing;
mod retrain;
mod target;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post, put};

use crate::access::Admin;
use crate::error::{AdminError, ApiError};
use crate::paths::admin as paths;
use crate::state::AppState;

/// The routes, each of which wants the token.
pub(crate) fn routes(admin: Arc<Admin>) -> Router<AppState> {
    Router::new()
        .route(paths::MODELS, get(listing::models))
        .route(paths::REVISIONS, get(listing::revisions))
        .route(paths::ROLL_BACK, post(change::roll_back))
        .route(paths::PROMOTE, post(change::promote))
        .route(paths::PIN, post(change::pin).delete(change::unpin))
        .route(
            paths::ALIAS,
            put(change::set_alias).delete(change::remove_alias),
        )
        .route(paths::RETRAIN, post(retrain::retrain))
        .route(paths::OTHERS, any(unknown_path))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(admin, guard::guard))
}

/// Answers every other path.
async fn unknown_path(uri: Uri) -> ApiError {
    let path = uri.path().to_owned();
    ApiError::Admin(AdminError::UnknownPath { path })
}

/// Answers every method that a path does not take; the router adds the `Allow` header.
async fn method_not_allowed(method: Method) -> ApiError {
    let method = method.to_string();
    ApiError::MethodNotAllowed { method }
}
