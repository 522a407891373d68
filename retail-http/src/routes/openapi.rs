//! The OpenAPI document: the paths of each room, put together.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use utoipa::OpenApi;

use super::{compare, events, fallback, feedback, history, models, predict, status};
use crate::answer::Interval;
use crate::error::Body;
use crate::etag::{is_known, tag_of};
use crate::events::{Lag, Rejected, Swapped};
use crate::json::json_bytes;
use crate::openapi::events::{MetricEventShape, TrainingEventShape};
use crate::openapi::{Unheard, complete};
use crate::paths::OPENAPI;
use crate::state::{AppState, Shared};
use crate::{admin, dashboard, inference};

pub(super) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route(OPENAPI, get(document))
        .method_not_allowed_fallback(fallback::method_not_allowed);
    #[cfg(feature = "docs-page")]
    let routes = routes.merge(super::docs::routes());
    routes
}

/// The paths of the engine's own API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Retail analytics",
        description = INTRODUCTION,
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = ".", description = "Where this document is")),
    paths(
        predict::predict,
        compare::compare,
        models::models,
        status::batches,
        history::history,
        status::health,
        crate::metrics::scrape,
        events::events,
        document,
    ),
    components(schemas(
        Body,
        Interval,
        compare::NotCompared,
        Rejected,
        Swapped<'_>,
        Lag<'_>,
        MetricEventShape,
        TrainingEventShape,
    )),
    tags(
        (name = "predictions", description = "What the models say."),
        (name = "state", description = "What there is, and what the engine does."),
    ),
)]
struct Own;

const INTRODUCTION: &str = "\
Serves models that are trained again and again from a stream of sales.

Bodies are JSON, and may be compressed by `gzip`, `deflate`, `br` or `zstd`. Every answer has the header \
`x-request-id`: that of the request, or a new one.";

/// `GET /openapi.json`.
#[utoipa::path(
    get,
    path = OPENAPI,
    tag = "state",
    operation_id = "openapi",
    summary = "This document",
    description = "It describes the models that are served at the time.",
    params((
        "if-none-match" = Option<String>, Header, nullable = false,
        description = "The `ETag` of the document that the client has.",
    )),
    responses(
        (
            status = 200, description = "The document.", body = Object,
            headers(("etag" = String), ("cache-control" = String)),
            example = json!({"openapi": "3.1.0", "info": {}, "paths": {}}),
        ),
        (
            status = 304, description = "The client has it already.",
            headers(("etag" = String), ("cache-control" = String)),
        ),
        Unheard,
    ),
)]
async fn document(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let bytes = match whole(&state).and_then(|document| serde_json::to_vec(&document)) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!("cannot write the document: {error}");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let tag = tag_of(&bytes);
    let mut response = match is_known(&headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => json_bytes(StatusCode::OK, bytes),
    };
    let headers = response.headers_mut();
    // It changes with the models: a cache has to ask whether what it has still holds.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, tag);
    response
}

/// The paths of all rooms, about the models that are served now.
fn whole(state: &AppState) -> Result<Value, serde_json::Error> {
    let mut own = Own::openapi();
    // There is nothing to log in to.
    own.security = Some(Vec::new());
    // Each room has a document of its own, which joins here.
    own.merge(inference::document());
    own.merge(dashboard::document());
    #[cfg(feature = "docs-page")]
    own.merge(super::docs::document());
    if state.feedback.is_some() {
        own.merge(feedback::document());
    }
    if state.admin.is_some() {
        own.merge(admin::document());
    }
    complete(own, state)
}
