use std::collections::BTreeMap;

use retail_core::engine::{BatchStatus, ModelStatus, PrequentialStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What readers are told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something has happened.
    Event {
        /// One more than that of the event before.
        id: u64,
        name: &'static str,
        /// JSON.
        data: String,
    },
    /// There is no more to tell.
    End,
}

/// The records of a batch that were dropped.
#[derive(Serialize, ToSchema)]
#[schema(
    as = RejectEvent,
    examples(json!({
        "batch": 10, "records": 484,
        "reasons": {"cancelled": 20, "missing_customer": 463, "non_positive_quantity": 1},
    })),
)]
pub(crate) struct Rejected {
    /// The number of the batch, from 1.
    #[schema(minimum = 1)]
    batch: u64,
    /// How many there were.
    records: u64,
    /// How many for each reason that there was.
    #[schema(value_type = BTreeMap<String, u64>)]
    reasons: Map<String, Value>,
}

impl Rejected {
    pub(super) fn of(batch: &BatchStatus) -> Option<Self> {
        let reasons: Map<String, Value> = batch
            .rejected
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| (reason.to_owned(), count.into()))
            .collect();
        (!reasons.is_empty()).then_some(Self {
            batch: batch.batch,
            records: batch.rejected.total(),
            reasons,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Scored<'a> {
    pub(super) model: &'a str,
    #[serde(flatten)]
    pub(super) prequential: &'a PrequentialStatus,
}

#[derive(Serialize)]
pub(super) struct Trained<'a> {
    pub(super) model: &'a str,
    pub(super) changed: bool,
    #[serde(flatten)]
    pub(super) status: &'a ModelStatus,
}

/// Another revision of a model is being served.
#[derive(Serialize, ToSchema)]
#[schema(as = SwapEvent, examples(json!({"model": "linear_model_1", "revision": 2, "previous": 1})))]
pub(crate) struct Swapped<'a> {
    /// The slot.
    pub(super) model: &'a str,
    /// The revision that is served.
    pub(super) revision: u64,
    /// The one that was served before; null for the first.
    #[schema(required = true)]
    pub(super) previous: Option<u64>,
}

/// How far behind a source is.
#[derive(Serialize, ToSchema)]
#[schema(as = LagEvent, examples(json!({"partitions": {"0": 12, "1": 30}, "total": 42})))]
pub(crate) struct Lag<'a> {
    /// Records of each partition that have not been taken yet.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub(super) partitions: &'a BTreeMap<&'a str, u64>,
    /// Those of all partitions.
    pub(super) total: u64,
}
