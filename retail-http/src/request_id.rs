//! The ids of requests, by which an answer and the lines of a log are found that belong together.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Instrument;
use tracing::instrument::Instrumented;

use crate::trace::{self, Access};

/// The header that has the id of a request, in the request and in its answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a client that is used.
const LONGEST: usize = 128;

/// Gives each request its id: that of the client, or a new one, which [`of`] reads.
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
            Some(id) => RequestId::Given(id.clone()),
            None => made(),
        };
        request.extensions_mut().insert(id.clone());
        let span = trace::span(&request, id.as_str());
        let access = Access::begin(&request);
        Identified {
            answer: self.0.call(request).instrument(span),
            id: Some(id),
            access,
        }
    }
}

pin_project! {
    /// The answer to a request, to which the id is added.
    pub(crate) struct Identified<F> {
        #[pin]
        answer: Instrumented<F>,
        id: Option<RequestId>,
        access: Option<Access>,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Identified<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut answer = ready!(this.answer.as_mut().poll(cx));
        if let (Ok(response), Some(id)) = (&mut answer, this.id.take()) {
            let span = this.answer.span();
            if let Some(Cause(cause)) = response.extensions_mut().remove() {
                trace::failed(span, id.as_str(), &cause);
            }
            trace::end(span, this.access.as_ref(), response.status());
            response.headers_mut().insert(REQUEST_ID, id.into_header());
        }
        Poll::Ready(answer)
    }
}

/// The id that [`RequestIdLayer`] has given a request.
pub(crate) fn of(request: &Request) -> Option<RequestId> {
    request.extensions().get().cloned()
}

/// The id of a request, which carries it in its extensions.
#[derive(Debug, Clone)]
pub(crate) enum RequestId {
    Given(HeaderValue),
    /// In hexadecimal digits.
    Made([u8; 32]),
}

impl RequestId {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Given(id) => id.as_bytes(),
            Self::Made(id) => id,
        }
    }

    /// Both kinds are visible characters of ASCII.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn into_header(self) -> HeaderValue {
        match self {
            Self::Given(id) => id,
            Self::Made(id) => {
                HeaderValue::from_bytes(&id).unwrap_or_else(|_| HeaderValue::from_static("none"))
            }
        }
    }
}

/// Why there is no answer, for the log, where it stands with the id of the request. The answer carries it
/// in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) String);

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

/// A new id of 32 hexadecimal digits: half of them are the thread's, and the others do not come twice.
fn made() -> RequestId {
    thread_local! {
        static THREAD: [u64; 2] = [0, 1].map(|which| {
            let mut random = RandomState::new().build_hasher();
            random.write_u64(which);
            random.finish()
        });
        static MADE: Cell<u64> = const { Cell::new(0) };
    }
    let [thread, mask] = THREAD.with(|thread| *thread);
    let number = MADE.replace(MADE.get().wrapping_add(1));
    // Odd factors lead to different numbers: nobody needs to see how many requests there were.
    let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ mask;
    let mut text = [0; 32];
    let bytes = thread.to_be_bytes().into_iter().chain(number.to_be_bytes());
    let digits = bytes.flat_map(|byte| [byte >> 4, byte & 0xf]);
    for (place, digit) in text.iter_mut().zip(digits) {
        *place = if digit < 10 {
            b'0' + digit
        } else {
            b'a' - 10 + digit
        };
    }
    RequestId::Made(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn new_ids_are_32_digits_and_none_comes_twice() {
        let made = (0..10_000).map(|_| made().into_header());
        let ids: HashSet<HeaderValue> = made.collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            assert_eq!(id.len(), 32);
            assert!(id.as_bytes().iter().all(u8::is_ascii_hexdigit));
        }
    }
}
