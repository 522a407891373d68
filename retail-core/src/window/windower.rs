use std::time::Duration;

use super::assigner::from_zero;
use super::open::{ItemWindow, OpenWindows};
use super::{Assigner, BoundedOutOfOrderness, Interval, Watermark, WindowCounts};
use crate::error::ConfigError;
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
/// Three things make one up, and each can be had alone: *time* comes from outside as a
/// [`Watermark`], an [`Assigner`] says to which windows an event time belongs, and the open windows
/// hold their items until they close. No clock is read: windows close as the watermark moves, and
/// nothing moves it but the caller. Idleness ([`Watermark::Idle`]) moves nothing.
///
/// **One rule decides what is closed.** A window is closed when
/// `end + allowed_lateness ≤ watermark`; then, and only then, it is given out, complete and for
/// good. An item is late when all of its windows are closed. An item of several windows joins those
/// that are open. A session is closed by the same rule, merged with what the item would merge; an
/// item that would change a session already given out is late, so sessions never overlap.
///
/// Items are identities, the row numbers of the stream by default, of any type that is ordered and
/// copied cheaply. Memory is one item for each open window it is in.
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
/// # Ok::<(), retail_core::error::ConfigError>(())
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
    /// [`ConfigError::Value`] where the duration is out of range.
    pub fn with_allowed_lateness(self, allowed_lateness: Duration) -> Result<Self, ConfigError> {
        from_zero("window.allowed_lateness", allowed_lateness)?;
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
        // Everything given out ends at or before `given_out`, and what is open starts no earlier: a
        // window that starts before it would have had to merge with one that is gone.
        if window.start < self.given_out || self.is_closed(self.open.hull(window).end) {
            return Placement::Late;
        }
        self.open.add_merging(window, time, item);
        Placement::OnTime
    }

    fn is_closed(&self, end: Timestamp) -> bool {
        is_closed(end, self.allowed_lateness, self.watermark)
    }

    /// Moves the watermark and returns the windows that this closes, by ascending end. An earlier
    /// watermark than the present one, or an idle one, changes nothing.
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

    /// Takes items in order, moving the watermark after each as `watermarks` sees it. How a stream
    /// is divided into calls makes no difference. Rejected items do not move the watermark.
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

    /// Ends the stream: the windows still open are given out, by ascending end, marked as not
    /// complete. Whatever is pushed afterwards is late.
    pub fn finish(&mut self) -> Vec<ItemWindow<T>> {
        self.watermark = Timestamp::MAX;
        self.given_out = Timestamp::MAX;
        self.open.drain()
    }

    /// The windows that are open, by ascending end, as they are now.
    pub fn open(&self) -> impl Iterator<Item = ItemWindow<T>> + '_ {
        self.open.iter()
    }

    /// What became of the items so far.
    #[must_use]
    pub fn counts(&self) -> WindowCounts {
        self.counts
    }

    /// The event time the watermark has reached; [`Timestamp::MIN`] at first, never moving back.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// How far past a window's end the watermark has to be to close it.
    #[must_use]
    pub fn allowed_lateness(&self) -> Duration {
        self.allowed_lateness
    }

    /// Who says to which windows an event time belongs.
    #[must_use]
    pub fn assigner(&self) -> &A {
        &self.assigner
    }
}

/// The one rule of lateness.
fn is_closed(end: Timestamp, allowed_lateness: Duration, watermark: Timestamp) -> bool {
    end.saturating_add(allowed_lateness) <= watermark
}
