use std::collections::VecDeque;
use std::time::Duration;

use super::error::is_window_count;
use super::strategy::rows_from;
use super::{
    Assigner, BoundedOutOfOrderness, ItemWindow, StreamView, Window, WindowCounts, WindowError,
    WindowState, WindowStrategy, Windower,
};
use crate::feature::{Frame, RowSet};

/// Windows of event time as a strategy: tumbling, sliding or session windows to train models on.
///
/// The rows of the stream go through a [`Windower`] in stream order. Listed are the newest `keep`
/// windows that have closed, oldest first, and after them, on request, all that are open. Once the
/// source is exhausted every window counts as closed. The windows move on with the stream: as newer
/// ones close, older ones drop out of the list, but a closed window never changes its rows. Windows
/// that no row fell into do not exist.
///
/// Event time passes with the rows alone: the watermark is the latest event time so far less
/// `max_out_of_orderness`. Neither stream time nor a clock moves it.
///
/// If it is opened on a stream whose first rows have been forgotten, it cannot know what its windows
/// held, and lists none.
///
/// ```
/// use std::time::Duration;
/// use retail_core::window::{EventTimeWindows, Tumbling};
///
/// // The last three full weeks, closed once a sale of a day later has been seen.
/// let week = Duration::from_secs(7 * 86_400);
/// let strategy = EventTimeWindows::new(Tumbling::new(week)?, 3)?
///     .with_allowed_lateness(Duration::from_secs(86_400))?;
/// # let _ = strategy;
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EventTimeWindows<A> {
    keep: usize,
    include_open: bool,
    /// As every stream begins: without items.
    windower: Windower<A>,
    watermarks: BoundedOutOfOrderness,
}

impl<A: Assigner + Clone> EventTimeWindows<A> {
    /// The newest `keep` closed windows (1 to 1,000), with neither lateness nor disorder allowed.
    ///
    /// # Errors
    /// [`WindowError::Keep`] if `keep` is out of range.
    pub fn new(assigner: A, keep: u32) -> Result<Self, WindowError> {
        if !is_window_count(keep) {
            return Err(WindowError::Keep { got: keep });
        }
        Ok(Self {
            keep: keep as usize,
            include_open: false,
            windower: Windower::new(assigner),
            watermarks: BoundedOutOfOrderness::new(Duration::ZERO)?,
        })
    }

    /// Keeps windows open until the watermark is this far past their end: zero to 100 years.
    ///
    /// # Errors
    /// [`WindowError::AllowedLateness`] if the duration is out of range.
    pub fn with_allowed_lateness(self, allowed_lateness: Duration) -> Result<Self, WindowError> {
        Ok(Self {
            windower: self.windower.with_allowed_lateness(allowed_lateness)?,
            ..self
        })
    }

    /// Holds the watermark this far behind the latest event time: zero to 100 years.
    ///
    /// # Errors
    /// [`WindowError::MaxOutOfOrderness`] if the duration is out of range.
    pub fn with_max_out_of_orderness(self, bound: Duration) -> Result<Self, WindowError> {
        Ok(Self {
            watermarks: BoundedOutOfOrderness::new(bound)?,
            ..self
        })
    }

    /// Whether to list the windows that are still open, after the closed ones.
    #[must_use]
    pub fn with_open(self, include_open: bool) -> Self {
        Self {
            include_open,
            ..self
        }
    }
}

impl<A: Assigner + Clone + 'static> WindowStrategy for EventTimeWindows<A> {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(EventTimeState {
            keep: self.keep,
            include_open: self.include_open,
            windower: self.windower.clone(),
            watermarks: self.watermarks,
            seen: 0,
            rows: 0,
            closed: VecDeque::new(),
            blind: false,
        })
    }
}

/// The windows after some frames.
struct EventTimeState<A> {
    keep: usize,
    include_open: bool,
    windower: Windower<A>,
    watermarks: BoundedOutOfOrderness,
    /// Frames seen, and the rows in them.
    seen: usize,
    rows: u64,
    /// The newest closed windows, at most `keep`.
    closed: VecDeque<Window>,
    /// Whether rows had been forgotten before they were seen.
    blind: bool,
}

impl<A: Assigner> EventTimeState<A> {
    fn take(&mut self, frame: &Frame) {
        self.seen += 1;
        self.rows = frame.end_row();
        self.blind |= frame.is_forgotten();
        let times = frame.event_time().iter().copied();
        let items = times.zip(frame.first_row()..);
        let out = self.windower.process(&mut self.watermarks, items);
        let closed = out.closed.into_iter().map(|window| named(window, true));
        self.closed.extend(closed);
        let surplus = self.closed.len().saturating_sub(self.keep);
        self.closed.drain(..surplus);
    }
}

fn named(window: ItemWindow, closed: bool) -> Window {
    Window {
        rows: window.items.into_iter().collect::<RowSet>(),
        closed,
        name: format!("event time {}", window.interval),
    }
}

impl<A: Assigner> WindowState for EventTimeState<A> {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        for frame in stream.frames_from(self.seen) {
            self.take(frame);
        }
        if self.blind {
            return Vec::new();
        }
        let mut windows: Vec<Window> = self.closed.iter().cloned().collect();
        if stream.ended || self.include_open {
            let open = self.windower.open();
            windows.extend(open.map(|window| named(window, stream.ended)));
        }
        if stream.ended {
            let surplus = windows.len().saturating_sub(self.keep);
            windows.drain(..surplus);
        }
        windows
    }

    fn keeps(&self) -> RowSet {
        let closed = self.closed.iter().map(|window| window.rows.span().start);
        let oldest = closed.chain(self.windower.least_open()).min();
        rows_from(oldest.unwrap_or(self.rows))
    }

    fn counts(&self) -> Option<WindowCounts> {
        Some(self.windower.counts())
    }
}
