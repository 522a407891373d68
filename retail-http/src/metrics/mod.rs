//! The metrics of a server, its engine and its models, as Prometheus reads them. All but those of
//! requests are read when they are asked for.

mod engine;
mod families;
mod feedback;
mod form;
mod measures;
mod models;
mod process;
mod requests;
mod source;
mod traffic;

use std::fmt;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;

use crate::openapi::Unheard;
use crate::paths::METRICS;
use crate::state::Shared;
use families::Families;
use form::Form;
pub(crate) use source::lag;

/// `GET /metrics`.
#[utoipa::path(
    get,
    path = METRICS,
    tag = "state",
    operation_id = "metrics",
    summary = "Numbers for Prometheus",
    description = "In the text format of Prometheus (0.0.4), or in OpenMetrics (1.0.0) if `Accept` says that the \
                   client would rather have it.",
    responses(
        (
            status = 200, description = "All metrics.", headers(("vary" = String)),
            content(
                (String = "text/plain", example = json!("# TYPE retail_engine_running gauge\nretail_engine_running 1\n")),
                (
                    String = "application/openmetrics-text",
                    example = json!("# TYPE retail_engine_running gauge\nretail_engine_running 1\n# EOF\n"),
                ),
            ),
        ),
        Unheard,
    ),
)]
pub(crate) async fn scrape(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let form = Form::accepted(&headers);
    // The system and the source are asked, which may take longer than a prediction.
    let written = tokio::task::spawn_blocking(move || {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Scrape(state)));
        form.write(&registry)
    });
    let text = match written.await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return failed(&error),
        Err(error) => return failed(&error),
    };
    let content_type = HeaderValue::from_static(form.content_type());
    let vary = HeaderValue::from_static("accept");
    let headers = [(header::CONTENT_TYPE, content_type), (header::VARY, vary)];
    (headers, text).into_response()
}

fn failed(error: &dyn fmt::Display) -> Response {
    tracing::error!("cannot write the metrics: {error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Everything that there is to know at one moment.
#[derive(Debug)]
struct Scrape(Shared);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(state) = self;
        let mut families = Families::new(encoder);
        let status = state.status.read();
        families.info(
            "retail_build_info",
            "The version of the engine.",
            [("version", env!("CARGO_PKG_VERSION"))],
        )?;
        requests::encode(&mut families, &state.requests, state.events.readers())?;
        engine::encode(&mut families, &status)?;
        models::encode(&mut families, &state.registry, &status)?;
        traffic::encode(&mut families, &state.traffic)?;
        if let Some(feedback) = &state.feedback {
            feedback::encode(&mut families, &state.registry, feedback)?;
        }
        source::encode(&mut families, state.source.as_ref())?;
        process::encode(&mut families)
    }
}
