//! The page for people who look after a stream: a few files that are part of the program. What they show
//! they ask for over HTTP, from the routes beside them.

mod assets;
mod page;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde::Deserialize;
use utoipa::{IntoResponses, OpenApi};

use crate::embedded::Embedded;
use crate::error::ApiError;
use crate::openapi::{CONNECTION, Responses, refusals};
use crate::paths::{DASHBOARD, DASHBOARD_FILE};
use crate::state::Shared;

pub(crate) use page::page;

/// Nothing from elsewhere, and nothing but the page's own files.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'self'";

#[derive(OpenApi)]
#[openapi(
    paths(page::page, file),
    tags((name = "dashboard", description = "A page that shows all of this.")),
)]
struct Dashboard;

/// What the OpenAPI document says of the dashboard.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Dashboard::openapi()
}

/// The routes of the dashboard.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(DASHBOARD, get(page))
        .route(DASHBOARD_FILE, get(file))
}

/// A file of the page, or the page itself.
fn embedded(media_type: &'static str, bytes: Bytes) -> Embedded {
    Embedded {
        media_type: HeaderValue::from_static(media_type),
        bytes,
        policy: POLICY,
    }
}

/// By name: a prefix that an embedder adds may have variables of its own.
#[derive(Debug, Deserialize)]
struct Wanted {
    file: String,
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, &["unknown_path"]])
    }
}

/// `GET /dashboard/{file}`.
#[utoipa::path(
    get,
    path = DASHBOARD_FILE,
    tag = "dashboard",
    operation_id = "dashboardFile",
    summary = "A file of the dashboard",
    params(
        ("file" = String, Path, description = "Its name.", example = "style.css"),
        (
            "if-none-match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of the file that the client has.",
        ),
    ),
    responses(
        (
            status = 200, description = "The file.", headers(("etag" = String), ("cache-control" = String)),
            content(
                (String = "text/css", example = json!("body { margin: 0 }")),
                (String = "text/javascript", example = json!("export {};")),
                (String = "image/svg+xml", example = json!("<svg/>")),
            ),
        ),
        (
            status = 304, description = "The client has it already.",
            headers(("etag" = String), ("cache-control" = String)),
        ),
        Refused,
    ),
)]
async fn file(
    wanted: Result<Path<Wanted>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asset = wanted
        .ok()
        .and_then(|Path(wanted)| assets::find(&wanted.file));
    let asset = asset.ok_or_else(|| ApiError::UnknownPath {
        path: uri.path().to_owned(),
    })?;
    Ok(embedded(asset.media_type, asset.text.into()).reply(&headers))
}
