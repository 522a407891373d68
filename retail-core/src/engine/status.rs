use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Serialize;

use super::{PrequentialStatus, Recent};
use crate::batch::{BatchEntry, CloseReason};
use crate::clean::RejectCounts;
use crate::evaluate::Metrics;
use crate::record::Transactions;
use crate::registry::HoldOutResult;
use crate::source::Progress;
use crate::time::Timestamp;
use crate::train::NotTrained;
use crate::window::WindowCounts;

/// What an engine has done so far, as JSON for `/status/batches`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EngineStatus {
    /// Whether a source is being read.
    pub running: bool,
    /// Records read and saved: kept plus rejected. Those of the open batch are not counted.
    pub rows_read: u64,
    /// Rows in saved batches.
    pub rows_kept: u64,
    /// Records dropped, by reason.
    pub rejected: RejectCounts,
    /// Batches saved.
    pub batches: u64,
    /// Stream time of the newest saved row.
    pub stream_time: Option<Timestamp>,
    /// When the newest batch was saved, by the engine's clock; `None` if this engine has saved none.
    pub saved_at: Option<Timestamp>,
    /// How far the source has been read, as of the newest batch that was closed.
    pub progress: Option<Progress>,
    /// The newest batches, oldest first.
    pub newest_batches: Vec<BatchStatus>,
    /// What became of each model at the last training, by slot.
    pub models: BTreeMap<String, ModelStatus>,
    /// What became of the rows at the windows of each pipeline, by prefix; only those that rows can be
    /// late for.
    pub windows: BTreeMap<String, WindowCounts>,
    /// The error that ended the last run, if one did.
    pub error: Option<String>,
    /// What happened lately. It is not part of the JSON.
    #[serde(skip)]
    pub recent: Recent,
}

/// A saved batch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchStatus {
    /// Its number, from 1.
    pub batch: u64,
    /// Kept rows in it.
    pub rows: u64,
    /// Records read for it, kept or not.
    pub read: u64,
    /// The rejected ones, by reason.
    pub rejected: RejectCounts,
    /// Why it was closed.
    pub closed_by: CloseReason,
    /// Stream times of its first readable record and of its latest one, kept or not.
    pub stream_time: Option<[Timestamp; 2]>,
    /// The latest event time of its rows and of those before it.
    pub watermark: Option<Timestamp>,
    /// The sum of quantity × price over its kept rows, in units of currency.
    pub revenue: f64,
}

/// What became of a model at its last training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    /// Rows of the window.
    pub rows: u64,
    /// Whether it was trained.
    #[serde(flatten)]
    pub outcome: ModelOutcome,
    /// The revision that is being served, if any.
    pub revision: Option<u64>,
    /// How many seconds training and evaluation took.
    pub seconds: f64,
    /// Metrics of the served model on batches that it had not yet learned, if any were scored.
    pub prequential: Option<PrequentialStatus>,
}

/// Whether a model was trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum ModelOutcome {
    /// It was.
    Trained {
        /// Metrics on the hold-out rows, or why there are none.
        holdout: HoldOutResult,
        /// Metrics of the naive prediction on the same rows, if there are any: see
        /// [`Metrics::of_baseline`].
        #[serde(skip_serializing_if = "Option::is_none")]
        baseline: Option<Metrics>,
    },
    /// It was not.
    NotTrained {
        /// The reason, typed.
        why: NotTrained,
        /// The reason in words.
        message: String,
    },
}

/// Where the engine publishes its status. Anyone can read it, and nobody waits for anybody.
#[derive(Debug, Default)]
pub struct StatusBoard(ArcSwap<EngineStatus>);

impl StatusBoard {
    /// The newest status.
    #[must_use]
    pub fn read(&self) -> Arc<EngineStatus> {
        self.0.load_full()
    }

    /// Replaces the status by a changed copy.
    pub(crate) fn update(&self, change: impl Fn(&mut EngineStatus)) {
        self.0.rcu(|status| {
            let mut status = EngineStatus::clone(status);
            change(&mut status);
            status
        });
    }
}

impl BatchStatus {
    pub(super) fn new(entry: &BatchEntry, rows: &Transactions) -> Self {
        Self {
            batch: entry.batch,
            rows: entry.rows,
            read: entry.read,
            rejected: entry.rejected,
            closed_by: entry.closed_by,
            stream_time: entry.stream_time,
            watermark: entry.watermark,
            revenue: rows.revenue(),
        }
    }
}

impl EngineStatus {
    /// How many of the newest batches are listed.
    pub const NEWEST: usize = 20;

    /// Counts a saved batch.
    pub(super) fn count(&mut self, entry: &BatchEntry, batch: &BatchStatus) {
        self.rows_read += entry.read;
        self.rows_kept += entry.rows;
        self.rejected += entry.rejected;
        self.batches = entry.batch;
        self.stream_time = self
            .stream_time
            .max(entry.stream_time.map(|[_, latest]| latest));
        if self.newest_batches.len() == Self::NEWEST {
            self.newest_batches.remove(0);
        }
        self.newest_batches.push(batch.clone());
        self.recent.saved(batch.clone());
    }
}
