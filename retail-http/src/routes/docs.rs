//! A page to read the OpenAPI document and to try the API in: Swagger UI, whose files are all in the library.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa::{IntoResponses, OpenApi};
use utoipa_swagger_ui::{Config, serve};

use super::fallback;
use crate::embedded::Embedded;
use crate::error::ApiError;
use crate::openapi::{CONNECTION, Responses, Unheard, refusals};
use crate::paths::docs::{DOCS, FILE, PAGE};
use crate::state::Shared;

/// The page may load what is beside it and ask the API, and nothing else. Swagger UI writes styles into its
/// elements, and has its icons in the address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(paths(without_slash, page, named))]
struct Page;

/// What the OpenAPI document says of the page.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Page::openapi()
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(DOCS, get(without_slash))
        .route(PAGE, get(page))
        .route(FILE, get(named))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

/// `GET /docs`: to where the addresses of its files, which are relative, are right; so is this one.
#[utoipa::path(
    get,
    path = DOCS,
    tag = "state",
    operation_id = "docs",
    summary = "Where the page to read this document is",
    responses(
        (status = 307, description = "At `docs/`.", headers(("location" = String))),
        Unheard,
    ),
)]
async fn without_slash() -> Redirect {
    Redirect::temporary("docs/")
}

/// `GET /docs/`.
#[utoipa::path(
    get,
    path = PAGE,
    tag = "state",
    operation_id = "docsPage",
    summary = "A page to read this document and to try the API",
    params((
        "if-none-match" = Option<String>, Header, nullable = false,
        description = "The `ETag` of the page that the client has.",
    )),
    responses(
        (
            status = 200, description = "The page.", headers(("etag" = String), ("cache-control" = String)),
            content((String = "text/html", example = json!("<!DOCTYPE html>"))),
        ),
        (
            status = 304, description = "The client has it already.",
            headers(("etag" = String), ("cache-control" = String)),
        ),
        Unheard,
    ),
)]
async fn page(uri: Uri, headers: HeaderMap) -> Response {
    file("index.html", &uri, &headers)
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, &["unknown_path"]])
    }
}

/// `GET /docs/{file}`.
#[utoipa::path(
    get,
    path = FILE,
    tag = "state",
    operation_id = "docsFile",
    summary = "A file of that page",
    params(
        ("file" = String, Path, description = "Its name.", example = "index.css"),
        (
            "if-none-match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of the file that the client has.",
        ),
    ),
    responses(
        (
            status = 200, description = "The file.", headers(("etag" = String), ("cache-control" = String)),
            content(
                (String = "text/html", example = json!("<!DOCTYPE html>")),
                (String = "text/css", example = json!("body { margin: 0 }")),
                (String = "text/javascript", example = json!("window.onload = () => {};")),
                (String = "image/png", example = json!("")),
            ),
        ),
        (
            status = 304, description = "The client has it already.",
            headers(("etag" = String), ("cache-control" = String)),
        ),
        Refused,
    ),
)]
async fn named(request: Request) -> Response {
    // By itself, and not as a variable: a prefix may have some of its own.
    let uri = request.uri();
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    file(name, uri, request.headers())
}

fn file(name: &str, uri: &Uri, asked: &HeaderMap) -> Response {
    let config = Config::new(["../openapi.json"])
        // Else it would be a server on the internet that is asked whether the document is valid.
        .validator_url("none")
        .try_it_out_enabled(true);
    let found = serve(name, Arc::new(config)).unwrap_or_else(|error| {
        tracing::error!("{name} cannot be read: {error}");
        None
    });
    let file = found.and_then(|found| {
        Some(Embedded {
            media_type: HeaderValue::try_from(found.content_type).ok()?,
            bytes: match found.bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            },
            policy: POLICY,
        })
    });
    match file {
        Some(file) => file.reply(asked),
        None => {
            let path = uri.path().to_owned();
            ApiError::UnknownPath { path }.into_response()
        }
    }
}
