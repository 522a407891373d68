use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// A clock that stands still until it is told otherwise. Sleeping moves it on and returns at once.
///
/// ```
/// use std::time::Duration;
/// use retail_core::testing::ManualClock;
/// use retail_core::time::{Clock, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::EPOCH);
/// clock.sleep(Duration::from_secs(60));
/// assert_eq!(clock.now().to_string(), "1970-01-01T00:01:00");
/// clock.set(Timestamp::EPOCH);
/// assert_eq!(clock.now(), Timestamp::EPOCH);
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Shows `now`, which may be earlier than before, as with clocks that are corrected.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves on by `duration`, stopping at [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        let later = |micros| {
            let now = Timestamp::from_micros(micros).saturating_add(duration);
            Some(now.as_micros())
        };
        // The closure always answers, so that there is no failure to look at.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_stands_still_unless_moved_and_stops_at_the_end_of_time() {
        let clock = ManualClock::new(Timestamp::from_micros(5));
        assert_eq!([clock.now(), clock.now()], [Timestamp::from_micros(5); 2]);
        clock.advance(Duration::from_micros(7));
        assert_eq!(clock.now(), Timestamp::from_micros(12));
        clock.sleep(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        clock.set(Timestamp::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }
}
