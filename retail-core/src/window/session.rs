use std::time::Duration;

use super::error::positive_micros;
use super::{Assigner, Interval, WindowError};
use crate::time::Timestamp;

/// Windows around bursts of activity: items less than `gap` apart in event time share a session.
///
/// A session is `[first, last + gap)`. Because the interval is half-open, an item exactly `gap` after
/// the last one starts a new session. An item that comes out of order and is less than `gap` from
/// two open sessions makes them one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    gap: Duration,
}

impl Session {
    /// Sessions that end when nothing has happened for `gap`: above zero, up to 100 years, in whole
    /// microseconds.
    ///
    /// # Errors
    /// [`WindowError::Gap`] if the gap is out of range.
    pub fn new(gap: Duration) -> Result<Self, WindowError> {
        positive_micros(gap).ok_or(WindowError::Gap { got: gap })?;
        Ok(Self { gap })
    }
}

impl Assigner for Session {
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>) {
        windows.push(Interval {
            start: time,
            end: time.saturating_add(self.gap),
        });
    }

    fn merges(&self) -> bool {
        true
    }
}
