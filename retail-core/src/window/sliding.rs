use std::time::Duration;

use super::error::positive_micros;
use super::{Assigner, Interval, WindowError};
use crate::time::Timestamp;

const MAX_OVERLAP: i64 = 10_000;

/// Windows of one size, a new one every `slide`: `[k·slide, k·slide + size)` after the epoch, for
/// every whole `k`. An item is in `size / slide` of them, rounded up or down if the slide does not
/// divide the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    size: i64,
    slide: i64,
}

impl Sliding {
    /// Windows of this size, one every `slide`. The size is above zero, up to 100 years, in whole
    /// microseconds. The slide is at most the size, so that every item has a window, and at least a
    /// 10,000th of it, because an item is kept once for each window it is in.
    ///
    /// # Errors
    /// [`WindowError::Size`] or [`WindowError::Slide`], whichever is out of range.
    pub fn new(size: Duration, slide: Duration) -> Result<Self, WindowError> {
        let size_micros = positive_micros(size).ok_or(WindowError::Size { got: size })?;
        let fits =
            |&slide: &i64| slide <= size_micros && slide.saturating_mul(MAX_OVERLAP) >= size_micros;
        Ok(Self {
            size: size_micros,
            slide: positive_micros(slide)
                .filter(fits)
                .ok_or(WindowError::Slide { got: slide })?,
        })
    }
}

impl Assigner for Sliding {
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>) {
        let (time, size, slide) = (
            i128::from(time.as_micros()),
            i128::from(self.size),
            i128::from(self.slide),
        );
        let newest = time - time.rem_euclid(slide);
        // The oldest start is the first one above time − size: a window that ends exactly at `time`
        // does not contain it.
        let older = (size - 1 - (time - newest)) / slide;
        windows.extend((0..=older).rev().map(|back| {
            let start = newest - back * slide;
            Interval::clamped(start, start + size)
        }));
    }
}
