//! The page for people who look after a stream: a few files that are part of the program. What they show
//! they ask for over HTTP, from the routes beside them.

mod assets;
mod page;
mod reply;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::error::ApiError;
use crate::paths::{DASHBOARD, DASHBOARD_FILE};
use crate::state::AppState;

pub(crate) use page::page;

/// The routes of the dashboard.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route(DASHBOARD, get(page))
        .route(DASHBOARD_FILE, get(file))
}

/// By name: a prefix that an embedder adds may have variables of its own.
#[derive(Debug, Deserialize)]
struct Wanted {
    file: String,
}

/// `GET /dashboard/{file}`.
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
    Ok(reply::reply(asset.media_type, asset.text.into(), &headers))
}
