//! What the engine has to say, for Python's `logging`.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyModule;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Messages that nobody has taken yet, and how many of them there may be.
static SAID: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());
const MOST: usize = 1_000;

/// Collects messages from now on, unless the program collects them already.
pub(crate) fn collect() {
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Passes what has been said on to the logger `retail_analytics`.
pub(crate) fn pass_on(py: Python<'_>) -> PyResult<()> {
    let said = std::mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner));
    if said.is_empty() {
        return Ok(());
    }
    let logger =
        PyModule::import(py, "logging")?.call_method1("getLogger", ("retail_analytics",))?;
    for (level, text) in said {
        let method = match level {
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => "info",
        };
        logger.call_method1(method, ("%s", text))?;
    }
    Ok(())
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("retail_")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < MOST {
            said.push((*event.metadata().level(), text.0));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The message of an event, and its fields behind it.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
