//! Export of spans to an OpenTelemetry collector: OTLP over HTTP, with protocol buffers.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, global};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, SpanExporter, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter as Exporter};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::Outcome;

/// How long the end of the program may wait for the last spans.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a collector may take, unless the environment says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer of a collector that is read.
const LONGEST: u64 = 64 << 10;

/// The export of spans. What has not been exported yet is exported when it is dropped.
#[derive(Debug)]
pub(crate) struct Export(SdkTracerProvider);

impl Drop for Export {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!("the last spans may be lost: {error}");
        }
    }
}

/// Exports the spans of `service` from now on, as the variables `OTEL_…` say. The caller holds on to the
/// export until the program ends.
///
/// # Errors
/// A variable that cannot be used.
pub(crate) fn layer<S>(service: &'static str) -> Outcome<(impl Layer<S>, Export)>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    refuse_tls()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new()?)
        .build()
        .map_err(|error| format!("--otlp: {error}"))?;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource(service))
        .with_batch_exporter(Warning::new(exporter))
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(LevelFilter::DEBUG.and(filter_fn(is_exported)));
    Ok((spans, Export(provider)))
}

/// All spans, and what is logged in them without `--verbose`.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() || *metadata.level() <= Level::INFO
}

/// What the spans are of: what the environment says, or else this service.
fn resource(service: &'static str) -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name"));
    match name.is_none_or(|name| name.as_str().starts_with("unknown_service")) {
        true => Resource::builder().with_service_name(service).build(),
        false => found,
    }
}

/// The client has no TLS: better to say so at the start than with each span.
fn refuse_tls() -> Outcome<()> {
    for name in [
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        OTEL_EXPORTER_OTLP_ENDPOINT,
    ] {
        match env::var(name) {
            Ok(url) if url.starts_with("https:") => {
                let why = "expected http://HOST:PORT of a collector nearby, which may pass spans on over TLS";
                return Err(format!("{name}: {why}, got {url:?}").into());
            }
            Ok(url) if !url.is_empty() => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

/// A client that blocks: the exporter has a thread to itself, and no runtime.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Outcome<Self> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout()?))
            .build();
        Ok(Self(config.into()))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.to_vec());
        let (head, mut body) = self.0.run(request)?.into_parts();
        let body = body.with_config().limit(LONGEST).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

/// How long the environment lets a collector take.
fn timeout() -> Outcome<Duration> {
    for name in [
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
        OTEL_EXPORTER_OTLP_TIMEOUT,
    ] {
        if let Ok(text) = env::var(name)
            && !text.is_empty()
        {
            let milliseconds = text.parse().map_err(|_| {
                format!("{name}: expected a whole number of milliseconds, got {text:?}")
            })?;
            return Ok(Duration::from_millis(milliseconds));
        }
    }
    Ok(TIMEOUT)
}

/// Says once that spans cannot be exported, and once that they can be again.
#[derive(Debug)]
struct Warning<E> {
    exporter: E,
    has_failed: AtomicBool,
}

impl<E> Warning<E> {
    fn new(exporter: E) -> Self {
        let has_failed = AtomicBool::new(false);
        Self {
            exporter,
            has_failed,
        }
    }
}

impl<E: Exporter> Exporter for Warning<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let done = self.exporter.export(batch).await;
        match (
            &done,
            self.has_failed.swap(done.is_err(), Ordering::Relaxed),
        ) {
            (Err(error), false) => tracing::warn!("spans cannot be exported: {error}"),
            (Ok(()), true) => tracing::info!("spans are exported again"),
            _ => {}
        }
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
