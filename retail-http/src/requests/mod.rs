//! How many requests are answered, with which statuses, and how long that takes. Counting one takes a
//! few atomic additions: nothing is looked up, and nobody waits.

mod latency;
mod layer;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;

use crate::per_thread::PerThread;

pub(crate) use latency::Latencies;
use latency::Latency;
pub(crate) use layer::MeasureLayer;

/// The requests to all routes.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// Those that have no answer yet.
    in_flight: PerThread<AtomicI64>,
    /// The routes that have been asked for. Routes are added here once; they find themselves elsewhere.
    routes: Mutex<Vec<Arc<Route>>>,
}

/// The requests to one route, by the status of their answers.
#[derive(Debug)]
struct Route {
    path: Box<str>,
    first: OnceLock<Box<Answers>>,
}

/// The answers with one status, and the next status that there was.
#[derive(Debug)]
struct Answers {
    status: StatusCode,
    latency: Latency,
    next: OnceLock<Box<Answers>>,
}

impl Requests {
    /// The route of this path.
    fn route(&self, path: &str) -> Arc<Route> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.iter().find(|route| &*route.path == path) {
            return Arc::clone(known);
        }
        let new = Arc::new(Route {
            path: path.into(),
            first: OnceLock::new(),
        });
        routes.push(Arc::clone(&new));
        new
    }

    pub(crate) fn in_flight(&self) -> u64 {
        // A request may begin on one thread and end on another.
        let places = self.in_flight.iter();
        let sum: i64 = places.map(|place| place.load(Ordering::Relaxed)).sum();
        u64::try_from(sum).unwrap_or_default()
    }

    /// Calls `see` with each path, each status of its answers and how long they took, in order.
    pub(crate) fn for_each<E>(
        &self,
        mut see: impl FnMut(&str, StatusCode, Latencies) -> Result<(), E>,
    ) -> Result<(), E> {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut routes = routes.clone();
        routes.sort_by(|a, b| a.path.cmp(&b.path));
        for route in &routes {
            let mut answers: Vec<&Answers> = route.answers().collect();
            answers.sort_by_key(|answers| answers.status);
            for Answers {
                status, latency, ..
            } in answers
            {
                see(&route.path, *status, latency.read())?;
            }
        }
        Ok(())
    }
}

impl Route {
    /// Counts an answer. There are few statuses, and the one that nearly all answers have is found first.
    fn count(&self, status: StatusCode, took: Duration) {
        let mut at = &self.first;
        loop {
            let answers = at.get_or_init(|| Box::new(Answers::new(status)));
            if answers.status == status {
                return answers.latency.count(took);
            }
            at = &answers.next;
        }
    }

    fn answers(&self) -> impl Iterator<Item = &Answers> {
        let first = self.first.get().map(Box::as_ref);
        std::iter::successors(first, |answers| answers.next.get().map(Box::as_ref))
    }
}

impl Answers {
    fn new(status: StatusCode) -> Self {
        Self {
            status,
            latency: Latency::default(),
            next: OnceLock::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_route_is_counted_by_itself() {
        let requests = Requests::default();
        let statuses = [200, 404, 200, 503, 404, 200];
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for status in statuses {
                        let status = StatusCode::from_u16(status).unwrap();
                        let took = Duration::from_micros(5);
                        requests.route("/b").count(status, took);
                    }
                });
            }
        });
        let took = Duration::from_micros(20);
        requests.route("/a").count(StatusCode::OK, took);
        let mut seen = Vec::new();
        let all = requests.for_each(|path, status, latencies| {
            seen.push((
                path.to_owned(),
                status.as_u16(),
                latencies.count(),
                latencies.sum,
            ));
            Ok::<_, ()>(())
        });
        all.unwrap();
        let expected = [
            ("/a", 200, 1, took),
            ("/b", 200, 12, Duration::from_micros(60)),
            ("/b", 404, 8, Duration::from_micros(40)),
            ("/b", 503, 4, Duration::from_micros(20)),
        ];
        assert_eq!(
            seen,
            expected.map(|(path, s, n, t)| (path.to_owned(), s, n, t))
        );
    }
}
