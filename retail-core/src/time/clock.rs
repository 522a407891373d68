use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Timestamp;

/// A source of the current time, injected wherever time matters so that tests control it.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Waits for `duration`, or returns at once if time is simulated.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::EPOCH.saturating_add(since_epoch)
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
