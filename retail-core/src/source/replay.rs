use super::SourceError;
use crate::time::Timestamp;

/// Stamps the records of a file with virtual stream time: record `i` enters at `start + i / rate`.
///
/// The stamps depend on nothing but the record's number, so a replay at full speed gives the same
/// stream as one in real time.
///
/// ```
/// use retail_core::{source::Replay, time::Timestamp};
/// let replay = Replay::new(Timestamp::EPOCH, 100.0)?;
/// assert_eq!(replay.stamp(30_000).as_micros(), 300_000_000);
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replay {
    start: Timestamp,
    rate: f64,
}

impl Replay {
    /// Records per second unless told otherwise.
    pub const DEFAULT_RATE: f64 = 100.0;

    /// A replay that starts at `start` and runs at `rate` records per second of stream time.
    ///
    /// # Errors
    /// [`SourceError::Parameter`] unless `rate` lies in `[1e-3, 1e6]`.
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

impl Default for Replay {
    /// From the epoch at [`Replay::DEFAULT_RATE`].
    fn default() -> Self {
        Self {
            start: Timestamp::EPOCH,
            rate: Self::DEFAULT_RATE,
        }
    }
}
