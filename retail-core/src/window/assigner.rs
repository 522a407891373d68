use std::fmt::Debug;
use std::time::Duration;

use super::Interval;
use crate::error::ConfigError;
use crate::time::Timestamp;

/// Says to which windows an event time belongs: [`Tumbling`](super::Tumbling),
/// [`Sliding`](super::Sliding), [`Session`](super::Session), or windows of your own.
///
/// Contract, checked by `retail_core::testing::windower_contract`:
/// - the answer depends on the event time alone;
/// - every window contains the event time, and none is given twice;
/// - where windows do not merge, an event time is given every window of the family that contains it.
pub trait Assigner: Send + Sync + Debug {
    /// Appends the windows that contain `time` to `windows`, by ascending start. An event time that
    /// gets none is rejected.
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>);

    /// Whether windows that overlap become one, as sessions do. A merging assigner gives each event
    /// time a single window; further ones are ignored.
    fn merges(&self) -> bool {
        false
    }
}

const CENTURY_MICROS: u128 = 36_525 * 86_400 * 1_000_000;

/// The microseconds of a duration that has to be above zero.
pub(super) fn above_zero(key: &'static str, duration: Duration) -> Result<i64, ConfigError> {
    let expected = "whole microseconds, above zero and up to 100 years";
    whole_micros(duration)
        .filter(|&micros| micros > 0)
        .ok_or_else(|| ConfigError::value(key, expected, format!("{duration:?}")))
}

/// The microseconds of a duration that may be zero.
pub(super) fn from_zero(key: &'static str, duration: Duration) -> Result<i64, ConfigError> {
    let expected = "whole microseconds, from zero to 100 years";
    whole_micros(duration).ok_or_else(|| ConfigError::value(key, expected, format!("{duration:?}")))
}

fn whole_micros(duration: Duration) -> Option<i64> {
    let micros = duration.as_micros();
    (duration.subsec_nanos().is_multiple_of(1000) && micros <= CENTURY_MICROS)
        .then_some(micros as i64)
}
