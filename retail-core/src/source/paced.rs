use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Incoming, Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use crate::time::{Clock, Timestamp};

/// Holds a source back to the pace of its stream time: a replay as it happened, or `speed` times as
/// fast.
///
/// The first record read sets the origin of both times, again after each [`Source::seek`]. Of the
/// records that are not due yet at most one is given, the next one: a source does not take back
/// what it has pushed. Records that cannot be read have no time, and come with the record before
/// them. A clock that is set back holds the source until it has caught up.
///
/// [`ReadStatus::Idle`] says that nothing is due, or that the source has nothing at the moment;
/// [`ReadStatus::End`] comes when the last record is due.
pub struct Paced<S> {
    inner: S,
    clock: Arc<dyn Clock>,
    speed: f64,
    /// Clock and stream time of the first record.
    origin: Option<(Timestamp, Timestamp)>,
    /// The latest stream time given: nothing more is due before.
    given: Timestamp,
    /// Whether the source had nothing when it was last read, so that time goes on without it.
    dry: bool,
}

impl<S: Source> Paced<S> {
    /// Paces `inner` by `clock`, `speed` times as fast as its stream time.
    ///
    /// # Errors
    /// [`SourceError::Parameter`] unless `speed` lies in `[1e-3, 1e6]`.
    pub fn new(inner: S, clock: Arc<dyn Clock>, speed: f64) -> Result<Self, SourceError> {
        if !(1e-3..=1e6).contains(&speed) {
            return Err(SourceError::Parameter {
                parameter: "speed",
                expected: "a factor from 0.001 to 1000000",
                got: speed.to_string(),
            });
        }
        Ok(Self {
            inner,
            clock,
            speed,
            origin: None,
            given: Timestamp::MIN,
            dry: false,
        })
    }

    /// Stream time by the clock, once a record has been read.
    fn now(&self) -> Option<Timestamp> {
        let (wall, stream) = self.origin?;
        let elapsed = self.clock.now().since(wall).as_secs_f64() * self.speed;
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        Some(stream.saturating_add(elapsed))
    }
}

impl<S: Source> Source for Paced<S> {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    fn continues(&self, saved: &SourceId) -> Result<bool, SourceError> {
        self.inner.continues(saved)
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.origin = None;
        self.given = Timestamp::MIN;
        self.dry = false;
        self.inner.seek(position)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        let now = self.now();
        if now.is_some_and(|now| now < self.given) {
            return Ok(ReadStatus::Idle);
        }
        // The first record of all is let through: it says where stream time begins.
        let due = now.unwrap_or(Timestamp::MIN);
        let given = &mut self.given;
        let mut wanted = ControlFlow::Continue(());
        let mut forward = |origin: Origin, record: Incoming<'_>| {
            if let Ok(row) = &record {
                *given = (*given).max(row.timestamp);
            }
            wanted = sink.push(origin, record);
            if wanted.is_break() || *given > due {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let status = self.inner.read(&mut forward)?;
        if self.origin.is_none() && self.given > Timestamp::MIN {
            self.origin = Some((self.clock.now(), self.given));
        }
        self.dry = status == ReadStatus::Idle;
        Ok(match status {
            ReadStatus::Paused if wanted.is_continue() => ReadStatus::Idle,
            status => status,
        })
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.saved(position)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    /// Stream time by the clock, but not beyond the last record given, where records that are due
    /// by now may be waiting.
    fn stream_now(&self) -> Option<Timestamp> {
        let now = self.now()?;
        Some(if self.dry { now } else { now.min(self.given) })
    }
}

#[cfg(test)]
mod tests;
