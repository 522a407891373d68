use super::SourceError;
use crate::time::Timestamp;

/// Virtual stream time: record `i` of a stream enters it at `start + i / rate`.
///
/// The stamps depend on the record's number alone. A file read at full speed therefore gives the
/// same stream as one read at the pace of its stamps.
///
/// ```
/// use retail_core::{source::VirtualTime, time::Timestamp};
/// let time = VirtualTime::new(Timestamp::EPOCH, 100.0)?;
/// assert_eq!(time.stamp(30_000).as_micros(), 300_000_000);
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VirtualTime {
    start: Timestamp,
    rate: f64,
}

impl VirtualTime {
    /// The default number of records per second.
    pub const DEFAULT_RATE: f64 = 100.0;

    /// Time that starts at `start`, with `rate` records per second.
    ///
    /// # Errors
    /// [`SourceError::Parameter`] if `rate` is not in `[1e-3, 1e6]`.
    pub fn new(start: Timestamp, rate: f64) -> Result<Self, SourceError> {
        if (1e-3..=1e6).contains(&rate) {
            Ok(Self { start, rate })
        } else {
            Err(SourceError::Parameter {
                parameter: "rate",
                expected: "records per second from 0.001 to 1000000",
                got: rate.to_string(),
            })
        }
    }

    /// When the stream starts.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// Records per second of stream time.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// The stream time of record `index`, to the microsecond.
    #[must_use]
    #[inline]
    pub fn stamp(&self, index: u64) -> Timestamp {
        let micros = index as f64 * 1e6 / self.rate;
        Timestamp::from_micros(self.start.as_micros().saturating_add(micros as i64))
    }
}

impl Default for VirtualTime {
    /// From the epoch at [`VirtualTime::DEFAULT_RATE`].
    fn default() -> Self {
        Self {
            start: Timestamp::EPOCH,
            rate: Self::DEFAULT_RATE,
        }
    }
}
