use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use retail_core::engine::{ModelOutcome, StatusBoard};
use retail_core::feature::{Extractor, Extractors};
use retail_core::registry::{Registry, SlotName};
use tokio::sync::Semaphore;

use crate::access::Admin;
use crate::cors::CorsOrigins;
use crate::error::ApiError;
use crate::events::Events;
use crate::feedback::{Feedback, FeedbackOptions};
use crate::requests::Requests;
use crate::statistics::Statistics;
use crate::traffic::Traffic;

/// What a client may ask for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a request, in bytes, inclusive; 1 MiB by default.
    pub max_body_bytes: usize,
    /// The longest array of a request, in rows, inclusive; 10,000 by default.
    pub max_rows: usize,
    /// How long the body of a request may take to arrive; 10 s by default. `None` waits for ever.
    pub body_timeout: Option<Duration>,
    /// How long a large request may wait for its turn, and then for room for its answer; 10 s by
    /// default. `None` waits for ever.
    pub queue_timeout: Option<Duration>,
    /// Large bodies worked on at the same time, by default one for each processor. Others wait.
    pub max_concurrent_batches: usize,
    /// Bytes of answers that are in memory because their clients have not taken them yet, 64 MiB by
    /// default. Others wait, and so does an answer that is larger, until no other is left. Answers
    /// of up to 64 KiB are not counted.
    pub max_answer_bytes: usize,
    /// Clients that read `/events` at the same time, 64 by default. One more is answered 503.
    pub max_event_readers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_rows: 10_000,
            body_timeout: Some(Duration::from_secs(10)),
            queue_timeout: Some(Duration::from_secs(10)),
            max_concurrent_batches: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            max_answer_bytes: 64 << 20,
            max_event_readers: 64,
        }
    }
}

/// What the router serves: the models of a registry, and the status of the engine that trains them.
/// Cloning it is cheap and shares both.
#[derive(Debug, Clone)]
pub struct AppState {
    pub(crate) registry: Arc<Registry>,
    pub(crate) extractors: Arc<Extractors>,
    pub(crate) status: Arc<StatusBoard>,
    pub(crate) source: Option<SourceStatus>,
    pub(crate) limits: Limits,
    pub(crate) batches: Arc<Semaphore>,
    pub(crate) answers: Arc<Semaphore>,
    pub(crate) cors: Option<CorsOrigins>,
    pub(crate) admin: Option<Arc<Admin>>,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) feedback: Option<Arc<Feedback>>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) events: Events,
    pub(crate) readers: Arc<Semaphore>,
}

/// The state as routes have it, who all share one: each request clones it.
pub(crate) type Shared = Arc<AppState>;

impl AppState {
    /// Serves the models of `registry`, without an engine and with the default [`Limits`]. Plans of
    /// [splits and shadows](crate#splits-and-shadows) that were saved in its folder are in force again.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Self {
        let limits = Limits::default();
        Self {
            traffic: Arc::new(Traffic::restored(&registry)),
            registry,
            extractors: Arc::default(),
            status: Arc::default(),
            source: None,
            limits,
            batches: Arc::new(Semaphore::new(permits(limits))),
            answers: Arc::new(Semaphore::new(answer_room(limits))),
            cors: None,
            admin: None,
            statistics: Arc::default(),
            feedback: None,
            requests: Arc::default(),
            events: Events::default(),
            readers: Arc::new(Semaphore::new(readers(limits))),
        }
    }

    /// Computes these features too, if a client leaves them out: those of the pipelines that
    /// trained the models, from [`Engine::extractors`](retail_core::engine::Engine::extractors).
    #[must_use]
    pub fn with_extractors(
        mut self,
        extractors: impl IntoIterator<Item = Arc<dyn Extractor>>,
    ) -> Self {
        Arc::make_mut(&mut self.extractors).extend(extractors);
        self
    }

    /// Shows the status that an engine publishes here.
    #[must_use]
    pub fn with_status(mut self, status: Arc<StatusBoard>) -> Self {
        self.status = status;
        self
    }

    /// Shows what a source says of itself, beside the status of the engine. `show` is called for
    /// each request and should return quickly.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use retail_core::registry::{Registry, RegistryOptions, standard_slots};
    /// # use retail_core::train::ModelFormats;
    /// # let options = RegistryOptions {
    /// #     formats: ModelFormats::empty(), ..RegistryOptions::default()
    /// # };
    /// # let registry = Arc::new(Registry::open(standard_slots(), options)?);
    /// let state = retail_http::AppState::new(registry)
    ///     .with_source(|| serde_json::json!({"lag": {"0": 12}}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_source(
        mut self,
        show: impl Fn() -> serde_json::Value + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(SourceStatus(Arc::new(show)));
        self
    }

    /// Tells those who read `/events` what is told here. Without this call, they only learn of what can be
    /// seen from outside: `swap` and `lag`.
    #[must_use]
    pub fn with_events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.batches = Arc::new(Semaphore::new(permits(limits)));
        self.answers = Arc::new(Semaphore::new(answer_room(limits)));
        self.readers = Arc::new(Semaphore::new(readers(limits)));
        self
    }

    /// Lets the pages of these origins read the answers (CORS). Without this call, browsers let no
    /// page of another origin do so.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use retail_core::registry::{Registry, RegistryOptions, standard_slots};
    /// # use retail_core::train::ModelFormats;
    /// # let options = RegistryOptions {
    /// #     formats: ModelFormats::empty(), ..RegistryOptions::default()
    /// # };
    /// # let registry = Arc::new(Registry::open(standard_slots(), options)?);
    /// let origins = retail_http::CorsOrigins::parse(["https://shop.example"])?;
    /// let state = retail_http::AppState::new(registry).with_cors(origins);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_cors(mut self, origins: CorsOrigins) -> Self {
        self.cors = Some(origins);
        self
    }

    /// Keeps answers for a while, so that they can be compared with the truth once it is known: `POST /feedback`.
    /// Without this call, nothing is kept, and there is no such path.
    #[must_use]
    pub fn with_feedback(mut self, options: FeedbackOptions) -> Self {
        self.feedback = Some(Arc::new(Feedback::new(options)));
        self
    }

    /// Opens the requests below `/admin` to whoever has the token of `admin`. Without this call, there
    /// are no such paths.
    #[must_use]
    pub fn with_admin(mut self, admin: Admin) -> Self {
        self.admin = Some(Arc::new(admin));
        self
    }

    /// Why the model of this name was not trained, if the engine has said so.
    pub(crate) fn reason(&self, name: &str) -> Option<String> {
        match &self.status.read().models.get(name)?.outcome {
            ModelOutcome::NotTrained { message, .. } => Some(message.clone()),
            ModelOutcome::Trained { .. } => None,
        }
    }

    /// The error that stands for the answer of a model that is not trained.
    pub(crate) fn not_trained(&self, slot: &SlotName) -> ApiError {
        ApiError::NotTrained {
            model: slot.name.clone(),
            reason: self.reason(&slot.name),
        }
    }
}

/// See [`AppState::with_source`].
#[derive(Clone)]
pub(crate) struct SourceStatus(Arc<dyn Fn() -> serde_json::Value + Send + Sync>);

impl SourceStatus {
    /// What the source says now; nothing if it panics.
    pub(crate) fn get(&self) -> Option<serde_json::Value> {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)())).ok()
    }
}

impl std::fmt::Debug for SourceStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SourceStatus")
    }
}

/// With no permit at all, large bodies would wait for ever.
fn permits(limits: Limits) -> usize {
    limits
        .max_concurrent_batches
        .clamp(1, Semaphore::MAX_PERMITS)
}

fn readers(limits: Limits) -> usize {
    limits.max_event_readers.min(Semaphore::MAX_PERMITS)
}

/// All room for large answers, in kibibytes; with none at all, they would wait for ever.
pub(crate) fn answer_room(limits: Limits) -> usize {
    kibibytes(limits.max_answer_bytes).clamp(1, Semaphore::MAX_PERMITS)
}

pub(crate) fn kibibytes(bytes: usize) -> usize {
    bytes.div_ceil(1 << 10)
}
