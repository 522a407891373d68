use std::fmt;
use std::sync::Arc;

use super::queue::Queue;
use super::{Push, PushError};
use crate::record::Transactions;

/// Pushes transactions into the stream of a [`ChannelSource`](super::ChannelSource). Its clones push into
/// the same stream, from threads and tasks alike; when all are dropped, the stream ends.
///
/// Every method takes whatever [`Transactions`] can be made from: a
/// [`Transaction`](crate::record::Transaction), a vector, slice or array of them, or
/// [`Transactions`] themselves, which can also be made from slices of
/// [`Columns`](crate::record::Columns). The rows of one push stay together and in their order.
///
/// Rows that cleaning does not keep, cancellations for example, are rejected and counted as those of any
/// source.
pub struct ChannelSender {
    queue: Arc<Queue>,
}

impl ChannelSender {
    /// The first sender of this queue, which has counted it.
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }

    /// Pushes rows. If as many as may wait are waiting, blocks the thread until the engine has read some
    /// of them; in async code, use [`ChannelSender::push_async`].
    ///
    /// Returns the number of rows of the stream up to and with these: once
    /// [`ChannelSender::saved`] has come to it, these are in saved batches.
    ///
    /// # Errors
    /// [`PushError::Closed`] if the source is gone.
    pub fn push(&self, rows: impl Into<Transactions>) -> Result<u64, PushError> {
        self.queue.push(rows.into())
    }

    /// Pushes rows as [`ChannelSender::push`] does, and waits for room without blocking a thread. Nothing
    /// is pushed until the future is awaited; if it is dropped before it is ready, nothing ever is.
    ///
    /// ```
    /// use retail_core::prelude::*;
    ///
    /// async fn sell(sender: &ChannelSender, row: Transaction) -> Result<(), PushError> {
    ///     let position = sender.push_async(row).await?;
    ///     println!("row {position} of the stream");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PushError::Closed`] if the source is gone.
    pub fn push_async(&self, rows: impl Into<Transactions>) -> Push<'_> {
        Push::new(&self.queue, rows.into())
    }

    /// Pushes rows if there is room at once. Give them by reference to keep them if there is none.
    ///
    /// # Errors
    /// [`PushError::Full`] if as many rows as may wait are waiting, [`PushError::Closed`] if the source
    /// is gone.
    pub fn try_push(&self, rows: impl Into<Transactions>) -> Result<u64, PushError> {
        self.queue.try_push(&mut rows.into(), None)
    }

    /// The number of rows of the stream up to and with the last one pushed by any sender, earlier runs
    /// included: the number, counted from 0, of the next row that is pushed.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.queue.positions().0
    }

    /// How many rows of the stream are in saved batches, earlier runs included. Those from this number on
    /// are to be pushed again if the process ends now. The engine tells the source soon after a batch has
    /// been saved, so it may be a little behind, and is never ahead.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.queue.positions().1
    }
}

impl Clone for ChannelSender {
    fn clone(&self) -> Self {
        self.queue.add_sender();
        Self {
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Drop for ChannelSender {
    fn drop(&mut self) {
        self.queue.remove_sender();
    }
}

impl fmt::Debug for ChannelSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, saved) = self.queue.positions();
        f.debug_struct("ChannelSender")
            .field("position", &position)
            .field("saved", &saved)
            .finish_non_exhaustive()
    }
}
