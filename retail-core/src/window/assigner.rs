use std::fmt::Debug;

use super::Interval;
use crate::time::Timestamp;

/// Says to which windows an event time belongs: [`Tumbling`](super::Tumbling),
/// [`Sliding`](super::Sliding), [`Session`](super::Session), or windows of your own.
///
/// Contract, checked by `retail_core::testing::windower_contract`:
/// - the answer depends on the event time alone;
/// - every window contains the event time, and none is given twice;
/// - unless windows merge, an event time is given every window of the family that contains it.
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
