use std::time::Duration;

use super::strategy::without_empty_end;
use super::{StreamView, Window, WindowStrategy};
use crate::error::ConfigError;
use crate::feature::{Frame, RowSet};

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
    /// [`ConfigError::Value`] where `step` is zero, above a year or not in whole microseconds, or
    /// `count` out of range.
    pub fn new(step: Duration, count: u32) -> Result<Self, ConfigError> {
        let whole = step.subsec_nanos().is_multiple_of(1000);
        if !whole || step.is_zero() || step > Duration::from_secs(366 * 86_400) {
            return Err(ConfigError::value(
                "window.elapsed.step",
                "whole microseconds, above zero and up to a year",
                format!("{step:?}"),
            ));
        }
        if !(1..=1000).contains(&count) {
            return Err(ConfigError::value(
                "window.elapsed.count",
                "a whole number from 1 to 1000",
                count,
            ));
        }
        Ok(Self { step, count })
    }
}

impl WindowStrategy for ElapsedPrefix {
    fn settles(&self) -> bool {
        true
    }

    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        // A batch that kept no row has no time, and would mislead the search.
        let frames: Vec<&Frame> = stream
            .frames
            .iter()
            .map(AsRef::as_ref)
            .filter(|frame| !frame.is_empty())
            .collect();
        let windows = (1..=self.count).map(|steps| {
            let length = self.step.saturating_mul(steps);
            let end = stream.start.saturating_add(length);
            let full = frames.partition_point(|frame| {
                frame.stream_time().last().is_some_and(|&time| time < end)
            });
            let rows = frames.get(full).map_or(stream.len(), |frame| {
                let inside = frame.stream_time().partition_point(|&time| time < end);
                frame.first_row() + inside as u64
            });
            Window {
                rows: RowSet::from(0..rows),
                closed: stream.ended || stream.now >= end,
                label: format!("first {} s of stream time", length.as_secs_f64()),
            }
        });
        without_empty_end(windows.collect())
    }

    fn keeps(&self, stream: &StreamView) -> RowSet {
        let whole = self.step.saturating_mul(self.count);
        if stream.now < stream.start.saturating_add(whole) {
            return RowSet::from(0..stream.len());
        }
        let windows = self.windows(stream);
        windows
            .last()
            .map_or_else(RowSet::new, |window| window.rows.clone())
    }
}
