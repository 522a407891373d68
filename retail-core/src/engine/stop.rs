use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a running engine to stop, from any thread or signal handler. An engine that was asked stays
/// stopped: a later run ends at once.
#[derive(Debug, Clone)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Asks the engine to save its open batch and return.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the engine has been asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Why reading may have to stop: someone asked for it, or another thread of the engine has ended.
#[derive(Clone, Copy)]
pub(super) struct Stop<'a> {
    pub(super) asked: &'a StopHandle,
    pub(super) halted: &'a AtomicBool,
}

impl Stop<'_> {
    pub(super) fn is_due(self) -> bool {
        self.asked.is_stopped() || self.halted.load(Ordering::Acquire)
    }
}

/// Stops the reading when a thread ends, however it ends. What can no longer be saved or trained
/// must not be read.
pub(super) struct HaltOnDrop<'a>(pub(super) &'a AtomicBool);

impl Drop for HaltOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
