use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Whether a connection is working on a request. It is idle from its beginning, and from the end of
/// each answer, until the head of the next request is complete.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// Since when it has been idle, in milliseconds after `begun`, and one more; 0 if it is busy.
    idle: AtomicU64,
    /// The answer is complete, but perhaps not yet sent.
    answered: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            idle: AtomicU64::new(1),
            answered: AtomicBool::new(false),
        }
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.idle.store(0, Ordering::Relaxed);
    }

    /// Its answer is complete.
    fn end(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// All that there was to send is sent.
    pub(super) fn sent(&self) {
        if self.answered.load(Ordering::Relaxed) {
            self.answered.store(false, Ordering::Relaxed);
            let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.idle.store(millis.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// How long it has been idle; nothing if it is busy.
    pub(super) fn idle(&self) -> Option<Duration> {
        let since = self.idle.load(Ordering::Relaxed).checked_sub(1)?;
        Some(
            self.begun
                .elapsed()
                .saturating_sub(Duration::from_millis(since)),
        )
    }
}

/// Stands for an answer that is not complete. Dropping it says that it is.
#[derive(Debug)]
pub(super) struct Answering(pub(super) std::sync::Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end();
    }
}
