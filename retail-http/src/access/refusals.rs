use std::time::{Duration, Instant};

/// How many refusals are written down in each [`PERIOD`].
const MOST: u32 = 60;

const PERIOD: Duration = Duration::from_secs(60);

/// Bounds how many refusals are written down: whoever has no token could otherwise push what those who
/// have it did out of the log.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    since: Option<Instant>,
    written: u32,
    skipped: u64,
}

impl Refusals {
    /// How many were left out before this one, if it is to be written down.
    pub(super) fn admit(&mut self, now: Instant) -> Option<u64> {
        let is_over = |since| now.saturating_duration_since(since) >= PERIOD;
        if self.since.is_none_or(is_over) {
            self.since = Some(now);
            self.written = 0;
        }
        if self.written == MOST {
            self.skipped = self.skipped.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_a_minute_are_written_down_and_the_next_one_counts_the_others() {
        let mut refusals = Refusals::default();
        let begun = Instant::now();
        for _ in 0..2 {
            for _ in 0..30 {
                assert_eq!(refusals.admit(begun), Some(0));
            }
        }
        for _ in 0..7 {
            assert_eq!(refusals.admit(begun + PERIOD / 2), None);
        }
        assert_eq!(refusals.admit(begun + PERIOD), Some(7));
        assert_eq!(refusals.admit(begun + PERIOD), Some(0));
    }
}
