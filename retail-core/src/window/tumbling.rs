use std::time::Duration;

use super::error::{positive_micros, whole_micros};
use super::{Assigner, Interval, WindowError};
use crate::time::Timestamp;

/// Windows of one size that follow each other without a gap or an overlap:
/// `[offset + k·size, offset + (k + 1)·size)` after the epoch, for every whole `k`.
///
/// ```
/// use std::time::Duration;
/// use retail_core::window::Tumbling;
/// // Trading days that begin at 06:00.
/// let days = Tumbling::new(Duration::from_secs(86_400))?.with_offset(Duration::from_secs(21_600))?;
/// # let _ = days;
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tumbling {
    size: i64,
    offset: i64,
}

impl Tumbling {
    /// Windows of this size: above zero, up to 100 years, in whole microseconds.
    ///
    /// # Errors
    /// [`WindowError::Size`] if the size is out of range.
    pub fn new(size: Duration) -> Result<Self, WindowError> {
        Ok(Self {
            size: positive_micros(size).ok_or(WindowError::Size { got: size })?,
            offset: 0,
        })
    }

    /// The same windows shifted by `offset`, which is below the size, in whole microseconds.
    ///
    /// # Errors
    /// [`WindowError::Offset`] if the offset is out of range.
    pub fn with_offset(self, offset: Duration) -> Result<Self, WindowError> {
        let offset = whole_micros(offset)
            .filter(|&micros| micros < self.size)
            .ok_or(WindowError::Offset { got: offset })?;
        Ok(Self { offset, ..self })
    }
}

impl Assigner for Tumbling {
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>) {
        let micros = time.as_micros();
        let into = (micros.rem_euclid(self.size) - self.offset).rem_euclid(self.size);
        let start = i128::from(micros) - i128::from(into);
        windows.push(Interval::clamped(start, start + i128::from(self.size)));
    }
}
