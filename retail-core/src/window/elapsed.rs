use std::time::Duration;

use super::{StreamView, Window, WindowStrategy};
use crate::error::ConfigError;
use crate::feature::RowSet;

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
    /// [`ConfigError::Value`] where `step` is zero or above a year, or `count` out of range.
    pub fn new(step: Duration, count: u32) -> Result<Self, ConfigError> {
        if step.is_zero() || step > Duration::from_secs(366 * 86_400) {
            return Err(ConfigError::value(
                "window.elapsed.step",
                "a duration above zero and up to a year",
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
    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        (1..=self.count)
            .map(|step| {
                let length = self.step.saturating_mul(step);
                let end = stream.start.saturating_add(length);
                let full = stream
                    .frames
                    .partition_point(|frame| frame.stream_time().last().is_some_and(|&t| t < end));
                let rows = match stream.frames.get(full) {
                    Some(frame) => {
                        let inside = frame.stream_time().partition_point(|&time| time < end);
                        frame.first_row() + inside as u64
                    }
                    None => stream.len(),
                };
                Window {
                    rows: RowSet::from(0..rows),
                    closed: stream.ended || stream.now >= end,
                    label: format!("first {} s of stream time", length.as_secs_f64()),
                }
            })
            .collect()
    }
}
