//! The ids of requests, by which an answer and the lines of a log are found that belong together.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// The header that has the id of a request, in the request and in its answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a client that is used.
const LONGEST: usize = 128;

/// Gives a request its id: that of the client, or a new one. It is in the header that
/// [`of`] reads, too.
pub(crate) async fn with_id(mut request: Request, next: Next) -> Response {
    let id = match given(request.headers()) {
        Some(id) => id.clone(),
        None => {
            let id = made();
            request.headers_mut().insert(REQUEST_ID, id.clone());
            id
        }
    };
    let shown = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", id = shown);
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The id that [`with_id`] has given a request.
pub(crate) fn of(request: &Request) -> Option<HeaderValue> {
    request.headers().get(REQUEST_ID).cloned()
}

/// The id that a client has given: one, of up to [`LONGEST`] visible characters of ASCII. Another one could be
/// taken for something else where it is logged.
fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut all = headers.get_all(REQUEST_ID).iter();
    let (id, None) = (all.next()?, all.next()) else {
        return None;
    };
    let bytes = id.as_bytes();
    let is_usable = (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    is_usable.then_some(id)
}

/// A new id of 32 hexadecimal digits: half of them are the process's, and the others do not come twice.
fn made() -> HeaderValue {
    static PROCESS: LazyLock<[u64; 2]> = LazyLock::new(|| {
        [0, 1].map(|which| {
            let mut random = RandomState::new().build_hasher();
            random.write_u64(which);
            random.finish()
        })
    });
    static MADE: AtomicU64 = AtomicU64::new(0);
    let [process, mask] = *PROCESS;
    // Odd factors lead to different numbers: nobody needs to see how many requests there were.
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ mask;
    let text = format!("{process:016x}{number:016x}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn new_ids_are_32_digits_and_none_comes_twice() {
        let ids: HashSet<HeaderValue> = (0..10_000).map(|_| made()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            assert_eq!(id.len(), 32);
            assert!(id.as_bytes().iter().all(u8::is_ascii_hexdigit));
        }
    }
}
