//! The log of the examples, and the export of their spans.

use std::env;
use std::ffi::OsStr;
use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
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
    /// A text, in colours on a terminal unless the variable `NO_COLOR` is set.
    #[default]
    Text,
    /// An object of JSON with `timestamp`, `level`, `fields.message`, and the `spans` it is in with what they
    /// carry, such as the id of a request.
    Json,
}

/// The variable that says what is logged.
const FILTER: &str = "RUST_LOG";

/// Where flags stand in `--help`.
const LOG: &str = "Log";

/// What is told while a program runs, and how.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LogArgs {
    /// Log what is done in detail; the variable RUST_LOG, like warn,retail_core::engine=debug, says more
    /// precisely what is logged
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
    /// If the variable `RUST_LOG` is set, it says what is logged instead: levels (`off`, `error`, `warn`,
    /// `info`, `debug`, `trace`), each for the modules whose path begins so, or for all others. For example
    /// `warn,retail_core::engine=debug`.
    ///
    /// # Errors
    /// If `RUST_LOG` cannot be read, or spans cannot be exported as the program is built, or the environment
    /// says.
    pub fn start(self, service: &'static str) -> Outcome<Log> {
        let filter = filter(env::var_os(FILTER).as_deref(), self.level())?;
        match self.otlp {
            true => self.start_with_export(filter, service),
            false => {
                let levels = tracing_subscriber::registry().with(filter);
                levels.with(self.lines()).init();
                Ok(Log::default())
            }
        }
    }

    #[cfg(feature = "otlp")]
    fn start_with_export(self, filter: Targets, service: &'static str) -> Outcome<Log> {
        let (spans, export) = otlp::layer(service)?;
        let lines = self.lines().with_filter(filter);
        tracing_subscriber::registry()
            .with(lines)
            .with(spans)
            .init();
        Ok(Log {
            _export: Some(export),
        })
    }

    #[cfg(not(feature = "otlp"))]
    fn start_with_export(self, _: Targets, _: &'static str) -> Outcome<Log> {
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
            LogFormat::Text => {
                let in_colours = std::io::stderr().is_terminal() && !is_set("NO_COLOR");
                lines.with_ansi(in_colours).boxed()
            }
            LogFormat::Json => lines.json().with_current_span(false).boxed(),
        }
    }
}

/// Whether a variable is set and not empty, which is as good as not set (no-color.org).
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn filter(given: Option<&OsStr>, usual: LevelFilter) -> Outcome<Targets> {
    let text = match given {
        None => return Ok(Targets::new().with_default(usual)),
        Some(text) => text.to_string_lossy(),
    };
    let expected = "expected levels like warn,retail_core::engine=debug";
    match text.trim() {
        "" => Ok(Targets::new().with_default(usual)),
        text => text
            .parse()
            .map_err(|error| format!("{FILTER}: {expected}, got {text:?}: {error}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: Option<&str>) -> Outcome<Targets> {
        filter(text.map(OsStr::new), LevelFilter::INFO)
    }

    #[test]
    fn the_variable_replaces_the_usual_level() {
        let debug = tracing::Level::DEBUG;
        for (text, core, other) in [
            (None, false, false),
            (Some(" "), false, false),
            (Some("debug"), true, true),
            (Some("warn,retail_core::engine=debug"), true, false),
        ] {
            let filter = of(text).unwrap();
            let enabled = |target| filter.would_enable(target, &debug);
            let got = (enabled("retail_core::engine::job"), enabled("engine"));
            assert_eq!(got, (core, other), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_filter_is_named() {
        let error = of(Some("retail_core=loud")).unwrap_err().to_string();
        let expected = "RUST_LOG: expected levels like warn,retail_core::engine=debug, got \
                        \"retail_core=loud\": ";
        assert!(error.starts_with(expected), "{error}");
    }
}
