//! The server as a whole.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::json::json;
use crate::state::AppState;

/// `GET /v2`.
pub(super) async fn server() -> Response {
    #[derive(Serialize)]
    struct Server {
        name: &'static str,
        version: &'static str,
        extensions: [&'static str; 2],
    }
    let server = Server {
        name: "retail-analytics",
        // The crates of the workspace share one version.
        version: env!("CARGO_PKG_VERSION"),
        extensions: ["model_repository", "statistics"],
    };
    json(StatusCode::OK, &server)
}

#[derive(Serialize)]
struct Health {
    live: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<bool>,
}

/// `GET /v2/health/live`.
pub(super) async fn live() -> Response {
    let health = Health {
        live: true,
        ready: None,
    };
    json(StatusCode::OK, &health)
}

/// `GET /v2/health/ready`: whether any model can be asked. A stream trains its models one after another,
/// and those that are trained need not wait for the others.
pub(super) async fn ready(State(state): State<AppState>) -> Response {
    let ready = state.registry.iter().any(|(_, served)| served.is_some());
    let health = Health {
        live: true,
        ready: Some(ready),
    };
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    json(status, &health)
}
