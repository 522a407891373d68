//! What the programs that `benches/run` starts have in common.

pub mod arrays;
#[cfg(feature = "serving-peers")]
pub mod sale;

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::ops::ControlFlow;
use std::path::Path;

use retail_core::clean;
use retail_core::record::Transactions;
use retail_core::source::{CsvSource, Incoming, Origin, Source, VirtualTime};
use serde_json::Value;

/// What a program of this package returns from `main`.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The first `limit` kept rows of a CSV, or all of them if it has fewer.
///
/// # Errors
/// If the file cannot be read.
pub fn read_kept(path: &Path, limit: usize) -> Outcome<Transactions> {
    let mut rows = Transactions::new();
    let mut sink = |_: Origin, record: &Incoming<'_>| {
        if let Ok(row) = record
            && clean::check(row).is_ok()
        {
            rows.push(row);
        }
        match rows.len() < limit {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    CsvSource::open(path, VirtualTime::default())?.read(&mut sink)?;
    Ok(rows)
}

/// Prints one line of JSON to standard output, at once.
///
/// # Errors
/// If standard output is closed.
pub fn say(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Says what can be asked for, as JSON, and then answers each line of standard input that names
/// one of them, until there are no more. The asker decides whose turn it is, and a program that is
/// not asked does nothing.
///
/// # Errors
/// Those of `run`, and if standard input or output is closed.
pub fn answer(offers: &Value, mut run: impl FnMut(&str) -> Outcome<Value>) -> Outcome<()> {
    say(offers)?;
    for line in io::stdin().lock().lines() {
        say(&run(line?.trim())?)?;
    }
    Ok(())
}
