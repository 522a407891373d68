use std::fmt::Debug;

use super::{StreamView, Window, WindowCounts};
use crate::feature::RowSet;

/// Describes which windows a stream has. Implement it to train on windows of your own.
///
/// A strategy is a description without state. [`open`](Self::open) gives the state that follows one
/// stream; an engine opens one for each of its pipelines.
pub trait WindowStrategy: Send + Sync + Debug {
    /// The windows of a stream of which nothing has been seen yet.
    fn open(&self) -> Box<dyn WindowState>;

    /// Whether a closed window keeps its place and its rows for good, so that a model of it never
    /// has to be trained again.
    fn settles(&self) -> bool {
        false
    }
}

/// The windows of one stream as it grows. [`WindowStrategy::open`] makes it.
///
/// Contract, which `retail_core::testing::window_contract` checks:
/// - The answer depends on the stream alone. It does not matter how often the state was asked, or
///   in how many steps the stream was shown to it. Two states share nothing.
/// - There is an answer for every view: without rows, with one row, with batches that kept none.
///   Every row in it exists in the view.
/// - If rows come in order of time, each window starts and ends no earlier than the one before.
/// - A closed window keeps its rows for as long as it is listed. It stays listed unless the
///   strategy's windows move on, as those of [`ConsecutiveBatches`](super::ConsecutiveBatches) and
///   [`EventTimeWindows`](super::EventTimeWindows) do.
/// - Once the stream has ended, all windows are closed. A stream that has ended may still grow: an
///   engine can run again on a source that has more to give. Windows that only the end had closed
///   are open again then.
/// - The answers stay the same if the rows that [`keeps`](Self::keeps) leaves out are forgotten
///   after each step.
pub trait WindowState: Send {
    /// Looks at the stream and lists its windows, oldest or smallest first: the first one is for
    /// version 1 of a model. Windows at the end of the list that hold no row yet are left out.
    ///
    /// The view holds the whole stream, and each view continues the one before it. A state that
    /// remembers how many frames it has seen can look at [the new ones](StreamView::frames_from)
    /// alone.
    fn observe(&mut self, stream: &StreamView) -> Vec<Window>;

    /// The rows that a window may hold, now or later. The engine [forgets] the others among those
    /// observed, so that its memory is bounded if the windows are. By default all rows are kept.
    ///
    /// [forgets]: crate::feature::Frame::forgotten
    fn keeps(&self) -> RowSet {
        rows_from(0)
    }

    /// How many of the rows observed were on time, late, and rejected; `None` for windows that no
    /// row can be late for.
    fn counts(&self) -> Option<WindowCounts> {
        None
    }
}

/// Row `first` and all that follow, those to come included.
pub(super) fn rows_from(first: u64) -> RowSet {
    RowSet::from(first..u64::MAX)
}

/// Leaves out the windows at the end of the list that hold no row.
pub(super) fn without_empty_end(mut windows: Vec<Window>) -> Vec<Window> {
    let kept = windows.iter().rposition(|window| !window.rows.is_empty());
    windows.truncate(kept.map_or(0, |last| last + 1));
    windows
}
