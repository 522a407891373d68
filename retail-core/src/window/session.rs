use std::time::Duration;

use super::assigner::above_zero;
use super::{Assigner, Interval};
use crate::error::ConfigError;
use crate::time::Timestamp;

/// Windows around bursts of activity: items less than `gap` apart in event time share a session.
///
/// A session is `[first, last + gap)`. A gap exactly hit starts a new session, because the
/// interval is half-open: an item `gap` after the last one lies outside. An item that comes out of
/// order and is less than `gap` from two open sessions makes them one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    gap: Duration,
}

impl Session {
    /// Sessions that end when nothing has happened for `gap`: above zero, up to 100 years, in whole
    /// microseconds.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where the gap is out of range.
    pub fn new(gap: Duration) -> Result<Self, ConfigError> {
        above_zero("window.session.gap", gap)?;
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
