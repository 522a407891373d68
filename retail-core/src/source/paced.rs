use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::{
    Incoming, Mark, Origin, Place, Position, Progress, Pushed, ReadStatus, Sink, Source,
    SourceError, SourceId,
};
use crate::time::{Clock, Timestamp};

/// Holds a source back to the pace of its stream time, or to `speed` times that pace.
///
/// The first record read ties stream time to the clock, and so does the first one after each
/// [`Source::seek`]. At most one record is given before it is due, the next one: a source cannot
/// take back what it has pushed. Records that cannot be read have no time and come with the record
/// before them. If the clock is set back, the source waits until the clock has caught up.
///
/// [`ReadStatus::Idle`] means that nothing is due, or that the source has nothing at the moment.
/// [`ReadStatus::End`] comes when the last record is due.
pub struct Paced<S> {
    inner: S,
    clock: Arc<dyn Clock>,
    speed: f64,
    /// Clock and stream time of the first record.
    origin: Option<(Timestamp, Timestamp)>,
    /// The latest stream time given. Nothing more is due before it.
    given: Timestamp,
    /// Whether the source had nothing when it was last read. Time then goes on without it.
    dry: bool,
}

impl<S: Source> Paced<S> {
    /// Paces `inner` by `clock`, `speed` times as fast as its stream time.
    ///
    /// # Errors
    /// [`SourceError::Parameter`] if `speed` is not in `[1e-3, 1e6]`.
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

    /// Before the first record, nothing ties stream time to the clock.
    fn forget_time(&mut self) {
        self.origin = None;
        self.given = Timestamp::MIN;
        self.dry = false;
    }

    /// Stream time by the clock, once a record has been read.
    fn now(&self) -> Option<Timestamp> {
        let (wall, stream) = self.origin?;
        let elapsed = self.clock.now().since(wall).as_secs_f64() * self.speed;
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        Some(stream.saturating_add(elapsed))
    }
}

/// Passes records on until one is given that is not due yet.
struct Gate<'a> {
    sink: &'a mut dyn Sink,
    given: &'a mut Timestamp,
    due: Timestamp,
    /// Whether the sink itself wants more.
    wanted: ControlFlow<()>,
}

impl Sink for Gate<'_> {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        if let Ok(row) = record {
            *self.given = (*self.given).max(row.timestamp);
        }
        let mut pushed = self.sink.push(origin, record);
        self.wanted = pushed.flow;
        if *self.given > self.due {
            pushed.flow = ControlFlow::Break(());
        }
        pushed
    }

    fn jump(&mut self, partition: u32, offset: u64) {
        self.sink.jump(partition, offset);
    }

    fn flush(&mut self) {
        self.sink.flush();
    }

    fn wants_text(&self) -> bool {
        self.sink.wants_text()
    }
}

impl<S: Source> Source for Paced<S> {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    fn label(&self) -> Option<&str> {
        self.inner.label()
    }

    fn part_name(&self, part: u32) -> Option<String> {
        self.inner.part_name(part)
    }

    fn continues(&self, saved: &SourceId) -> Result<bool, SourceError> {
        self.inner.continues(saved)
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.forget_time();
        self.inner.seek(position)
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        self.inner.mark(position)
    }

    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        self.forget_time();
        self.inner.resume(places)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        let now = self.now();
        if now.is_some_and(|now| now < self.given) {
            return Ok(ReadStatus::Idle);
        }
        // The first record is let through: it says where stream time begins.
        let mut gate = Gate {
            sink,
            given: &mut self.given,
            due: now.unwrap_or(Timestamp::MIN),
            wanted: ControlFlow::Continue(()),
        };
        let status = self.inner.read(&mut gate)?;
        let wanted = gate.wanted;
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

    /// Only while the source has nothing: what is not due yet is waited for by the clock.
    fn wake_when_ready(&mut self, waker: &Waker) -> bool {
        self.dry && self.inner.wake_when_ready(waker)
    }

    /// Stream time by the clock. While records that are due by now may be waiting, it does not go
    /// beyond the last record given.
    fn stream_now(&self, _: Timestamp, _: Duration) -> Option<Timestamp> {
        let now = self.now()?;
        Some(if self.dry { now } else { now.min(self.given) })
    }
}

#[cfg(test)]
mod tests;
