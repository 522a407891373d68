//! Transactions that the program pushes while the engine runs.

mod push;
mod queue;
mod sender;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use self::queue::Queue;
use super::{Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId};
use crate::record::Transactions;

pub use self::push::{Push, PushError};
pub use self::sender::ChannelSender;

/// Transactions that the program pushes through a [`ChannelSender`], from any thread or task, while the
/// engine runs. Dropping the last sender ends the stream: the last batch is saved and trained on.
///
/// ```
/// use retail_core::prelude::*;
/// # let now = Timestamp::EPOCH;
/// # let row = Transaction {
/// #     invoice: "1".into(), stock_code: "A".into(), description: String::new(), quantity: 1,
/// #     invoice_date: now, price: 2.5, customer_id: Some(1), country: String::new(), timestamp: now,
/// # };
/// # let rows = vec![row; 2_000];
///
/// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
/// let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 10_000);
/// let running = std::thread::spawn(move || engine.run(&mut source));
/// sender.push(rows)?;
/// drop(sender);
/// assert_eq!(running.join().expect("no panic")?.rows_kept, 2_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # After a crash
/// What has been pushed is in memory only, until the batch that it is in has been saved. If the process
/// ends before, those rows are gone unless the program pushes them again. It can: rows are counted along
/// the stream, across restarts. [`ChannelSender::push`] returns the number of rows up to and with those
/// pushed, and [`ChannelSender::saved`] how many of them are in saved batches. A program that still has
/// its rows, in a log, a table or a queue, thus hands over each exactly once:
///
/// - it begins with the row number `sender.saved()`, counted from 0: right after opening, that is where
///   the saved batches of the folder end;
/// - while it runs, it may let go of the rows before `sender.saved()`, or acknowledge them.
///
/// Rows that are rejected count, too.
///
/// ```
/// use retail_core::prelude::*;
/// # fn run(mut engine: Engine, log: &[Transaction]) -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 10_000);
/// let unsaved = &log[usize::try_from(sender.saved())?..];
/// std::thread::scope(|scope| {
///     let running = scope.spawn(move || engine.run(&mut source));
///     sender.push(unsaved)?;
///     drop(sender);
///     running.join().expect("no panic")?;
///     Ok(())
/// })
/// # }
/// # let now = Timestamp::EPOCH;
/// # let row = Transaction {
/// #     invoice: "1".into(), stock_code: "A".into(), description: String::new(), quantity: 1,
/// #     invoice_date: now, price: 2.5, customer_id: Some(1), country: String::new(), timestamp: now,
/// # };
/// # let rows = vec![row; 100];
/// # run(Engine::builder(EngineConfig::default())?.open()?, &rows)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Several runs
/// An engine that was stopped can run the same source again: the rows that are still waiting follow.
/// A source whose next row is not the one that follows the saved batches is refused with
/// [`SourceError::OtherPosition`], so that no row is skipped or counted twice.
#[derive(Debug)]
pub struct ChannelSource {
    queue: Arc<Queue>,
    name: String,
    /// The push that is being read, and its next row.
    current: Transactions,
    row: usize,
    /// The offset of the next record.
    next: u64,
}

impl ChannelSource {
    /// A sender, and the source that gives what it sends.
    ///
    /// - `name` identifies the stream: a folder is continued only under the name that it was begun
    ///   with.
    /// - `position` says where in the stream the first row pushed stands: after the saved batches, which
    ///   is [`Engine::position`](crate::engine::Engine::position).
    /// - `capacity` is the number of rows from which on senders wait. A push goes in as a whole as soon
    ///   as fewer rows than that are waiting to be read, so there are never more than `capacity` and the
    ///   rows of one push. 0 counts as 1.
    #[must_use]
    pub fn bounded(
        name: impl Into<String>,
        position: &Position,
        capacity: usize,
    ) -> (ChannelSender, Self) {
        let next = position.next_offset(0);
        let queue = Arc::new(Queue::new(next, capacity));
        let source = Self {
            queue: Arc::clone(&queue),
            name: name.into(),
            current: Transactions::new(),
            row: 0,
            next,
        };
        (ChannelSender::new(queue), source)
    }
}

impl Source for ChannelSource {
    /// The name.
    fn id(&self) -> SourceId {
        SourceId(BTreeMap::from([
            ("kind".to_owned(), "channel".to_owned()),
            ("name".to_owned(), self.name.clone()),
        ]))
    }

    /// Only to where the source is: rows that have been taken are not kept, and none is skipped.
    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let expected = position.next_offset(0);
        if expected == self.next {
            self.queue.saved(expected);
            return Ok(());
        }
        Err(SourceError::OtherPosition {
            expected,
            got: self.next,
        })
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            while let Some(row) = self.current.get(self.row) {
                let origin = Origin {
                    partition: 0,
                    part: 0,
                    offset: self.next,
                    line: None,
                };
                self.row += 1;
                self.next += 1;
                if sink.push(origin, &Ok(row)).flow.is_break() {
                    return Ok(ReadStatus::Paused);
                }
            }
            match self.queue.take() {
                Ok(rows) => (self.current, self.row) = (rows, 0),
                Err(status) => return Ok(status),
            }
        }
    }

    fn wake_when_ready(&mut self, waker: &Waker) -> bool {
        self.queue.wake_reader(waker);
        true
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.queue.saved(position.next_offset(0));
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.next,
            total: None,
            unit: "records",
        }
    }
}

impl Drop for ChannelSource {
    fn drop(&mut self) {
        self.queue.close();
    }
}
