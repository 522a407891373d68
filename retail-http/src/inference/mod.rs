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

use crate::error::ApiError;
use crate::paths::inference as paths;
use crate::state::AppState;
use fault::Fault;

/// The routes of the protocol.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::SERVER, get(server::server))
        .route(paths::LIVE, get(server::live))
        .route(paths::READY, get(server::ready))
        .route(paths::MODEL, get(metadata::metadata))
        .route(paths::VERSION, get(metadata::metadata))
        .route(paths::MODEL_READY, get(model::ready))
        .route(paths::VERSION_READY, get(model::ready))
        .route(paths::MODEL_INFER, post(infer::infer))
        .route(paths::VERSION_INFER, post(infer::infer))
        .route(paths::INDEX, post(repository::index))
        .route(paths::ALL_STATS, get(statistics::of_all))
        .route(paths::MODEL_STATS, get(statistics::of_model))
        .route(paths::VERSION_STATS, get(statistics::of_model))
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
