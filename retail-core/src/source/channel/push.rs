use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::queue::Queue;
use crate::record::Transactions;

/// Rows were not pushed: none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// As many rows as may wait are waiting. Only
    /// [`ChannelSender::try_push`](super::ChannelSender::try_push) says so; the others wait.
    #[error(
        "{capacity} rows or more are waiting to be read; try again later, or use push, which waits"
    )]
    Full {
        /// The channel's capacity, in rows.
        capacity: usize,
    },
    /// The source is gone, because the engine's run has ended: it was stopped, or failed.
    #[error(
        "the channel's source is gone, so nobody reads what is pushed; {saved} rows of the stream are \
         saved, and those after them have to be pushed again to a new channel"
    )]
    Closed {
        /// Rows of the stream that are in saved batches, as far as the source was told.
        saved: u64,
    },
}

/// Waits, without blocking a thread, until there is room, and pushes its rows: all at once. If it is
/// dropped before, none is pushed. See [`ChannelSender::push_async`](super::ChannelSender::push_async).
///
/// It works with every executor.
#[derive(Debug)]
#[must_use = "nothing is pushed until the future is awaited"]
pub struct Push<'a> {
    queue: &'a Queue,
    rows: Transactions,
}

impl<'a> Push<'a> {
    pub(super) fn new(queue: &'a Queue, rows: Transactions) -> Self {
        Self { queue, rows }
    }
}

impl Future for Push<'_> {
    type Output = Result<u64, PushError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let queue = self.queue;
        match queue.try_push(&mut self.rows, Some(context.waker())) {
            Err(PushError::Full { .. }) => Poll::Pending,
            done => Poll::Ready(done),
        }
    }
}
