//! The log of the examples.

use std::io::IsTerminal;

use clap::ValueEnum;

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

/// Logs on standard error; in detail if `verbose`. What cannot be written
/// there, because a disk is full or nobody reads any more, is lost and stops nothing.
pub fn log(verbose: bool, format: LogFormat) {
    let level = if verbose {
        tracing::Level::DEBUG
    } else {
        tracing::Level::INFO
    };
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_target(false)
        // Otherwise a line that cannot be written is reported on standard error, which panics.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().with_current_span(false).init(),
    }
}
