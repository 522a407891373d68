use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::open::ItemWindow;
use super::{
    Assigner, BoundedOutOfOrderness, StreamView, Window, WindowCounts, WindowStrategy, Windower,
};
use crate::error::ConfigError;
use crate::feature::{Frame, Identity, RowSet};

/// Windows of event time as a strategy: tumbling, sliding or session windows to train models on.
///
/// The rows of the stream go through a [`Windower`] in stream order; the strategy names the newest
/// `keep` windows that have closed, oldest first, and after them, if asked to, all that are open.
/// Once the source is exhausted every window counts as closed. The windows move on with the stream:
/// as newer ones close, older ones drop out of the list, but a closed window never changes its rows.
/// Windows that no row fell into do not exist.
///
/// Event time passes with the rows alone: the watermark is the latest event time so far less
/// `max_out_of_orderness`, and neither stream time nor a clock moves it.
///
/// Asked again about the same stream, it works through the new frames only, and it does so for the
/// 16 streams that it was last asked about. Of a stream that it has lost sight of, and whose rows
/// have been forgotten since, it names no windows.
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
/// # Ok::<(), retail_core::error::ConfigError>(())
/// ```
pub struct EventTimeWindows<A> {
    keep: usize,
    include_open: bool,
    start: Progress<A>,
    /// Of each stream, the one asked about last at the end.
    latest: Mutex<Vec<Progress<A>>>,
}

/// Streams whose progress is remembered.
const STREAMS: usize = 16;

/// The windower after some frames.
#[derive(Clone)]
struct Progress<A> {
    /// The frames it has seen, without their data.
    seen: Vec<Identity>,
    windower: Windower<A>,
    watermarks: BoundedOutOfOrderness,
    /// The newest closed windows, at most `keep`.
    closed: VecDeque<Window>,
    /// Whether rows had been forgotten before they were seen.
    blind: bool,
}

impl<A: Assigner + Clone> EventTimeWindows<A> {
    /// The newest `keep` closed windows (1 to 1,000), with neither lateness nor disorder allowed.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where `keep` is out of range.
    pub fn new(assigner: A, keep: u32) -> Result<Self, ConfigError> {
        if !(1..=1000).contains(&keep) {
            return Err(ConfigError::value(
                "window.event_time.keep",
                "a whole number from 1 to 1000",
                keep,
            ));
        }
        Ok(Self {
            keep: keep as usize,
            include_open: false,
            start: Progress {
                seen: Vec::new(),
                windower: Windower::new(assigner),
                watermarks: BoundedOutOfOrderness::new(Duration::ZERO)?,
                closed: VecDeque::new(),
                blind: false,
            },
            latest: Mutex::new(Vec::new()),
        })
    }

    /// Keeps windows open until the watermark is this far past their end: zero to 100 years.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where the duration is out of range.
    pub fn with_allowed_lateness(
        mut self,
        allowed_lateness: Duration,
    ) -> Result<Self, ConfigError> {
        self.start.windower = self
            .start
            .windower
            .with_allowed_lateness(allowed_lateness)?;
        Ok(self.forgetful())
    }

    /// Holds the watermark this far behind the latest event time: zero to 100 years.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where the duration is out of range.
    pub fn with_max_out_of_orderness(mut self, bound: Duration) -> Result<Self, ConfigError> {
        self.start.watermarks = BoundedOutOfOrderness::new(bound)?;
        Ok(self.forgetful())
    }

    /// Whether to list the windows that are still open, after the closed ones.
    #[must_use]
    pub fn with_open(self, include_open: bool) -> Self {
        Self {
            include_open,
            ..self
        }
    }

    fn forgetful(self) -> Self {
        Self {
            latest: Mutex::new(Vec::new()),
            ..self
        }
    }

    /// How many rows of the stream were on time, late, and rejected.
    #[must_use]
    pub fn counts(&self, stream: &StreamView) -> WindowCounts {
        self.with_progress(stream, |progress| progress.windower.counts())
    }

    /// Looks at the windower after all frames of the stream.
    fn with_progress<R>(&self, stream: &StreamView, look: impl FnOnce(&Progress<A>) -> R) -> R {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out while it changes: should anything panic, no half-done work is left behind.
        let known = latest.iter().enumerate();
        let known = known.filter(|(_, known)| known.is_before(stream));
        let furthest = known.max_by_key(|(_, known)| known.seen.len());
        let mut progress = match furthest.map(|(at, _)| at) {
            Some(at) => latest.remove(at),
            None => self.start.clone(),
        };
        for frame in &stream.frames[progress.seen.len()..] {
            progress.take(frame, self.keep);
        }
        let looked = look(&progress);
        let surplus = (latest.len() + 1).saturating_sub(STREAMS);
        latest.drain(..surplus);
        latest.push(progress);
        looked
    }
}

impl<A: Debug> Debug for EventTimeWindows<A> {
    /// The configuration alone: what has been worked out so far is no part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventTimeWindows")
            .field("keep", &self.keep)
            .field("include_open", &self.include_open)
            .field("windower", &self.start.windower)
            .field("watermarks", &self.start.watermarks)
            .finish_non_exhaustive()
    }
}

impl<A: Assigner> Progress<A> {
    fn is_before(&self, stream: &StreamView) -> bool {
        let pairs = self.seen.iter().zip(&stream.frames);
        self.seen.len() <= stream.frames.len()
            && pairs.into_iter().all(|(seen, frame)| seen.is_of(frame))
    }

    fn take(&mut self, frame: &Arc<Frame>, keep: usize) {
        self.blind |= frame.is_forgotten();
        let times = frame.event_time().iter().copied();
        let items = times.zip(frame.first_row()..);
        let out = self.windower.process(&mut self.watermarks, items);
        self.closed
            .extend(out.closed.into_iter().map(|window| named(window, true)));
        let surplus = self.closed.len().saturating_sub(keep);
        self.closed.drain(..surplus);
        self.seen.push(frame.identity().clone());
    }
}

fn named(window: ItemWindow, closed: bool) -> Window {
    Window {
        rows: window.items.into_iter().collect::<RowSet>(),
        closed,
        label: format!("event time {}", window.interval),
    }
}

impl<A: Assigner + Clone> WindowStrategy for EventTimeWindows<A> {
    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        self.with_progress(stream, |progress| {
            if progress.blind {
                return Vec::new();
            }
            let mut windows: Vec<Window> = progress.closed.iter().cloned().collect();
            if stream.ended || self.include_open {
                let open = progress.windower.open();
                windows.extend(open.map(|window| named(window, stream.ended)));
            }
            if stream.ended {
                let surplus = windows.len().saturating_sub(self.keep);
                windows.drain(..surplus);
            }
            windows
        })
    }

    fn keeps(&self, stream: &StreamView) -> RowSet {
        let oldest = self.with_progress(stream, |progress| {
            let closed = progress
                .closed
                .iter()
                .map(|window| window.rows.span().start);
            let open = progress.windower.open();
            let open = open.filter_map(|window| window.items.into_iter().min());
            closed.chain(open).min()
        });
        RowSet::from(oldest.unwrap_or(stream.len())..stream.len())
    }
}
