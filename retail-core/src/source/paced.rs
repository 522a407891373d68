use std::ops::ControlFlow;
use std::sync::Arc;

use super::{
    Incoming, Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use crate::time::{Clock, Timestamp};

/// Holds a source back to the pace of its stream time: a replay as it happened, or `speed` times as
/// fast.
///
/// The first record read sets the origin of both times. A record may be up to one record's interval
/// early.
pub struct Paced<S> {
    inner: S,
    clock: Arc<dyn Clock>,
    speed: f64,
    origin: Option<(Timestamp, Timestamp)>,
    ahead_until: Timestamp,
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
            ahead_until: Timestamp::MIN,
        })
    }

    /// Stream time by the clock, once a record has been read.
    fn now(&self) -> Option<Timestamp> {
        let (wall, stream) = self.origin?;
        let elapsed = self.clock.now().since(wall).mul_f64(self.speed);
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
        self.inner.seek(position)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        let now = self.now();
        if now.is_some_and(|now| now < self.ahead_until) {
            return Ok(ReadStatus::Idle);
        }
        // The first record of all is let through: it says where stream time begins.
        let allowed = now.unwrap_or(Timestamp::MIN);
        let mut newest = self.ahead_until;
        let mut wanted = ControlFlow::Continue(());
        let mut forward = |origin: Origin, record: Incoming<'_>| {
            if let Ok(row) = &record {
                newest = newest.max(row.timestamp);
            }
            wanted = sink.push(origin, record);
            if wanted.is_break() || newest >= allowed {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let status = self.inner.read(&mut forward)?;
        self.ahead_until = newest;
        if self.origin.is_none() && newest > Timestamp::MIN {
            self.origin = Some((self.clock.now(), newest));
        }
        Ok(match status {
            ReadStatus::Paused if wanted.is_continue() => ReadStatus::Idle,
            status => status,
        })
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    fn stream_now(&self) -> Option<Timestamp> {
        self.now()
    }
}
