use std::sync::Arc;

use crate::feature::{Frame, RowSet};
use crate::time::Timestamp;

/// The stream as far as it has been saved: one frame per batch, in order, without gaps.
#[derive(Debug, Clone)]
pub struct StreamView {
    /// The batches. Those that no window can hold any more may have
    /// [forgotten](Frame::forgotten) their columns.
    pub frames: Vec<Arc<Frame>>,
    /// Stream time of the first record read, kept or not.
    pub start: Timestamp,
    /// Stream time now: that of the newest record saved, or the clock's if it is later. No row that
    /// follows is earlier.
    pub now: Timestamp,
    /// Whether the source is exhausted.
    pub ended: bool,
}

impl StreamView {
    /// The number of kept rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.end_row())
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The frames after the first `seen`: the new ones for a state that has seen so many.
    #[must_use]
    pub fn frames_from(&self, seen: usize) -> &[Arc<Frame>] {
        self.frames.get(seen..).unwrap_or_default()
    }
}

/// A set of rows to train one model on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The rows.
    pub rows: RowSet,
    /// Whether no further row can join it.
    pub closed: bool,
    /// What it covers, in words, for example `first 600 s of stream time`. No two windows of a
    /// stream that move on have the same name.
    pub name: String,
}
