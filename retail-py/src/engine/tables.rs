//! What an engine has done, as tables.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, PrimitiveArray, StringArray, UInt64Array};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retail_core::engine::{BatchStatus, ModelOutcome};
use retail_core::registry::{HoldOutResult, Registry};
use serde_json::Value;

use super::Training;
use crate::error::exception;
use crate::table::Table;

/// The measures of all kinds of models, in order.
const MEASURES: [&str; 9] = [
    "rmse",
    "mae",
    "r2",
    "accuracy",
    "macro_f1",
    "auc",
    "log_loss",
    "brier",
    "positive_share",
];

/// A line for each training. A measure that a model does not have is null.
pub(super) fn metrics(trainings: &[Training], registry: &Registry) -> PyResult<Table> {
    let slots: BTreeMap<String, (String, u64)> = registry
        .iter()
        .map(|(slot, _)| {
            (
                slot.name.clone(),
                (slot.target.clone(), u64::from(slot.version)),
            )
        })
        .collect();
    let slot = |training: &Training| slots.get(&training.model);
    let measured: Vec<Value> = trainings.iter().map(measures).collect();
    let mut why = StringBuilder::new();
    for training in trainings {
        why.append_option(match &training.status.outcome {
            ModelOutcome::NotTrained { message, .. } => Some(message.clone()),
            ModelOutcome::Trained {
                holdout: HoldOutResult::NotMeasured { not_trained },
                ..
            } => Some(not_trained.to_string()),
            ModelOutcome::Trained { .. } => None,
        });
    }
    let of = |number: fn(&Training) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(trainings.iter().map(number)))
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        (
            "model",
            Arc::new(StringArray::from_iter_values(
                trainings.iter().map(|training| &training.model),
            )),
        ),
        (
            "target",
            Arc::new(StringArray::from_iter(
                trainings.iter().map(|t| slot(t).map(|(target, _)| target)),
            )),
        ),
        (
            "version",
            Arc::new(UInt64Array::from_iter(
                trainings
                    .iter()
                    .map(|t| slot(t).map(|(_, version)| *version)),
            )),
        ),
        (
            "revision",
            Arc::new(UInt64Array::from_iter(
                trainings.iter().map(|training| training.status.revision),
            )),
        ),
        (
            "is_new",
            Arc::new(BooleanArray::from_iter(
                trainings.iter().map(|training| Some(training.is_new)),
            )),
        ),
        ("rows", of(|training| training.status.rows)),
        (
            "seconds",
            Arc::new(Float64Array::from_iter_values(
                trainings.iter().map(|training| training.status.seconds),
            )),
        ),
    ];
    for measure in MEASURES {
        let mut values = Float64Builder::new();
        for measured in &measured {
            values.append_option(measured.get(measure).and_then(Value::as_f64));
        }
        columns.push((measure, Arc::new(values.finish())));
    }
    let mut rows = UInt64Builder::new();
    for measured in &measured {
        rows.append_option(measured.get("rows").and_then(Value::as_u64));
    }
    columns.push(("measured_rows", Arc::new(rows.finish())));
    columns.push(("why_not", Arc::new(why.finish())));
    Table::of(columns)
}

/// The metrics on the hold-out rows, if there are any.
fn measures(training: &Training) -> Value {
    match &training.status.outcome {
        ModelOutcome::Trained {
            holdout: HoldOutResult::Measured(metrics),
            ..
        } => serde_json::json!(metrics),
        _ => Value::Null,
    }
}

/// A line for each batch.
pub(super) fn batches(batches: &[BatchStatus]) -> PyResult<Table> {
    let numbers = |of: fn(&BatchStatus) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(batches.iter().map(of)))
    };
    let times = |end: usize| -> ArrayRef {
        let times = batches.iter().map(|batch| {
            let span = batch.stream_time.as_ref();
            span.and_then(|span| span.get(end))
                .map(|time| time.as_micros())
        });
        Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from_iter(times))
    };
    let closed = batches.iter().map(|batch| {
        let closed_by = serde_json::json!(batch.closed_by);
        closed_by.as_str().map(str::to_owned)
    });
    Table::of(vec![
        ("batch", numbers(|batch| batch.batch)),
        ("rows", numbers(|batch| batch.rows)),
        ("read", numbers(|batch| batch.read)),
        ("closed_by", Arc::new(closed.collect::<StringArray>())),
        ("first_stream_time", times(0)),
        ("last_stream_time", times(1)),
    ])
}

/// A line for each record of the rejects file.
pub(super) fn rejects(dir: &Path) -> PyResult<Table> {
    let path = dir.join("logs").join("rejects.csv");
    let text = read(&path)?;
    let wrong = |error: csv::Error| PyValueError::new_err(format!("{}: {error}", path.display()));
    let mut numbers: [UInt64Builder; 4] = std::array::from_fn(|_| UInt64Builder::new());
    let mut texts: [StringBuilder; 2] = std::array::from_fn(|_| StringBuilder::new());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        for (column, number) in numbers.iter_mut().enumerate() {
            number.append_option(record.get(column).and_then(|field| field.parse().ok()));
        }
        for (column, text) in texts.iter_mut().enumerate() {
            text.append_option(record.get(numbers.len() + column));
        }
    }
    let names = ["part", "line", "partition", "offset"];
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for (name, number) in names.iter().zip(&mut numbers) {
        columns.push((name, Arc::new(number.finish())));
    }
    for (name, text) in ["reason", "detail"].iter().zip(&mut texts) {
        columns.push((name, Arc::new(text.finish())));
    }
    Table::of(columns)
}

/// The text of a file; nothing, if there is none yet.
fn read(path: &Path) -> PyResult<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(exception(&std::io::Error::new(
            error.kind(),
            format!("cannot read {}: {error}", path.display()),
        ))),
    }
}
