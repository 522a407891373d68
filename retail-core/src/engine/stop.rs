use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Nobody has asked.
const NO: u8 = 0;
/// Somebody has asked, and no run has ended since.
const ASKED: u8 = 1;
/// A run has ended since somebody asked.
const DONE: u8 = 2;

/// Asks a running engine to stop, from any thread or signal handler.
///
/// A request ends one run: the one that is under way, or else the next one, at once. The run after that
/// reads on where the saved batches end.
///
/// ```
/// use retail_core::prelude::*;
///
/// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
/// let mut source = SyntheticSource::new(SyntheticSource::params().rows(2_000).check()?);
/// let stop = engine.stop_handle();
/// stop.stop();
/// assert_eq!(engine.run(&mut source)?.rows_read, 0);
/// assert!(stop.is_stopped());
/// assert_eq!(engine.run(&mut source)?.rows_read, 2_000);
/// assert!(!stop.is_stopped());
/// # Ok::<(), retail_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct StopHandle(Arc<AtomicU8>);

impl StopHandle {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(NO)))
    }

    /// Asks the engine to save its open batch and return.
    pub fn stop(&self) {
        self.0.store(ASKED, Ordering::Release);
    }

    /// Whether the engine has been asked to stop, and has not run again since.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire) != NO
    }

    /// Whether a run has to end.
    fn is_due(&self) -> bool {
        self.0.load(Ordering::Acquire) == ASKED
    }

    /// A run begins. It is not held up by a request that ended an earlier one.
    pub(super) fn begin(&self) {
        self.change(DONE, NO);
    }

    /// A run has ended.
    pub(super) fn done(&self) {
        self.change(ASKED, DONE);
    }

    fn change(&self, from: u8, to: u8) {
        // If it is something else, that stays.
        let _ = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
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
        self.asked.is_due() || self.halted.load(Ordering::Acquire)
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
