use std::time::Duration;

use super::assigner::above_zero;
use super::{Assigner, Interval};
use crate::error::ConfigError;
use crate::time::Timestamp;

/// Windows of one size that follow each other without gap or overlap:
/// `[offset + k·size, offset + (k + 1)·size)` after the epoch, for every whole `k`.
///
/// ```
/// use std::time::Duration;
/// use retail_core::window::Tumbling;
/// // Trading days that begin at 06:00.
/// let days = Tumbling::new(Duration::from_secs(86_400))?.with_offset(Duration::from_secs(21_600))?;
/// # let _ = days;
/// # Ok::<(), retail_core::error::ConfigError>(())
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
    /// [`ConfigError::Value`] where the size is out of range.
    pub fn new(size: Duration) -> Result<Self, ConfigError> {
        Ok(Self {
            size: above_zero("window.tumbling.size", size)?,
            offset: 0,
        })
    }

    /// The same windows shifted by `offset`, which is below the size, in whole microseconds.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where the offset is out of range.
    pub fn with_offset(self, offset: Duration) -> Result<Self, ConfigError> {
        let micros = offset.as_micros();
        if !offset.subsec_nanos().is_multiple_of(1000) || micros >= self.size as u128 {
            return Err(ConfigError::value(
                "window.tumbling.offset",
                "whole microseconds, from zero to below the size",
                format!("{offset:?}"),
            ));
        }
        Ok(Self {
            offset: micros as i64,
            ..self
        })
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
