//! The server as a whole.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::json;
use crate::openapi::Unheard;
use crate::paths::inference as paths;
use crate::state::Shared;

/// What the server is, and what it has beyond the protocol.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceServer)]
pub(super) struct Server {
    name: &'static str,
    version: &'static str,
    #[schema(value_type = Vec<String>)]
    extensions: [&'static str; 2],
}

/// `GET /v2`.
#[utoipa::path(
    get,
    path = paths::SERVER,
    tag = "inference",
    operation_id = "inferenceServer",
    summary = "What the server is",
    responses(
        (
            status = 200, description = "Name, version and extensions.", body = Server,
            example = json!({
                "name": "retail-analytics", "version": "0.1.0",
                "extensions": ["model_repository", "statistics"],
            }),
        ),
        Unheard,
    ),
)]
pub(super) async fn server() -> Response {
    let server = Server {
        name: "retail-analytics",
        // The crates of the workspace share one version.
        version: env!("CARGO_PKG_VERSION"),
        extensions: ["model_repository", "statistics"],
    };
    json(StatusCode::OK, &server)
}

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceHealth)]
pub(super) struct Health {
    live: bool,
    /// Whether any model can be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ready: Option<bool>,
}

/// `GET /v2/health/live`.
#[utoipa::path(
    get,
    path = paths::LIVE,
    tag = "inference",
    operation_id = "inferenceLive",
    summary = "Whether the server lives",
    responses(
        (status = 200, description = "It does.", body = Health, example = json!({ "live": true })),
        Unheard,
    ),
)]
pub(super) async fn live() -> Response {
    let health = Health {
        live: true,
        ready: None,
    };
    json(StatusCode::OK, &health)
}

/// `GET /v2/health/ready`: whether any model can be asked. A stream trains its models one after another,
/// and those that are trained need not wait for the others.
#[utoipa::path(
    get,
    path = paths::READY,
    tag = "inference",
    operation_id = "inferenceReady",
    summary = "Whether any model can be asked",
    responses(
        (
            status = 200, description = "One can.", body = Health,
            example = json!({ "live": true, "ready": true }),
        ),
        (
            status = 503, description = "None is trained yet.", body = Health,
            example = json!({ "live": true, "ready": false }),
        ),
        Unheard,
    ),
)]
pub(super) async fn ready(State(state): State<Shared>) -> Response {
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
