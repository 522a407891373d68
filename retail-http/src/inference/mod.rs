//! The Open Inference Protocol, version 2, over REST: other servers' clients can ask these models.

mod answer;
mod element;
mod fault;
mod infer;
mod input;
mod metadata;
mod model;
mod repository;
mod request;
mod server;
mod statistics;

use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa::openapi::{RefOr, Required};

use crate::error::ApiError;
use crate::paths::inference as paths;
use crate::state::Shared;
use fault::Fault;

/// The paths of the protocol.
#[derive(OpenApi)]
#[openapi(
    paths(
        server::server,
        server::live,
        server::ready,
        metadata::metadata,
        metadata::metadata_of_version,
        model::ready,
        model::ready_of_version,
        infer::infer,
        infer::infer_version,
        repository::index,
        statistics::of_all,
        statistics::of_model,
        statistics::of_version,
    ),
    components(schemas(fault::Body)),
    tags((
        name = "inference",
        description = "The Open Inference Protocol, version 2. A model is a target, its versions are numbers.",
    )),
)]
struct Protocol;

/// What the OpenAPI document says of the protocol.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Protocol::openapi();
    let index = document.paths.paths.get_mut(paths::INDEX);
    let index = index.and_then(|item| item.post.as_mut());
    if let Some(RefOr::T(body)) = index.and_then(|index| index.request_body.as_mut()) {
        body.required = Some(Required::False);
    }
    document
}

/// The routes of the protocol.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(paths::SERVER, get(server::server))
        .route(paths::LIVE, get(server::live))
        .route(paths::READY, get(server::ready))
        .route(paths::MODEL, get(metadata::metadata))
        .route(paths::VERSION, get(metadata::metadata_of_version))
        .route(paths::MODEL_READY, get(model::ready))
        .route(paths::VERSION_READY, get(model::ready_of_version))
        .route(paths::MODEL_INFER, post(infer::infer))
        .route(paths::VERSION_INFER, post(infer::infer_version))
        .route(paths::INDEX, post(repository::index))
        .route(paths::ALL_STATS, get(statistics::of_all))
        .route(paths::MODEL_STATS, get(statistics::of_model))
        .route(paths::VERSION_STATS, get(statistics::of_version))
        .method_not_allowed_fallback(method_not_allowed)
}

/// Answers every path below `/v2` that the protocol does not know.
pub(crate) fn unknown_path(path: &str) -> Fault {
    Fault::unknown_path(path)
}

/// Answers every method that a path does not take; the router adds the `Allow` header.
async fn method_not_allowed(method: Method) -> Fault {
    let method = method.to_string();
    ApiError::MethodNotAllowed { method }.into()
}
