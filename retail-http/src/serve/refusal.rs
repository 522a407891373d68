use std::time::Duration;

use axum::body::to_bytes;
use axum::response::IntoResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::socket::Socket;
use crate::error::ApiError;

/// How long a client that is refused may take to see why.
const PATIENCE: Duration = Duration::from_secs(1);

/// Refuses a connection as the last answer on it, without having read a request.
pub(super) async fn refuse(stream: Socket, error: ApiError) {
    let _ = timeout(PATIENCE, answer(stream, error)).await;
}

async fn answer(mut stream: Socket, error: ApiError) -> std::io::Result<()> {
    let (head, body) = error.into_response().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut text = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        head.status,
        body.len()
    )
    .into_bytes();
    text.extend_from_slice(&body);
    stream.write_all(&text).await?;
    stream.shutdown().await?;
    // What the client has sent is read, for otherwise the system takes back what it has not seen.
    let mut sink = [0; 4096];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}
