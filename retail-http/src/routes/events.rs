use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use retail_core::registry::Registry;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoResponses;

use crate::error::ApiError;
use crate::events::{Endless, Message, Watching};
use crate::metrics::lag;
use crate::openapi::{CONNECTION, Responses, refusals};
use crate::paths::EVENTS;
use crate::state::{Shared, SourceStatus};

/// How often something is sent at least. It shows who has gone.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How often that is looked at which nobody tells.
const LOOK: Duration = Duration::from_secs(1);

/// Otherwise nginx collects what it passes on.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, &["too_many_readers"]])
    }
}

/// `GET /events`.
#[utoipa::path(
    get,
    path = EVENTS,
    tag = "state",
    operation_id = "events",
    summary = "What happens, while it happens",
    description = "Server-sent events without an end. Each has a whole number as its id, a name (`batch`, `reject`, \
                   `metric`, `training`, `swap` or `lag`) and a JSON object as its data, whose schema is that of the name. \
                   Nothing is told again.",
    responses(
        (
            status = 200, description = "The stream.",
            headers(("cache-control" = String), ("x-accel-buffering" = String)),
            content((String = "text/event-stream")),
        ),
        Refused,
    ),
)]
pub(crate) async fn events(State(state): State<Shared>) -> Result<Response, ApiError> {
    let Ok(place) = Arc::clone(&state.readers).try_acquire_owned() else {
        let limit = state.limits.max_event_readers;
        return Err(ApiError::TooManyReaders { limit });
    };
    let (registry, source) = (Arc::clone(&state.registry), state.source.clone());
    let messages = state.events.listen(served(&state.registry), |watching| {
        tokio::spawn(watch(watching, registry, source));
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let stream = Sse::new(told(messages, place)).keep_alive(keep_alive);
    let mut response = stream.into_response();
    response.extensions_mut().insert(Endless);
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert(UNBUFFERED, no);
    Ok(response)
}

/// What one reader is told, until it is too slow.
fn told(
    messages: Receiver<Arc<Message>>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(Some((messages, place)), |reader| async {
        let (mut messages, place) = reader?;
        let event = match messages.recv().await {
            Ok(message) => match &*message {
                Message::Event { id, name, data } => {
                    Event::default().id(id.to_string()).event(name).data(data)
                }
                Message::End => return None,
            },
            Err(RecvError::Lagged(missed)) => {
                let last = format!("{missed} events were missed: this reader is too slow");
                return Some((Ok(Event::default().comment(last)), None));
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), Some((messages, place))))
    })
}

/// The revision of each model that is being served.
fn served(registry: &Registry) -> impl Iterator<Item = (String, u64)> + use<> {
    let served = registry.iter();
    served.filter_map(|(slot, served)| Some((slot.name.clone(), served?.revision)))
}

/// Looks, while somebody reads, at what is served, which other processes and administrators change too,
/// and how far behind the source is.
async fn watch(mut watching: Watching, registry: Arc<Registry>, source: Option<SourceStatus>) {
    while let Some(events) = watching.events() {
        for (model, revision) in served(&registry) {
            events.serves(&model, revision);
        }
        let said = source.as_ref().and_then(SourceStatus::get);
        if let Some(partitions) = said.as_ref().and_then(lag) {
            events.lag(&partitions);
        }
        tokio::time::sleep(LOOK).await;
    }
}
