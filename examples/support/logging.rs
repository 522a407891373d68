//! The log of the examples, and the export of their spans.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::Outcome;
#[cfg(feature = "otlp")]
use crate::otlp;

/// How lines of the log look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A text, in colours on a terminal.
    #[default]
    Text,
    /// An object of JSON with `timestamp`, `level`, `fields.message`, and the `spans` it is in with what they
    /// carry, such as the id of a request.
    Json,
}

/// Where flags stand in `--help`.
const LOG: &str = "Log";

/// What is told while a program runs, and how.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LogArgs {
    /// Log what is done in detail
    #[arg(long, help_heading = LOG)]
    pub verbose: bool,

    /// How lines of the log look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = LOG)]
    pub log_format: LogFormat,

    /// Export spans to the OpenTelemetry collector at OTEL_EXPORTER_OTLP_ENDPOINT (with --features otlp)
    /// [default: http://localhost:4318]
    #[arg(long, help_heading = LOG)]
    pub otlp: bool,
}

/// What has been told, and may have to be passed on before the program ends.
#[derive(Debug, Default)]
#[must_use = "spans are exported until it is dropped"]
pub struct Log {
    #[cfg(feature = "otlp")]
    _export: Option<otlp::Export>,
}

impl LogArgs {
    /// Logs on standard error, in detail if that is wanted, and exports spans as those of `service` if that is.
    /// What cannot be written there, because a disk is full or nobody reads any more, is lost and stops
    /// nothing; nor does a collector that cannot be reached.
    ///
    /// # Errors
    /// Spans that cannot be exported as the program is built, or the environment says.
    pub fn start(self, service: &'static str) -> Outcome<Log> {
        match self.otlp {
            true => self.start_with_export(service),
            false => {
                let levels = tracing_subscriber::registry().with(self.level());
                levels.with(self.lines()).init();
                Ok(Log::default())
            }
        }
    }

    #[cfg(feature = "otlp")]
    fn start_with_export(self, service: &'static str) -> Outcome<Log> {
        let (spans, export) = otlp::layer(service)?;
        let lines = self.lines().with_filter(self.level());
        tracing_subscriber::registry()
            .with(lines)
            .with(spans)
            .init();
        Ok(Log {
            _export: Some(export),
        })
    }

    #[cfg(not(feature = "otlp"))]
    fn start_with_export(self, _: &'static str) -> Outcome<Log> {
        Err("--otlp: this program was built without it; add --features otlp".into())
    }

    fn level(self) -> LevelFilter {
        match self.verbose {
            true => LevelFilter::DEBUG,
            false => LevelFilter::INFO,
        }
    }

    fn lines<S: Subscriber + for<'s> LookupSpan<'s>>(self) -> Box<dyn Layer<S> + Send + Sync> {
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            // Otherwise a line that cannot be written is reported on standard error, which panics.
            .log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.json().with_current_span(false).boxed(),
        }
    }
}
