//! Schemas of what an engine did lately.
#![expect(dead_code, reason = "these types are read for their schemas only")]

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::engine::{not_trained, trained};
use super::measures::{HoldOutShape, MetricsShape, NotTrainedReason};

/// How well a model predicted one batch, before any model learned from it.
#[derive(ToSchema)]
#[schema(as = BatchScore)]
pub(crate) struct ScoreShape {
    /// The number of the batch, from 1.
    #[schema(minimum = 1)]
    batch: u64,
    /// The revision that predicted it.
    revision: u64,
    /// Rows measured.
    rows: u64,
    /// The measures, by name; those that are not known are left out.
    metrics: BTreeMap<String, f64>,
}

/// One training of one model.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Training)]
pub(crate) enum TrainingShape {
    Trained(TrainingDoneShape),
    NotTrained(TrainingFailedShape),
}

/// A training that gave a model.
#[derive(Serialize, ToSchema)]
#[schema(as = TrainingDone)]
pub(crate) struct TrainingDoneShape {
    /// When it ended, in UTC.
    at: String,
    /// The slot.
    model: String,
    /// Rows of the window.
    rows: u64,
    /// How many seconds training and evaluation took.
    seconds: f64,
    /// The revision that was served afterwards, if any.
    #[schema(required = true)]
    revision: Option<u64>,
    /// Whether that is a new one.
    changed: bool,
    #[schema(schema_with = trained)]
    status: String,
    holdout: HoldOutShape,
    /// How good the naive prediction is on the same rows.
    #[schema(nullable = false)]
    baseline: Option<MetricsShape>,
}

/// A training that gave none.
#[derive(Serialize, ToSchema)]
#[schema(as = TrainingFailed)]
pub(crate) struct TrainingFailedShape {
    /// When it ended, in UTC.
    at: String,
    /// The slot.
    model: String,
    /// Rows of the window.
    rows: u64,
    /// How many seconds training and evaluation took.
    seconds: f64,
    /// The revision that was served afterwards, if any.
    #[schema(required = true)]
    revision: Option<u64>,
    /// Whether that is a new one.
    changed: bool,
    #[schema(schema_with = not_trained)]
    status: String,
    why: NotTrainedReason,
    /// The reason in words.
    message: String,
}
