use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::Waker;
use std::time::Duration;

use super::acknowledgement::Acknowledgement;
use super::shared::Shared;
use super::spans::Followed;
use super::stop::Stop;
use super::wakeup::Wakeup;
use super::{Error, Event};
use crate::batch::{Batch, BatchLimits, Batcher, CloseReason};
use crate::clean::UnknownCustomers;
use crate::source::{ReadStatus, Source};
use crate::time::{Clock, Timestamp};

/// How long to wait when a source has nothing to give and cannot tell when it has.
const IDLE: Duration = Duration::from_millis(10);

/// How often to look at the clock and for a request to stop while a source that can tell is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// How a source is read.
pub(super) struct Reading {
    pub(super) limits: BatchLimits,
    pub(super) unknown: UnknownCustomers,
    pub(super) clock: Arc<dyn Clock>,
}

/// Reads a source and hands closed batches to the saving thread.
pub(super) struct Reader<'a> {
    pub(super) source: &'a mut dyn Source,
    pub(super) batcher: Batcher,
    pub(super) batches: SyncSender<(Batch, Followed)>,
    pub(super) acknowledgement: &'a Acknowledgement,
    pub(super) clock: &'a dyn Clock,
    pub(super) stop: Stop<'a>,
    pub(super) shared: &'a Shared,
    pub(super) wakeup: Arc<Wakeup>,
    /// How many records had come, and when the last of them did.
    pub(super) arrived: (u64, Timestamp),
}

/// Why reading is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadTo {
    /// The source is exhausted.
    End,
    /// The engine was asked to stop, or another thread has ended.
    Stop,
}

impl Reader<'_> {
    /// Reads until the source ends or reading has to stop. The batches end with this thread.
    pub(super) fn run(mut self) -> Result<ReadTo, Error> {
        let mut followed = Followed::begin();
        let waker = Waker::from(Arc::clone(&self.wakeup));
        loop {
            self.acknowledgement.deliver(self.source)?;
            let status = if self.stop.is_due() {
                None
            } else {
                let status = self.source.read(&mut self.batcher)?;
                if self.batcher.taken() != self.arrived.0 {
                    self.arrived = (self.batcher.taken(), self.clock.now());
                }
                Some(status)
            };
            match status {
                None => self.batcher.flush(CloseReason::Stop),
                Some(ReadStatus::End) => self.batcher.flush(CloseReason::End),
                Some(ReadStatus::Paused) => {}
                Some(ReadStatus::Idle) => self.grow_old(),
            }
            let mut closed = false;
            while let Some(mut batch) = self.batcher.take_closed() {
                closed = true;
                batch.mark = self.source.mark(&batch.to)?;
                followed.close(&batch);
                let closed = std::mem::replace(&mut followed, Followed::begin());
                if self.batches.send((batch, closed)).is_err() {
                    return Ok(ReadTo::Stop);
                }
            }
            let progress = self.source.progress();
            if closed {
                let status = &self.shared.status;
                status.update(|status| status.progress = Some(progress));
            }
            self.shared.notify(&Event::Read(progress));
            match status {
                None => return Ok(ReadTo::Stop),
                Some(ReadStatus::End) => return Ok(ReadTo::End),
                Some(ReadStatus::Paused) => {}
                Some(ReadStatus::Idle) if self.source.wake_when_ready(&waker) => {
                    self.wakeup.wait(LOOK);
                }
                Some(ReadStatus::Idle) => self.clock.sleep(IDLE),
            }
        }
    }

    /// Closes the open batch if it has grown old while nothing has arrived.
    fn grow_old(&mut self) {
        let idle = self.clock.now().since(self.arrived.1);
        let now = match self.batcher.open_latest() {
            Some(latest) => self.source.stream_now(latest, idle),
            None => None,
        };
        if let Some(now) = now {
            self.batcher.advance(now);
        }
    }
}
