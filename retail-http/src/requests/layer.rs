use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{Requests, Route};
use crate::paths::route_of;

/// Counts the requests to the routes that it is put around.
#[derive(Debug, Clone)]
pub(crate) struct MeasureLayer(pub(crate) Arc<Requests>);

/// A route that counts its requests. Its clones, one for each request, share the place.
#[derive(Debug, Clone)]
pub(crate) struct Measure<S> {
    inner: S,
    place: Arc<Place>,
}

/// Where the requests to one route are counted.
#[derive(Debug)]
struct Place {
    requests: Arc<Requests>,
    /// Known from the first request on, for the router tells it to nobody else.
    route: OnceLock<Arc<Route>>,
}

impl<S> Layer<S> for MeasureLayer {
    type Service = Measure<S>;

    fn layer(&self, inner: S) -> Measure<S> {
        let requests = Arc::clone(&self.0);
        let route = OnceLock::new();
        Measure {
            inner,
            place: Arc::new(Place { requests, route }),
        }
    }
}

impl<S: Service<Request, Response = Response>> Service<Request> for Measure<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Measured<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let place = Arc::clone(&self.place);
        let known = || place.requests.route(route_of(request.extensions()));
        place.route.get_or_init(known);
        let in_flight = InFlight::begin(place);
        Measured {
            answer: self.inner.call(request),
            in_flight,
        }
    }
}

/// A request without an answer, until it is dropped.
#[derive(Debug)]
struct InFlight {
    place: Arc<Place>,
    begun: Instant,
}

impl InFlight {
    fn begin(place: Arc<Place>) -> Self {
        let in_flight = place.requests.in_flight.mine();
        in_flight.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        Self { place, begun }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let in_flight = self.place.requests.in_flight.mine();
        in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

pin_project! {
    /// The answer to a request, which is counted when it is there. Its body may still be sent then.
    pub(crate) struct Measured<F> {
        #[pin]
        answer: F,
        in_flight: InFlight,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Measured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx));
        let InFlight { place, begun } = this.in_flight;
        if let (Ok(response), Some(route)) = (&answer, place.route.get()) {
            route.count(response.status(), begun.elapsed());
        }
        Poll::Ready(answer)
    }
}
