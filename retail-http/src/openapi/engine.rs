//! What types of the core look like as JSON. The core knows nothing of OpenAPI; a test holds these against
//! what it really writes.
#![expect(dead_code, reason = "these types are read for their schemas only")]

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::measures::{HoldOutShape, MetricsShape, NotTrainedReason};

/// A text that is always this one.
fn word(word: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.enum_values(Some([word])).into()
}

/// What an engine has done so far.
#[derive(ToSchema)]
#[schema(as = EngineStatus)]
pub(crate) struct EngineShape {
    /// Whether a source is being read.
    running: bool,
    /// Records read and saved: kept plus rejected. Those of the open batch are not counted.
    rows_read: u64,
    /// Rows in saved batches.
    rows_kept: u64,
    /// Records dropped, by reason.
    rejected: BTreeMap<String, u64>,
    /// Batches saved.
    batches: u64,
    /// Stream time of the newest saved row, for example `2010-12-01 08:26:00`.
    #[schema(required = true)]
    stream_time: Option<String>,
    /// When the newest batch was saved, by the engine's clock; null if this engine has saved none.
    #[schema(required = true)]
    saved_at: Option<String>,
    /// How far the source has been read, as of the newest batch that was closed.
    #[schema(required = true)]
    progress: Option<ProgressShape>,
    /// The newest batches, oldest first.
    newest_batches: Vec<BatchShape>,
    /// What became of each model at the last training, by slot.
    models: BTreeMap<String, ModelOutcomeShape>,
    /// What became of the rows at the windows of each pipeline, by prefix; only those that rows can be late for.
    windows: BTreeMap<String, WindowCountsShape>,
    /// The error that ended the last run, if one did.
    #[schema(required = true)]
    error: Option<String>,
}

/// How far a source has been read.
#[derive(ToSchema)]
#[schema(as = Progress)]
struct ProgressShape {
    /// Units read.
    done: u64,
    /// Units in all, if known.
    #[schema(required = true)]
    total: Option<u64>,
    /// The unit: `bytes` or `records`.
    unit: String,
}

/// What became of rows at windows.
#[derive(ToSchema)]
#[schema(as = WindowCounts)]
struct WindowCountsShape {
    /// Rows that joined at least one window.
    on_time: u64,
    /// Rows that joined none because every window they belong to had been closed.
    late: u64,
    /// Rows that no window contains.
    rejected: u64,
    /// Of the rows on time, those that came too late for some of their windows.
    partly_late: u64,
}

/// A saved batch.
#[derive(ToSchema)]
#[schema(
    as = BatchStatus,
    examples(json!({
        "batch": 10, "rows": 2_916, "read": 3_400, "rejected": {"cancelled": 20, "missing_customer": 464},
        "closed_by": "age", "stream_time": ["1970-01-01 00:45:00", "1970-01-01 00:49:59"],
        "watermark": "2010-12-03 11:36:00", "revenue": 58_731.26,
    })),
)]
pub(crate) struct BatchShape {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    batch: u64,
    /// Kept rows in it.
    rows: u64,
    /// Records read for it, kept or not.
    read: u64,
    /// The rejected ones, by reason.
    rejected: BTreeMap<String, u64>,
    /// Why it was closed.
    closed_by: CloseShape,
    /// Stream times of its first readable record and of its latest one, kept or not.
    #[schema(required = true, min_items = 2, max_items = 2)]
    stream_time: Option<Vec<String>>,
    /// The latest event time of its rows and of those before it.
    #[schema(required = true)]
    watermark: Option<String>,
    /// The sum of quantity × price over its kept rows, in units of currency.
    revenue: f64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CloseReason)]
enum CloseShape {
    Count,
    Age,
    End,
    Stop,
    Handover,
}

/// What became of a model at its last training.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ModelStatus)]
enum ModelOutcomeShape {
    Trained(TrainedShape),
    NotTrained(NotTrainedShape),
}

#[derive(Serialize, ToSchema)]
#[schema(as = TrainedStatus)]
pub(crate) struct TrainedShape {
    /// Rows of the window.
    rows: u64,
    #[schema(schema_with = trained)]
    status: String,
    holdout: HoldOutShape,
    /// How good the naive prediction is on the same rows.
    #[schema(nullable = false)]
    baseline: Option<MetricsShape>,
    /// The revision that is being served, if any.
    #[schema(required = true)]
    revision: Option<u64>,
    /// How many seconds training and evaluation took.
    seconds: f64,
    /// Metrics of the served model on batches that it had not yet learned, if any were scored.
    #[schema(required = true)]
    prequential: Option<PrequentialShape>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = NotTrainedStatus)]
pub(crate) struct NotTrainedShape {
    /// Rows of the window.
    rows: u64,
    #[schema(schema_with = not_trained)]
    status: String,
    why: NotTrainedReason,
    /// The reason in words.
    message: String,
    /// The revision that is being served, if any.
    #[schema(required = true)]
    revision: Option<u64>,
    /// How many seconds training and evaluation took.
    seconds: f64,
    /// Metrics of the served model on batches that it had not yet learned, if any were scored.
    #[schema(required = true)]
    prequential: Option<PrequentialShape>,
}

pub(super) fn trained() -> RefOr<Schema> {
    word("trained")
}

pub(super) fn not_trained() -> RefOr<Schema> {
    word("not_trained")
}

/// How well a model predicted batches before it learned from them.
#[derive(Serialize, ToSchema)]
#[schema(as = PrequentialStatus)]
pub(crate) struct PrequentialShape {
    /// How many batches were scored.
    batches: u64,
    /// Over the newest of them, at most 20.
    recent: MetricsShape,
    /// Over all of them.
    overall: MetricsShape,
}

/// How good the answers of one revision were.
#[derive(ToSchema)]
#[schema(as = ServedScores)]
pub(crate) struct ServedShape {
    revision: u64,
    /// Without AUC, which would need every answer.
    metrics: MetricsShape,
}

/// Which revisions of a model are served and named.
#[derive(ToSchema)]
#[schema(as = SlotState)]
pub(crate) struct StateShape {
    /// The revision that is served, if the model is trained.
    #[schema(required = true)]
    revision: Option<u64>,
    /// Whether it goes on being served when others are trained.
    pinned: bool,
    /// Which revision each alias stands for.
    aliases: BTreeMap<String, u64>,
}

/// The kind of a target.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[schema(as = Task)]
pub(crate) enum TaskShape {
    /// A number.
    Regression,
    /// Yes or no.
    Binary,
    /// One of several classes.
    Multiclass {
        /// Names of the classes, in order.
        classes: Vec<String>,
    },
}

/// One feature: its name, unit and legal range.
#[derive(ToSchema)]
#[schema(as = Feature)]
pub(crate) struct FeatureShape {
    name: String,
    /// Unit in words.
    unit: String,
    /// Smallest legal value, inclusive.
    min: f64,
    /// Largest legal value, inclusive.
    max: f64,
    /// Whether only whole numbers are legal.
    whole: bool,
    /// The two features whose product it is.
    #[schema(nullable = false, min_items = 2, max_items = 2)]
    product_of: Option<Vec<String>>,
}

/// The rows that a model was trained on.
#[derive(ToSchema)]
#[schema(as = Slice)]
pub(crate) struct SliceShape {
    /// The window in words, for example `first 1/3 of the rows`.
    window: String,
    /// Whether no further row could join the window.
    closed: bool,
    rows: u64,
    /// The first row, counted in kept rows of the stream.
    first_row: u64,
    /// One past the last row.
    end_row: u64,
    /// Per partition, the next record before the first batch that the slice touches.
    from: BTreeMap<String, u64>,
    /// Per partition, the next record after the last batch that the slice touches.
    to: BTreeMap<String, u64>,
    /// Stream times of the first and the last row, inclusive.
    #[schema(min_items = 2, max_items = 2)]
    stream_time: Vec<String>,
}
