use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::activity::Answering;

/// The most that HTTP/2 gets of an answer at once. It keeps what it has until the client takes it.
const PIECE: usize = 16 << 10;

/// The body of an answer, which is dropped when the answer is complete.
pub(super) struct Tracked {
    body: Body,
    /// What is there of it and not handed on.
    rest: Bytes,
    answering: Answering,
    _room: Option<OwnedSemaphorePermit>,
    /// Ends it, if it has no end of its own.
    ending: Option<Ending>,
}

type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Is done when the server stops.
fn ending(mut stopped: watch::Receiver<()>) -> Ending {
    Box::pin(async move {
        // The senders are dropped, never used: an error is the signal.
        let _ = stopped.changed().await;
    })
}

impl Tracked {
    /// An answer that has no end of its own ends when the server has `stopped`.
    pub(super) fn new(
        body: Body,
        answering: Answering,
        room: Option<OwnedSemaphorePermit>,
        stopped: Option<watch::Receiver<()>>,
    ) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            answering,
            _room: room,
            ending: stopped.map(ending),
        }
    }
}

impl hyper::body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(ending) = &mut self.ending
            && ending.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        if !self.answering.is_pieced() {
            return Pin::new(&mut self.body).poll_frame(cx);
        }
        if self.rest.is_empty() {
            // All that there was is taken.
            self.answering.is_not_due();
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return Poll::Ready(other),
            }
        }
        self.answering.is_due();
        let piece = match self.rest.len() {
            ..=PIECE => std::mem::take(&mut self.rest),
            // A copy: otherwise the last piece would keep all of them.
            _ => Bytes::copy_from_slice(&self.rest.split_to(PIECE)),
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = hyper::body::Body::size_hint(&self.body);
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        match hint.exact() {
            Some(exact) => hint.set_exact(exact.saturating_add(rest)),
            None => hint.set_lower(hint.lower().saturating_add(rest)),
        }
        hint
    }
}
