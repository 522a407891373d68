use retail_core::engine::{BatchStatus, ModelStatus, PrequentialStatus};
use serde::Serialize;
use serde_json::{Map, Value};

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
#[derive(Serialize)]
pub(super) struct Rejected {
    batch: u64,
    records: u64,
    /// Those reasons that there were.
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

#[derive(Serialize)]
pub(super) struct Swapped<'a> {
    pub(super) model: &'a str,
    pub(super) revision: u64,
    pub(super) previous: Option<u64>,
}
