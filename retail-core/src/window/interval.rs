use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A half-open interval of event time: `start` belongs to it, `end` does not.
///
/// ```
/// use retail_core::time::Timestamp;
/// use retail_core::window::Interval;
/// let second = Interval { start: Timestamp::EPOCH, end: Timestamp::from_micros(1_000_000) };
/// assert!(second.contains(second.start) && !second.contains(second.end));
/// assert_eq!(second.to_string(), "[1970-01-01T00:00:00, 1970-01-01T00:00:01)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Interval {
    /// Whether `time` lies inside.
    #[must_use]
    pub fn contains(self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether the two have an instant in common. Intervals that only touch have none.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest interval around both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// `[start, end)` in microseconds since the epoch, cut to what a [`Timestamp`] can hold.
    pub(super) fn clamped(start: i128, end: i128) -> Self {
        Self {
            start: clamped(start),
            end: clamped(end),
        }
    }
}

fn clamped(micros: i128) -> Timestamp {
    let inside = micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Timestamp::from_micros(inside as i64)
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}
