//! The ids of requests, by which an answer and the lines of a log are found that belong together.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Instrument;
use tracing::instrument::Instrumented;

/// The header that has the id of a request, in the request and in its answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a client that is used.
const LONGEST: usize = 128;

/// Gives each request its id: that of the client, or a new one. It is in the header that [`of`] reads, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestIdLayer;

/// Something that answers requests with their ids.
#[derive(Debug, Clone)]
pub(crate) struct Identify<S>(S);

impl<S> Layer<S> for RequestIdLayer {
    type Service = Identify<S>;

    fn layer(&self, inner: S) -> Identify<S> {
        Identify(inner)
    }
}

impl<S: Service<Request, Response = Response>> Service<Request> for Identify<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Identified<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
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
        Identified {
            answer: self.0.call(request).instrument(span),
            id: Some(id),
        }
    }
}

pin_project! {
    /// The answer to a request, to which the id is added.
    pub(crate) struct Identified<F> {
        #[pin]
        answer: Instrumented<F>,
        id: Option<HeaderValue>,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Identified<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.answer.poll(cx));
        if let (Ok(response), Some(id)) = (&mut answer, this.id.take()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        Poll::Ready(answer)
    }
}

/// The id that [`RequestIdLayer`] has given a request.
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
