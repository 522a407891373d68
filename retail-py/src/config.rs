//! Configurations of the engine.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retail_core::engine::EngineConfig;
use serde_json::Value;

use crate::error::Raise;

/// The configuration of a TOML file, if one is given, with the keys of a JSON object in place of its own.
pub(crate) fn config(file: Option<PathBuf>, changes: &str) -> PyResult<EngineConfig> {
    let base = match file {
        Some(path) => EngineConfig::from_file(&path).raise()?,
        None => EngineConfig::default(),
    };
    let mut merged = serde_json::to_value(&base).map_err(wrong)?;
    merge(&mut merged, serde_json::from_str(changes).map_err(wrong)?);
    serde_json::from_value(merged).map_err(wrong)
}

fn wrong(error: serde_json::Error) -> PyErr {
    PyValueError::new_err(format!("configuration: {error}"))
}

fn merge(base: &mut Value, changes: Value) {
    match (base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(base.entry(key).or_insert(Value::Null), change);
            }
        }
        (base, change) => *base = change,
    }
}
