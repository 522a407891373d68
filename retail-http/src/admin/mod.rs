//! Which revisions are served: the requests below `/admin`, for those who have the token.

mod change;
mod description;
mod fields;
mod guard;
mod listing;
mod plan;
mod retrain;
mod target;
mod traffic;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post, put};
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{PathItem, Paths, RefOr, Required};

use crate::access::Admin;
use crate::error::{AdminError, ApiError};
use crate::paths::admin as paths;
use crate::state::Shared;

/// The paths of the administration.
#[derive(OpenApi)]
#[openapi(
    paths(
        listing::models,
        listing::revisions,
        change::roll_back,
        change::promote,
        change::pin,
        change::unpin,
        change::set_alias,
        change::remove_alias,
        traffic::show,
        traffic::set,
        traffic::end,
        retrain::retrain,
    ),
    tags((
        name = "administration",
        description = "Which revisions are served, and to whom, for those who have the token.",
    )),
)]
struct Administration;

/// What the OpenAPI document says of the administration.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Administration::openapi();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("adminToken", token);
    for operation in operations(&mut document.paths) {
        operation.tags = Some(vec!["administration".to_owned()]);
        let token = SecurityRequirement::new("adminToken", [""; 0]);
        operation.security = Some(vec![token]);
    }
    for path in [paths::PIN, paths::RETRAIN] {
        let item = document.paths.paths.get_mut(path);
        let post = item.and_then(|item| item.post.as_mut());
        if let Some(RefOr::T(body)) = post.and_then(|post| post.request_body.as_mut()) {
            body.required = Some(Required::False);
        }
    }
    document
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    let items = paths.paths.values_mut();
    items.flat_map(|item| {
        let PathItem {
            get,
            post,
            put,
            delete,
            ..
        } = item;
        [get, post, put, delete].into_iter().flatten()
    })
}

/// The routes, each of which wants the token.
pub(crate) fn routes(admin: Arc<Admin>) -> Router<Shared> {
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
        .route(
            paths::TRAFFIC,
            get(traffic::show).put(traffic::set).delete(traffic::end),
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
