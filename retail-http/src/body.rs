use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header;

use crate::error::ApiError;
use crate::state::Limits;

/// How much of a body that is too large is read and thrown away. A client that is still sending
/// when the connection closes sees a broken pipe and not the answer.
const MAX_DISCARDED_BYTES: usize = 16 << 20;

/// Room made for a body before any of it has arrived, at most: the header may announce more than
/// ever comes.
const MAX_RESERVED_BYTES: usize = 64 << 10;

/// The body of a request.
///
/// # Errors
/// [`ApiError::BodyTooLarge`], [`ApiError::RequestTimeout`] and [`ApiError::UnreadableBody`].
pub(crate) async fn receive(request: Request, limits: &Limits) -> Result<Vec<u8>, ApiError> {
    let read = read(request, limits.max_body_bytes);
    match limits.request_timeout {
        None => read.await,
        Some(patience) => tokio::time::timeout(patience, read)
            .await
            .unwrap_or(Err(ApiError::RequestTimeout)),
    }
}

async fn read(request: Request, limit: usize) -> Result<Vec<u8>, ApiError> {
    let client_waits = request.headers().contains_key(header::EXPECT);
    let mut body: Body = request.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let discardable = limit.saturating_add(MAX_DISCARDED_BYTES);
    if announced > discardable || (announced > limit && client_waits) {
        return Err(ApiError::BodyTooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(announced.min(limit).min(MAX_RESERVED_BYTES));
    let mut seen = 0_usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| ApiError::UnreadableBody)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen <= limit {
            bytes.extend_from_slice(&data);
        } else if seen <= discardable {
            bytes = Vec::new();
        } else {
            break;
        }
    }
    if seen > limit {
        Err(ApiError::BodyTooLarge { limit })
    } else {
        Ok(bytes)
    }
}
