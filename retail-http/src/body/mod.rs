mod encoding;
mod media;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, header};

use crate::error::ApiError;
use crate::memory::Kept;
use crate::state::Limits;
use encoding::Encoding;

/// How much of a body that is refused is read and thrown away. A client that is still sending when
/// the connection closes sees a broken pipe and not the answer.
const MAX_DISCARDED_BYTES: usize = 16 << 20;

/// A body as it was sent.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Kept,
    encoding: Encoding,
    limit: usize,
}

impl Received {
    /// The most bytes that [`Received::decoded`] may have.
    pub(crate) fn longest(&self) -> usize {
        match self.encoding {
            Encoding::Identity => self.bytes.len(),
            _ => self.limit,
        }
    }

    /// What was sent, without its compression.
    ///
    /// # Errors
    /// [`ApiError::BodyTooLarge`] and [`ApiError::DamagedBody`].
    pub(crate) fn decoded(self) -> Result<Kept, ApiError> {
        self.encoding.decode(self.bytes, self.limit)
    }
}

/// The body of a request.
///
/// # Errors
/// [`ApiError::UnsupportedType`], [`ApiError::UnsupportedEncoding`], [`ApiError::BodyTooLarge`],
/// [`ApiError::BodyTimeout`] and [`ApiError::UnreadableBody`].
pub(crate) async fn receive(request: Request, limits: &Limits) -> Result<Received, ApiError> {
    let mut read = pin!(read(request, limits.max_body_bytes));
    // Most bodies are there already, and take no timer.
    let at_once = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx)));
    if let Poll::Ready(received) = at_once.await {
        return received;
    }
    match limits.body_timeout {
        None => read.await,
        Some(patience) => tokio::time::timeout(patience, read)
            .await
            .unwrap_or(Err(ApiError::BodyTimeout)),
    }
}

async fn read(request: Request, limit: usize) -> Result<Received, ApiError> {
    let client_waits = request.headers().contains_key(header::EXPECT);
    let readable = readable(request.headers());
    let keep = if readable.is_ok() { limit } else { 0 };
    let too_large = ApiError::BodyTooLarge {
        limit,
        decompressed: false,
    };
    let mut body: Body = request.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let discardable = limit.saturating_add(MAX_DISCARDED_BYTES);
    if announced > discardable || (announced > keep && client_waits) {
        return Err(readable.err().unwrap_or(too_large));
    }
    let mut bytes = Kept::default();
    let mut seen = 0_usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| ApiError::UnreadableBody)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen <= keep && seen == data.len() && body.is_end_stream() {
            bytes = Kept::read(data);
        } else if seen <= keep {
            bytes.expect(announced.min(keep));
            bytes.extend(&data);
        } else if seen <= discardable {
            bytes = Kept::default();
        } else {
            break;
        }
    }
    let encoding = readable?;
    if seen > limit {
        return Err(too_large);
    }
    Ok(Received {
        bytes,
        encoding,
        limit,
    })
}

/// How the body is compressed, if its headers say that it can be read.
fn readable(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    media::check(headers)?;
    Encoding::of(headers)
}
