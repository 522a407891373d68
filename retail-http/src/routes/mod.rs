mod compare;
#[cfg(feature = "docs-page")]
mod docs;
mod events;
mod fallback;
mod feedback;
mod history;
mod models;
mod openapi;
mod predict;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::cors::CorsOrigins;
use crate::paths::{BATCHES, COMPARE, EVENTS, FEEDBACK, HEALTH, HISTORY, METRICS, MODELS, PREDICT};
use crate::request_id::RequestIdLayer;
use crate::requests::MeasureLayer;
use crate::state::{AppState, Shared};

/// All routes of the API; see the documentation of the crate.
pub fn router<S>(state: AppState) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let state = Arc::new(state);
    let mut all = own_routes()
        .merge(crate::inference::routes())
        .merge(openapi::routes())
        .merge(metrics_routes())
        .merge(events_routes())
        .merge(dashboard_routes());
    if state.feedback.is_some() {
        all = all.merge(feedback_routes());
    }
    let admin = administration(Arc::clone(&state));
    let all: Router = finished(all.fallback(fallback::unknown_path), state).merge(admin);
    // It has all the state that it needs, so the state of the host may be any.
    all.with_state(())
}

/// The routes of the engine's own API, and no answer for other paths.
pub fn prediction_router(state: AppState) -> Router {
    finished(own_routes(), Arc::new(state))
}

/// The routes of the Open Inference Protocol, and no answer for other paths.
pub fn inference_router(state: AppState) -> Router {
    finished(crate::inference::routes(), Arc::new(state))
}

/// The route of the metrics, and no answer for other paths.
pub fn metrics_router(state: AppState) -> Router {
    finished(metrics_routes(), Arc::new(state))
}

/// The route of the events, and no answer for other paths.
pub fn events_router(state: AppState) -> Router {
    finished(events_routes(), Arc::new(state))
}

fn events_routes() -> Router<Shared> {
    Router::new()
        .route(EVENTS, get(events::events))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

fn metrics_routes() -> Router<Shared> {
    Router::new()
        .route(METRICS, get(crate::metrics::scrape))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

/// The routes of feedback, and no answer for other paths. They take
/// [`AppState::with_feedback`].
pub fn feedback_router(state: AppState) -> Router {
    finished(feedback_routes(), Arc::new(state))
}

fn feedback_routes() -> Router<Shared> {
    Router::new()
        .route(FEEDBACK, post(feedback::post).get(feedback::get))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

/// The routes below `/admin`, if [`AppState::with_admin`] was called, and no answer for other paths.
/// Pages of other origins are let to none of them, whatever [`AppState::with_cors`] says.
pub fn admin_router(state: AppState) -> Router {
    administration(Arc::new(state))
}

fn administration(state: Shared) -> Router {
    match state.admin.clone() {
        None => Router::new(),
        Some(admin) => measured(crate::admin::routes(admin), state),
    }
}

/// The dashboard alone, and no answer for other paths. It shows what it finds of the engine's own API
/// beside it.
pub fn dashboard_router(state: AppState) -> Router {
    finished(dashboard_routes(), Arc::new(state))
}

fn dashboard_routes() -> Router<Shared> {
    crate::dashboard::routes().method_not_allowed_fallback(fallback::method_not_allowed)
}

/// The [OpenAPI document](crate#openapi), with the feature `docs-page` also a page to read it, and no answer
/// for other paths. The document describes all routes of [`router`], which are expected beside it.
pub fn openapi_router(state: AppState) -> Router {
    finished(openapi::routes(), Arc::new(state))
}

fn own_routes() -> Router<Shared> {
    Router::new()
        .route(PREDICT, post(predict::predict))
        .route(COMPARE, post(compare::compare))
        .route(MODELS, get(models::models))
        .route(BATCHES, get(status::batches))
        .route(HISTORY, get(history::history))
        .route(HEALTH, get(status::health))
        .method_not_allowed_fallback(fallback::method_not_allowed)
}

fn finished(routes: Router<Shared>, state: Shared) -> Router {
    let cors = state.cors.as_ref().map(CorsOrigins::layer);
    let router = measured(routes, state);
    match cors {
        None => router,
        Some(cors) => router.layer(cors),
    }
}

/// Requests to these routes are counted and have their ids.
fn measured(routes: Router<Shared>, state: Shared) -> Router {
    let measure = MeasureLayer(Arc::clone(&state.requests));
    // Together: each call of `layer` costs every request a little.
    routes.with_state(state).layer((measure, RequestIdLayer))
}
