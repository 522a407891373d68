use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a connection is waiting for. It is idle from its beginning, and from the end of each answer,
/// until the head of the next request is complete. In between it is busy, or stalled: its client does
/// not send the rest of a body, or does not take an answer.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// 0 if it is busy; otherwise since when it is not, see [`Activity::since`].
    state: AtomicU64,
    /// The answer is complete, but perhaps not yet sent.
    answered: AtomicBool,
}

/// Why a connection is not busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Idle = 0,
    Stalled = 1,
}

impl Activity {
    pub(super) fn new() -> Self {
        let begun = Instant::now();
        Self {
            begun,
            state: AtomicU64::new(Self::since(begun, Wait::Idle)),
            answered: AtomicBool::new(false),
        }
    }

    /// Now, in milliseconds after `begun` from 1, and the reason in the lowest bit.
    fn since(begun: Instant, wait: Wait) -> u64 {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        (millis + 1) << 1 | wait as u64
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.state.store(0, Ordering::Relaxed);
    }

    /// Its answer is complete.
    fn end(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// All that there was to send is sent.
    pub(super) fn sent(&self) {
        if self.answered.load(Ordering::Relaxed) {
            self.answered.store(false, Ordering::Relaxed);
            let idle = Self::since(self.begun, Wait::Idle);
            self.state.store(idle, Ordering::Relaxed);
        }
    }

    /// The client has sent or taken something, or could not be made to.
    pub(super) fn moved(&self, has_moved: bool) {
        let state = self.state.load(Ordering::Relaxed);
        let is_stalled = state & 1 == Wait::Stalled as u64;
        if has_moved && is_stalled {
            self.state.store(0, Ordering::Relaxed);
        } else if !has_moved && state == 0 {
            let stalled = Self::since(self.begun, Wait::Stalled);
            self.state.store(stalled, Ordering::Relaxed);
        }
    }

    /// Why it is not busy, and for how long; nothing if it is.
    pub(super) fn wait(&self) -> Option<(Wait, Duration)> {
        let state = self.state.load(Ordering::Relaxed);
        let since = Duration::from_millis((state >> 1).checked_sub(1)?);
        let wait = match state & 1 {
            0 => Wait::Idle,
            _ => Wait::Stalled,
        };
        Some((wait, self.begun.elapsed().saturating_sub(since)))
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
