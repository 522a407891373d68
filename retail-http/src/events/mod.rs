//! What happens, told to those who listen.

mod message;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retail_core::engine::{Event, Observer};
use serde::Serialize;
use tokio::sync::broadcast;

pub(crate) use message::{Lag, Message, Rejected, Swapped};
use message::{Scored, Trained};

/// How many events may wait for the slowest reader.
const CAPACITY: usize = 4096;

/// The most that can be asked for.
const LARGEST_CAPACITY: usize = 1 << 20;

/// Passes on what an engine does to everyone who reads `GET /events`. Cloning it is cheap and shares the
/// readers.
///
/// It is an [`Observer`] of any number of engines. Telling it something takes about as long as writing a
/// line of JSON, and next to nothing if nobody reads. It never waits for a reader: one that has not taken
/// the newest 4,096 events yet loses its stream.
///
/// ```
/// use std::sync::Arc;
/// use retail_core::engine::{Engine, EngineConfig};
/// use retail_http::{AppState, Events, router};
///
/// let events = Events::default();
/// let engine = Engine::builder(EngineConfig::default())?
///     .observer(events.clone())
///     .open()?;
/// let app: axum::Router = router(AppState::new(engine.registry()).with_events(events));
/// # Ok::<(), retail_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Events(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<Arc<Message>>,
    /// The id of the last event. Held while one is sent, so that ids are in order.
    last: Mutex<u64>,
    /// The revision of each model that readers know to be served.
    served: Mutex<BTreeMap<String, u64>>,
    /// Whether someone looks at what is not told.
    watched: Mutex<bool>,
}

impl Default for Events {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Events {
    /// The same with another number of events that may wait for the slowest reader: from 1 to 2^20, and
    /// rounded up to a power of two.
    #[must_use]
    pub fn with_capacity(events: usize) -> Self {
        Self(Arc::new(Shared {
            sender: broadcast::Sender::new(events.clamp(1, LARGEST_CAPACITY)),
            last: Mutex::default(),
            served: Mutex::default(),
            watched: Mutex::default(),
        }))
    }

    /// Ends all streams that are being read. [`serve`](crate::serve) does so by itself when it shuts down;
    /// other servers wait for their clients unless this is called.
    pub fn end_streams(&self) {
        let _ordered = lock(&self.0.last);
        // Nobody may be listening.
        let _ = self.0.sender.send(Arc::new(Message::End));
    }

    /// How many read.
    pub(crate) fn readers(&self) -> usize {
        self.0.sender.receiver_count()
    }

    /// Begins to listen. If nobody looks at what is not told, `watch` is called to do so; until then
    /// `served` is what everybody knows.
    pub(crate) fn listen(
        &self,
        served: impl IntoIterator<Item = (String, u64)>,
        watch: impl FnOnce(Watching),
    ) -> broadcast::Receiver<Arc<Message>> {
        let mut watched = lock(&self.0.watched);
        if *watched {
            return self.0.sender.subscribe();
        }
        // Before anyone listens: what is swapped from now on is told.
        *lock(&self.0.served) = served.into_iter().collect();
        let receiver = self.0.sender.subscribe();
        *watched = true;
        drop(watched);
        watch(Watching {
            events: self.clone(),
            is_over: false,
        });
        receiver
    }

    /// Tells how far behind each partition of a source is.
    pub(crate) fn lag(&self, partitions: &BTreeMap<&str, u64>) {
        let total = partitions
            .values()
            .fold(0_u64, |sum, lag| sum.saturating_add(*lag));
        self.tell("lag", &Lag { partitions, total });
    }

    /// Tells that a revision is being served, if that is not known yet.
    pub(crate) fn serves(&self, model: &str, revision: u64) {
        if self.readers() == 0 {
            return;
        }
        let mut served = lock(&self.0.served);
        let previous = served.get(model).copied();
        if previous != Some(revision) {
            served.insert(model.to_owned(), revision);
            self.tell(
                "swap",
                &Swapped {
                    model,
                    revision,
                    previous,
                },
            );
        }
    }

    fn tell(&self, name: &'static str, data: &impl Serialize) {
        if self.readers() == 0 {
            return;
        }
        let data = match serde_json::to_string(data) {
            Ok(data) => data,
            Err(error) => return tracing::error!("cannot write an event: {error}"),
        };
        let mut last = lock(&self.0.last);
        *last += 1;
        let id = *last;
        // The last reader may have gone.
        let _ = self
            .0
            .sender
            .send(Arc::new(Message::Event { id, name, data }));
    }
}

impl Observer for Events {
    fn event(&self, event: &Event) {
        if self.readers() == 0 {
            return;
        }
        match event {
            Event::BatchSaved(batch) => {
                self.tell("batch", batch);
                if let Some(rejected) = Rejected::of(batch) {
                    self.tell("reject", &rejected);
                }
            }
            Event::Scored { model, prequential } => {
                self.tell("metric", &Scored { model, prequential });
            }
            Event::Trained {
                model,
                status,
                changed,
            } => {
                let changed = *changed;
                self.tell(
                    "training",
                    &Trained {
                        model,
                        changed,
                        status,
                    },
                );
                if let (true, Some(revision)) = (changed, status.revision) {
                    self.serves(model, revision);
                }
            }
            _ => {}
        }
    }
}

/// The duty to look at what is not told, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watching {
    events: Events,
    /// From then on, it is somebody else's duty.
    is_over: bool,
}

impl Watching {
    /// Where to tell what was seen; nothing if nobody listens any more.
    pub(crate) fn events(&mut self) -> Option<&Events> {
        let mut watched = lock(&self.events.0.watched);
        if self.events.readers() == 0 {
            *watched = false;
            self.is_over = true;
        }
        (!self.is_over).then_some(&self.events)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if !self.is_over {
            *lock(&self.events.0.watched) = false;
        }
    }
}

/// Marks an answer that has no end of its own, so that a server that shuts down does not wait for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endless;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
