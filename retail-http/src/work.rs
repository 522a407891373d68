use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use retail_core::train::Model;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinError;
use tracing::Span;

use crate::body::Received;
use crate::error::ApiError;
use crate::json::json_bytes;
use crate::memory::Kept;
use crate::query::Extras;
use crate::state::{AppState, answer_room, kibibytes};

/// Bodies up to this length, about 250 rows, are worked on where they arrive; longer ones would
/// keep other connections of the same thread waiting.
const MAX_INLINE_BYTES: usize = 16 << 10;

/// So would models that take more steps than this for all rows of a body: a few milliseconds.
const MAX_INLINE_STEPS: usize = 4_000_000;

/// The fewest bytes that a row takes.
const LEAST_ROW: usize = 64;

/// Answers up to this length need no room: large ones are not to hold up small ones.
const MAX_FREE_BYTES: usize = 64 << 10;

/// How many steps these models take for one row: to compute it, and to find its features.
pub(crate) fn steps_per_row<'m>(
    models: impl IntoIterator<Item = &'m dyn Model>,
    extras: Extras,
) -> usize {
    let steps = |model: &dyn Model| {
        let features = model.n_features();
        let explanation = match extras.explain {
            true => model.steps_to_explain_row(),
            false => 0,
        };
        model
            .steps_per_row()
            .saturating_add(features.saturating_mul(features))
            .saturating_add(explanation)
    };
    models.into_iter().map(steps).fold(0, usize::saturating_add)
}

/// Answers with the JSON that `work` makes of a body; off the network threads if the body is large or
/// compressed, or its models are large.
///
/// # Errors
/// What `work` returns; [`ApiError::BodyTooLarge`] and [`ApiError::DamagedBody`] for a compressed
/// body; [`ApiError::Busy`] if no turn or no room came within the time allowed;
/// [`ApiError::ModelFailed`] if `work`, and therefore a model, panicked.
pub(crate) async fn run<E: From<ApiError> + Send + 'static>(
    state: &AppState,
    body: Received,
    steps_per_row: usize,
    work: impl FnOnce(&[u8]) -> Result<Vec<u8>, E> + Send + 'static,
) -> Result<Response, E> {
    let body_bytes = body.longest();
    // Nothing that `work` borrows or shares is changed by it, so nothing is left half changed.
    let guarded = || {
        let work = || work(&body.decoded()?);
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic).into()))
    };
    let steps = steps_per_row.saturating_mul(1 + body_bytes / LEAST_ROW);
    if body_bytes <= MAX_INLINE_BYTES && steps <= MAX_INLINE_STEPS {
        return Ok(respond(state, guarded()?).await?);
    }
    let turn = turn(state).await?;
    // The turn goes along: the work goes on even if the client has hung up.
    let span = Span::current();
    let job = tokio::task::spawn_blocking(move || (span.in_scope(guarded), turn));
    let (answer, turn) = job.await.map_err(|error| cut_off(&error))?;
    // It ends when there is room for the answer, so that few answers wait for room.
    let response = respond(state, answer?).await;
    drop(turn);
    Ok(response?)
}

/// What is answered if a model has panicked.
fn panicked(panic: &(dyn Any + Send)) -> ApiError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let cause = format!("a model panicked: {}", text.unwrap_or("without a message"));
    ApiError::ModelFailed { cause }
}

/// What is answered if the work was not done, since the server ends.
fn cut_off(error: &JoinError) -> ApiError {
    let cause = format!("the work on a request was cut off: {error}");
    ApiError::ModelFailed { cause }
}

/// The turn of one large request.
async fn turn(state: &AppState) -> Result<OwnedSemaphorePermit, ApiError> {
    patiently(state, Arc::clone(&state.batches).acquire_owned()).await
}

/// A response that has room in memory until the last of its bytes is sent.
async fn respond(state: &AppState, answer: Vec<u8>) -> Result<Response, ApiError> {
    if answer.capacity() <= MAX_FREE_BYTES {
        return Ok(json_bytes(StatusCode::OK, answer));
    }
    let answer = Kept::of(answer);
    // An answer that is larger than all the room there is has it to itself.
    let needed = kibibytes(answer.capacity()).min(answer_room(state.limits));
    let needed = u32::try_from(needed).unwrap_or(u32::MAX);
    let room = Arc::clone(&state.answers).acquire_many_owned(needed);
    let held = Held {
        _room: patiently(state, room).await?,
        answer,
    };
    Ok(json_bytes(StatusCode::OK, Bytes::from_owner(held)))
}

/// Waits no longer than the limits allow.
async fn patiently<T, E>(
    state: &AppState,
    wait: impl Future<Output = Result<T, E>>,
) -> Result<T, ApiError> {
    let waited = match state.limits.queue_timeout {
        None => wait.await,
        Some(patience) => tokio::time::timeout(patience, wait)
            .await
            .map_err(|_| ApiError::Busy)?,
    };
    waited.map_err(|_| ApiError::Busy)
}

/// An answer and its room, which is given back with the memory.
struct Held {
    answer: Kept,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}
