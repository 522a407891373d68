mod compare;
mod fallback;
mod models;
mod predict;
mod status;

use axum::Router;
use axum::routing::{get, post};

use crate::cors::CorsOrigins;
use crate::paths::{BATCHES, COMPARE, HEALTH, MODELS, PREDICT};
use crate::state::AppState;

/// The routes of the API; see the documentation of the crate.
pub fn router(state: AppState) -> Router {
    let cors = state.cors.as_ref().map(CorsOrigins::layer);
    let router = Router::new()
        .route(PREDICT, post(predict::predict))
        .route(COMPARE, post(compare::compare))
        .route(MODELS, get(models::models))
        .route(BATCHES, get(status::batches))
        .route(HEALTH, get(status::health))
        .fallback(fallback::unknown_path)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .with_state(state);
    match cors {
        None => router,
        Some(cors) => router.layer(cors),
    }
}
