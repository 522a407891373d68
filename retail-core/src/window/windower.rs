use std::time::Duration;

use super::error::whole_micros;
use super::open::{ItemWindow, OpenWindows};
use super::{Assigner, BoundedOutOfOrderness, Interval, Watermark, WindowCounts, WindowError};
use crate::time::Timestamp;

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// It joined every window it belongs to.
    OnTime,
    /// It joined some of its windows; the others had been closed. Counted as on time.
    PartlyLate,
    /// Every window it belongs to had been closed.
    Late,
    /// No window contains its event time.
    Rejected,
}

/// What came out of a run of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windowed<T = u64> {
    /// The windows that closed, by ascending end.
    pub closed: Vec<ItemWindow<T>>,
    /// The items that came too late, in order of arrival, with their event times.
    pub late: Vec<(Timestamp, T)>,
    /// The items that no window contains, in order of arrival, with their event times.
    pub rejected: Vec<(Timestamp, T)>,
}

/// Sorts items into windows of event time and closes each window once.
///
/// Three separate things make one up: *time* comes from outside as a [`Watermark`], an [`Assigner`]
/// says which windows an event time belongs to, and the open windows hold their items until they
/// close. No clock is read: windows close as the watermark moves, and only the caller moves it.
/// Idleness ([`Watermark::Idle`]) moves nothing.
///
/// **One rule decides what is closed.** A window is closed when
/// `end + allowed_lateness ≤ watermark`. Only then is it given out, complete and for good. An item
/// is late when all of its windows are closed. If some of them are still open, it joins those.
/// Sessions follow the same rule, applied to what the item and the sessions it touches would merge
/// into. An item that would change a session already given out is late, so sessions never overlap.
///
/// An item can be of any type that is ordered and cheap to copy; by default it is a row number of
/// the stream. An item takes memory once for each open window it is in.
///
/// ```
/// use std::time::Duration;
/// use retail_core::time::Timestamp;
/// use retail_core::window::{Placement, Tumbling, Watermark, Windower};
///
/// let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
/// let hours = Tumbling::new(Duration::from_secs(3600))?;
/// let mut windower = Windower::new(hours).with_allowed_lateness(Duration::from_secs(300))?;
///
/// windower.push(at(59), 0);
/// windower.push(at(60), 1); // the next window: intervals are half-open
/// assert!(windower.advance(Watermark::EventTime(at(64))).is_empty());
/// assert_eq!(windower.push(at(58), 2), Placement::OnTime); // out of order, but allowed
///
/// let closed = windower.advance(Watermark::EventTime(at(65)));
/// assert_eq!(closed[0].interval.to_string(), "[1970-01-01T00:00:00, 1970-01-01T01:00:00)");
/// assert_eq!(closed[0].items, [0, 2]);
/// assert_eq!(windower.push(at(58), 3), Placement::Late);
/// assert_eq!(windower.finish()[0].items, [1]);
/// assert_eq!((windower.counts().on_time, windower.counts().late), (3, 1));
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Windower<A, T = u64> {
    assigner: A,
    allowed_lateness: Duration,
    watermark: Timestamp,
    given_out: Timestamp,
    open: OpenWindows<T>,
    counts: WindowCounts,
    scratch: Vec<Interval>,
}

impl<A: Assigner, T: Ord + Copy> Windower<A, T> {
    /// Windows by this assigner, with no lateness allowed.
    #[must_use]
    pub fn new(assigner: A) -> Self {
        Self {
            assigner,
            allowed_lateness: Duration::ZERO,
            watermark: Timestamp::MIN,
            given_out: Timestamp::MIN,
            open: OpenWindows::new(),
            counts: WindowCounts::default(),
            scratch: Vec::new(),
        }
    }

    /// Keeps windows open until the watermark is this far past their end: zero to 100 years, in
    /// whole microseconds.
    ///
    /// # Errors
    /// [`WindowError::AllowedLateness`] if the duration is out of range.
    pub fn with_allowed_lateness(self, allowed_lateness: Duration) -> Result<Self, WindowError> {
        whole_micros(allowed_lateness).ok_or(WindowError::AllowedLateness {
            got: allowed_lateness,
        })?;
        Ok(Self {
            allowed_lateness,
            ..self
        })
    }

    /// Takes one item.
    pub fn push(&mut self, event_time: Timestamp, item: T) -> Placement {
        let mut windows = std::mem::take(&mut self.scratch);
        self.assigner.assign(event_time, &mut windows);
        windows.retain(|window| window.contains(event_time));
        let placement = if self.assigner.merges() {
            self.place_merging(windows.first().copied(), event_time, item)
        } else {
            self.place(&windows, event_time, item)
        };
        windows.clear();
        self.scratch = windows;
        match placement {
            Placement::OnTime => self.counts.on_time += 1,
            Placement::PartlyLate => {
                self.counts.on_time += 1;
                self.counts.partly_late += 1;
            }
            Placement::Late => self.counts.late += 1,
            Placement::Rejected => self.counts.rejected += 1,
        }
        placement
    }

    fn place(&mut self, windows: &[Interval], event_time: Timestamp, item: T) -> Placement {
        let mut joined = 0;
        for &window in windows {
            if !self.is_closed(window.end) {
                self.open.add(window, event_time, item);
                joined += 1;
            }
        }
        match joined {
            _ if windows.is_empty() => Placement::Rejected,
            0 => Placement::Late,
            _ if joined < windows.len() => Placement::PartlyLate,
            _ => Placement::OnTime,
        }
    }

    fn place_merging(&mut self, window: Option<Interval>, time: Timestamp, item: T) -> Placement {
        let Some(window) = window else {
            return Placement::Rejected;
        };
        // Everything given out ends at or before `given_out`, and what is open starts no earlier. A
        // window that starts before it would have to merge with one that is gone.
        if window.start < self.given_out || self.is_closed(self.open.hull(window).end) {
            return Placement::Late;
        }
        self.open.add_merging(window, time, item);
        Placement::OnTime
    }

    fn is_closed(&self, end: Timestamp) -> bool {
        is_closed(end, self.allowed_lateness, self.watermark)
    }

    /// Moves the watermark and returns the windows that this closes, by ascending end. A watermark
    /// that is idle or not later than the present one changes nothing.
    pub fn advance(&mut self, watermark: Watermark) -> Vec<ItemWindow<T>> {
        match watermark {
            Watermark::EventTime(time) if time > self.watermark => self.watermark = time,
            _ => return Vec::new(),
        }
        let (lateness, reached) = (self.allowed_lateness, self.watermark);
        let closed = self.open.close(|end| is_closed(end, lateness, reached));
        if let Some(last) = closed.last() {
            self.given_out = last.interval.end;
        }
        closed
    }

    /// Takes items in order and moves the watermark after each, as `watermarks` sees it. It makes no
    /// difference how a stream is divided into calls. Rejected items do not move the watermark.
    pub fn process(
        &mut self,
        watermarks: &mut BoundedOutOfOrderness,
        items: impl IntoIterator<Item = (Timestamp, T)>,
    ) -> Windowed<T> {
        let mut out = Windowed {
            closed: Vec::new(),
            late: Vec::new(),
            rejected: Vec::new(),
        };
        for (time, item) in items {
            match self.push(time, item) {
                Placement::Rejected => {
                    out.rejected.push((time, item));
                    continue;
                }
                Placement::Late => out.late.push((time, item)),
                Placement::OnTime | Placement::PartlyLate => {}
            }
            out.closed
                .append(&mut self.advance(watermarks.observe(time)));
        }
        out
    }

    /// Ends the stream: gives out the windows still open, by ascending end, marked as not complete.
    /// Items pushed afterwards are late.
    pub fn finish(&mut self) -> Vec<ItemWindow<T>> {
        self.watermark = Timestamp::MAX;
        self.given_out = Timestamp::MAX;
        self.open.drain()
    }

    /// The windows that are open, by ascending end, as they are now.
    pub fn open(&self) -> impl Iterator<Item = ItemWindow<T>> + '_ {
        self.open.iter()
    }

    /// The least item of all open windows.
    pub(super) fn least_open(&self) -> Option<T> {
        self.open.least()
    }

    /// What became of the items so far.
    #[must_use]
    pub fn counts(&self) -> WindowCounts {
        self.counts
    }

    /// The event time that the watermark has reached: [`Timestamp::MIN`] at first. It never moves back.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// How far past a window's end the watermark has to be to close it.
    #[must_use]
    pub fn allowed_lateness(&self) -> Duration {
        self.allowed_lateness
    }

    /// What says which windows an event time belongs to.
    #[must_use]
    pub fn assigner(&self) -> &A {
        &self.assigner
    }
}

/// The one rule of lateness.
fn is_closed(end: Timestamp, allowed_lateness: Duration, watermark: Timestamp) -> bool {
    end.saturating_add(allowed_lateness) <= watermark
}
