use std::time::Duration;

use super::error::is_window_count;
use super::strategy::{rows_from, without_empty_end};
use super::{StreamView, Window, WindowError, WindowState, WindowStrategy};
use crate::feature::RowSet;
use crate::time::Timestamp;

/// The first `step`, 2 × `step`, … `count` × `step` of stream time.
///
/// Window `k` holds the rows whose stream time lies in `[start, start + k × step)`. It is closed as
/// soon as stream time has reached its end, or the source is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElapsedPrefix {
    step: Duration,
    count: u32,
}

impl ElapsedPrefix {
    /// `count` windows (1 to 1,000), each `step` longer than the one before.
    ///
    /// # Errors
    /// [`WindowError::Step`] if `step` is zero, above a year or not in whole microseconds;
    /// [`WindowError::Count`] if `count` is out of range.
    pub fn new(step: Duration, count: u32) -> Result<Self, WindowError> {
        let whole = step.subsec_nanos().is_multiple_of(1000);
        if !whole || step.is_zero() || step > Duration::from_secs(366 * 86_400) {
            return Err(WindowError::Step { got: step });
        }
        if !is_window_count(count) {
            return Err(WindowError::Count { got: count });
        }
        Ok(Self { step, count })
    }

    /// How much stream time window `k` covers, counted from 1.
    fn length(&self, k: u32) -> Duration {
        self.step.saturating_mul(k)
    }
}

impl WindowStrategy for ElapsedPrefix {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(Prefixes {
            strategy: *self,
            seen: 0,
            full: Vec::new(),
            keeps: rows_from(0),
        })
    }

    fn settles(&self) -> bool {
        true
    }
}

/// How many rows the prefixes have.
struct Prefixes {
    strategy: ElapsedPrefix,
    /// Frames seen.
    seen: usize,
    /// The number of rows of each window that a later row has been seen after, shortest first.
    full: Vec<u64>,
    keeps: RowSet,
}

impl Prefixes {
    /// The end of window `k`, counted from 1.
    fn end(&self, stream: &StreamView, k: u32) -> Timestamp {
        stream.start.saturating_add(self.strategy.length(k))
    }

    /// Finds the windows that end within the new frames.
    fn advance(&mut self, stream: &StreamView) {
        for frame in stream.frames_from(self.seen) {
            self.seen += 1;
            if frame.is_empty() {
                continue;
            }
            while self.full.len() < self.strategy.count as usize {
                let end = self.end(stream, self.full.len() as u32 + 1);
                let times = frame.stream_time();
                if times.last().is_some_and(|&last| last < end) {
                    break;
                }
                // A frame that has been forgotten lies after the last window.
                let inside = times.partition_point(|&time| time < end);
                self.full.push(frame.first_row() + inside as u64);
            }
        }
    }
}

impl WindowState for Prefixes {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        self.advance(stream);
        let rows_of = |k: u32| self.full.get(k as usize - 1).copied();
        let count = self.strategy.count;
        let windows = (1..=count).map(|k| Window {
            rows: RowSet::from(0..rows_of(k).unwrap_or(stream.len())),
            closed: stream.ended || stream.now >= self.end(stream, k),
            name: format!(
                "first {} s of stream time",
                self.strategy.length(k).as_secs_f64()
            ),
        });
        let windows = without_empty_end(windows.collect());
        self.keeps = if stream.now >= self.end(stream, count) {
            RowSet::from(0..rows_of(count).unwrap_or(stream.len()))
        } else {
            rows_from(0)
        };
        windows
    }

    fn keeps(&self) -> RowSet {
        self.keeps.clone()
    }
}
