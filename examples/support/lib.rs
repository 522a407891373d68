//! What the example programs share: how they start, log, print, stop and end.

mod health;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod listen;
mod logging;
#[cfg(feature = "otlp")]
mod otlp;
mod rejections;
mod table;

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use health::check_health;
pub use http::{HttpConfig, HttpSettings};
#[cfg(feature = "kafka")]
pub use kafka::ClientArgs;
pub use listen::listen;
pub use logging::{Log, LogArgs, LogFormat};
pub use rejections::{describe, part_names};
pub use table::{aligned, shown};

/// What a part of a program gives, or the error that ends the program.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// An error that ends a program with an exit code of its own.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// What is wrong, and the exit code, which is not 0.
    #[must_use]
    pub fn new(code: u8, message: String) -> Self {
        Self { code, message }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Runs a program on its arguments. An error is one line on standard error and an exit code that is
/// not 0.
pub fn run<A: Parser>(program: impl FnOnce(&A) -> Outcome<()>) -> ExitCode {
    if let Err(error) = keep_running_at_the_largest_file() {
        let _ = writeln!(
            std::io::stderr().lock(),
            "error: cannot handle signals: {error}"
        );
        return ExitCode::FAILURE;
    }
    match program(&A::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If nobody can be told, the exit code says it all the same.
            let _ = writeln!(std::io::stderr().lock(), "error: {error}");
            error
                .downcast_ref()
                .map_or(ExitCode::FAILURE, |failure: &Failure| failure.code.into())
        }
    }
}

/// A file that reaches the largest size that the system allows is an error of writing, with a path.
/// Otherwise the signal that comes with it would end the process.
#[cfg(unix)]
fn keep_running_at_the_largest_file() -> std::io::Result<()> {
    let seen = std::sync::Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen).map(|_| ())
}

#[cfg(not(unix))]
fn keep_running_at_the_largest_file() -> std::io::Result<()> {
    Ok(())
}

/// Prints a result as a line on standard output.
///
/// # Errors
/// What the system says, for example that nobody reads any more.
pub fn print(line: impl Display) -> Outcome<()> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

/// Calls `stop` on Ctrl+C, SIGTERM and SIGHUP, each time.
///
/// # Errors
/// If the signals cannot be handled.
pub fn on_signal(stop: impl FnMut() + Send + 'static) -> Outcome<()> {
    Ok(ctrlc::set_handler(stop)?)
}
