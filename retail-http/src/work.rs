use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use retail_core::train::Model;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ApiError;
use crate::state::AppState;

/// Bodies up to this length, about 250 rows, are worked on where they arrive; longer ones would
/// keep other connections of the same thread waiting.
const MAX_INLINE_BYTES: usize = 16 << 10;

/// So would models that take more steps than this for all rows of a body: a few milliseconds.
const MAX_INLINE_STEPS: usize = 4_000_000;

/// The fewest bytes that a row takes.
const LEAST_ROW: usize = 64;

/// How many steps these models take for one row: to compute it, and to find its features.
pub(crate) fn steps_per_row<'m>(models: impl IntoIterator<Item = &'m dyn Model>) -> usize {
    let steps = |model: &dyn Model| {
        let features = model.n_features();
        model
            .steps_per_row()
            .saturating_add(features.saturating_mul(features))
    };
    models.into_iter().map(steps).fold(0, usize::saturating_add)
}

/// Runs what a request asks for; off the network threads if its body is large, or its models are.
///
/// # Errors
/// What `work` returns; [`ApiError::Busy`] if no turn came within the time allowed;
/// [`ApiError::ModelFailed`] if `work`, and therefore a model, panicked.
pub(crate) async fn run<T: Send + 'static>(
    state: &AppState,
    body_bytes: usize,
    steps_per_row: usize,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    // Nothing that `work` borrows or shares is changed by it, so nothing is left half changed.
    let guarded = || catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(ApiError::ModelFailed));
    let steps = steps_per_row.saturating_mul(1 + body_bytes / LEAST_ROW);
    if body_bytes <= MAX_INLINE_BYTES && steps <= MAX_INLINE_STEPS {
        return guarded();
    }
    let permit = turn(state).await?;
    // The permit goes along: the work goes on even if the client has hung up.
    let job = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        guarded()
    });
    job.await.unwrap_or(Err(ApiError::ModelFailed))
}

async fn turn(state: &AppState) -> Result<OwnedSemaphorePermit, ApiError> {
    let turn = Arc::clone(&state.batches).acquire_owned();
    let turn = match state.limits.request_timeout {
        None => turn.await,
        Some(patience) => tokio::time::timeout(patience, turn)
            .await
            .map_err(|_| ApiError::Busy)?,
    };
    turn.map_err(|_| ApiError::Busy)
}
