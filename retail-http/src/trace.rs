//! The span of a request, its place in a trace of OpenTelemetry, and the line that is logged of its answer.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use tracing::{Level, Span};

/// The span of a request: what is logged while it is worked on names its id.
#[cfg(not(feature = "trace-context"))]
pub(crate) fn span(_: &Request, id: &str) -> Span {
    tracing::debug_span!("request", id)
}

#[cfg(feature = "trace-context")]
pub(crate) use self::context::span;

/// What is logged of a request beside its answer.
#[derive(Debug)]
pub(crate) struct Access {
    method: Method,
    path: Box<str>,
    begun: Instant,
}

impl Access {
    /// Nothing unless somebody wants to know: it costs each request a little.
    pub(crate) fn begin(request: &Request) -> Option<Self> {
        tracing::enabled!(Level::DEBUG).then(|| Self {
            method: request.method().clone(),
            path: request.uri().path().into(),
            begun: Instant::now(),
        })
    }
}

/// Logs why there is no answer, in the span of the request at whichever level.
pub(crate) fn failed(span: &Span, id: &str, cause: &str) {
    let own = span
        .is_disabled()
        .then(|| tracing::error_span!("request", id));
    let span = own.as_ref().unwrap_or(span);
    span.in_scope(|| tracing::error!("{cause}"));
}

/// Says that the answer of a request is ready to be sent.
pub(crate) fn end(span: &Span, access: Option<&Access>, status: StatusCode) {
    #[cfg(feature = "trace-context")]
    context::end(span, status);
    if let Some(Access {
        method,
        path,
        begun,
    }) = access
    {
        let (status, seconds) = (status.as_u16(), begun.elapsed().as_secs_f64());
        span.in_scope(|| tracing::debug!(%method, path, status, seconds, "answered"));
    }
}

/// What OpenTelemetry wants of spans of servers, by its semantic conventions for HTTP.
#[cfg(feature = "trace-context")]
mod context {
    use axum::extract::Request;
    use axum::http::{HeaderMap, HeaderName, StatusCode};
    use opentelemetry::global;
    use opentelemetry::propagation::Extractor;
    use opentelemetry::trace::{Status, TraceContextExt};
    use tracing::Span;
    use tracing::field::Empty;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    use crate::paths::route_of;

    /// The span of a request, in the trace that its headers name, if the global propagator finds one.
    pub(crate) fn span(request: &Request, id: &str) -> Span {
        let (method, route) = (request.method().as_str(), route_of(request.extensions()));
        let span = tracing::debug_span!(
            "request",
            id,
            otel.name = format_args!("{method} {route}"),
            otel.kind = "server",
            http.request.method = method,
            http.route = route,
            http.response.status_code = Empty,
        );
        if !span.is_disabled() {
            let headers = Headers(request.headers());
            let parent = global::get_text_map_propagator(|known| known.extract(&headers));
            if parent.span().span_context().is_valid() {
                // It fails if spans go nowhere: then there is no trace.
                let _ = span.set_parent(parent);
            }
        }
        span
    }

    /// Notes the status, which is an error of the server's if it is one of 500 and above.
    pub(super) fn end(span: &Span, status: StatusCode) {
        // As `i64`: texts are made of other whole numbers.
        span.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }

    struct Headers<'a>(&'a HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(HeaderName::as_str).collect()
        }
    }
}
