use std::fmt::Debug;
use std::sync::Arc;

use crate::feature::{Frame, RowSet};
use crate::time::Timestamp;

/// The stream as far as it has been saved: one frame a batch, in order, without gaps.
#[derive(Debug, Clone)]
pub struct StreamView {
    /// The batches. The columns of those that no window can hold any more may have been
    /// [forgotten](Frame::forgotten).
    pub frames: Vec<Arc<Frame>>,
    /// Stream time of the first record read, kept or not.
    pub start: Timestamp,
    /// Stream time now: of the newest record saved, or of the clock where that is later. Rows that
    /// follow are not earlier than this.
    pub now: Timestamp,
    /// Whether the source is exhausted, so that no row will follow.
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
}

/// A set of rows to train one model on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The rows.
    pub rows: RowSet,
    /// Whether no further row can join it.
    pub closed: bool,
    /// What it covers, in words, for example `first 10 min of stream time`.
    pub label: String,
}

/// Names the windows of a stream. Implement it to train on windows of your own.
///
/// Contract, checked for every strategy by `retail_core::testing`:
/// - the answer depends on the view alone, so asking twice gives the same windows;
/// - rows exist in the view, and there is an answer for every view: without rows, with one row, with
///   batches that kept none;
/// - where rows come in order of time, each window starts and ends no earlier than the one before;
/// - a window that was closed keeps its rows as the stream goes on, for as long as it is listed, and
///   it stays listed unless the strategy says that its windows move on (`ConsecutiveBatches` and
///   `EventTimeWindows` do);
/// - once the stream has ended, all windows are closed;
/// - of a stream whose other rows have been forgotten, [`WindowStrategy::keeps`] being asked at each
///   step, the answers are the same.
pub trait WindowStrategy: Send + Sync + Debug {
    /// The windows so far, oldest or smallest first: the first one is for version 1 of a model.
    /// Windows that hold no row yet are left out at the end of the list.
    fn windows(&self, stream: &StreamView) -> Vec<Window>;

    /// Whether a closed window keeps its place and its rows for good, so that a model of it never has
    /// to be trained again.
    fn settles(&self) -> bool {
        false
    }

    /// The rows that a window may hold, now or later: all, unless a strategy knows better. Others the
    /// engine [forgets](Frame::forgotten), so that its memory is bounded where windows are. Rows that
    /// are still to come are kept until asked about.
    fn keeps(&self, stream: &StreamView) -> RowSet {
        RowSet::from(0..stream.len())
    }
}

/// Leaves out the windows at the end of the list that hold no row.
pub(super) fn without_empty_end(mut windows: Vec<Window>) -> Vec<Window> {
    let kept = windows.iter().rposition(|window| !window.rows.is_empty());
    windows.truncate(kept.map_or(0, |last| last + 1));
    windows
}
