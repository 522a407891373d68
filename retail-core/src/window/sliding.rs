use std::time::Duration;

use super::assigner::above_zero;
use super::{Assigner, Interval};
use crate::error::ConfigError;
use crate::time::Timestamp;

const MAX_OVERLAP: i64 = 10_000;

/// Windows of one size, a new one every `slide`: `[k·slide, k·slide + size)` after the epoch, for
/// every whole `k`. An item is in `size / slide` of them, rounded up or down where the slide does
/// not divide the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    size: i64,
    slide: i64,
}

impl Sliding {
    /// Windows of this size, one every `slide`; both above zero, up to 100 years, in whole
    /// microseconds. The slide is at most the size, so that every item has a window, and at least a
    /// 10,000th of it, since every item is kept once for each window it is in.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where size or slide are out of range.
    pub fn new(size: Duration, slide: Duration) -> Result<Self, ConfigError> {
        let sliding = Self {
            size: above_zero("window.sliding.size", size)?,
            slide: above_zero("window.sliding.slide", slide)?,
        };
        // The size is at most a century, so that ten thousand slides cannot overflow either.
        if sliding.slide > sliding.size || sliding.slide.saturating_mul(MAX_OVERLAP) < sliding.size
        {
            return Err(ConfigError::value(
                "window.sliding.slide",
                "at most the size and at least a 10000th of it",
                format!("{slide:?}"),
            ));
        }
        Ok(sliding)
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
        // The oldest start is the first one above time − size: the window that ends at `time` exactly
        // does not contain it.
        let older = (size - 1 - (time - newest)) / slide;
        windows.extend((0..=older).rev().map(|back| {
            let start = newest - back * slide;
            Interval::clamped(start, start + size)
        }));
    }
}
