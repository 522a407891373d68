use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::error::ApiError;
use crate::state::AppState;

/// Bodies up to this length, about 250 rows, are worked on where they arrive; longer ones would
/// keep other connections of the same thread waiting.
const MAX_INLINE_BYTES: usize = 16 << 10;

/// Runs what a request asks for; off the network threads if its body is large.
///
/// # Errors
/// What `work` returns; [`ApiError::Busy`] if no turn came within the time allowed;
/// [`ApiError::ModelFailed`] if `work`, and therefore a model, panicked.
pub(crate) async fn run<T: Send + 'static>(
    state: &AppState,
    body_bytes: usize,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    // Nothing that `work` borrows or shares is changed by it, so nothing is left half changed.
    let guarded = || catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(ApiError::ModelFailed));
    if body_bytes <= MAX_INLINE_BYTES {
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
