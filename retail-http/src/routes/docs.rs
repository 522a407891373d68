//! A page to read the OpenAPI document and to try the API in: Swagger UI, whose files are all in the library.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa_swagger_ui::{Config, serve};

use super::fallback;
use crate::error::ApiError;
use crate::paths::docs::{DOCS, FILE, PAGE};
use crate::state::AppState;

/// The page may load what is beside it and ask the API, and nothing else. Swagger UI writes styles into its
/// elements, and has its icons in the address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "max-age=3600"),
];

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        // To where the addresses of its files, which are relative, are right; so is this one.
        .route(DOCS, get(async || Redirect::temporary("docs/")))
        .route(PAGE, get(async |uri: Uri| file("index.html", &uri)))
        .route(FILE, get(named))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

async fn named(request: Request) -> Response {
    // By itself, and not as a variable: a prefix may have some of its own.
    let uri = request.uri();
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    file(name, uri)
}

fn file(name: &str, uri: &Uri) -> Response {
    let config = Config::new(["../openapi.json"])
        // Else it would be a server on the internet that is asked whether the document is valid.
        .validator_url("none")
        .try_it_out_enabled(true);
    let found = serve(name, Arc::new(config)).unwrap_or_else(|error| {
        tracing::error!("{name} cannot be read: {error}");
        None
    });
    let Some(found) = found else {
        let path = uri.path().to_owned();
        return ApiError::UnknownPath { path }.into_response();
    };
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = (StatusCode::OK, bytes).into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(found.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
