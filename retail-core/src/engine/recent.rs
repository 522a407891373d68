use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::{BatchStatus, ModelOutcome};
use crate::time::Timestamp;

/// What an engine did lately, for plots and lists. All of it is bounded, and the oldest goes first.
///
/// Batches are known again after a restart, scores and trainings are not.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// The newest batches, oldest first.
    pub batches: Arc<VecDeque<BatchStatus>>,
    /// How the models scored on the newest batches, by slot, oldest first.
    pub scores: Scores,
    /// The newest trainings, oldest first.
    pub trainings: Arc<VecDeque<Arc<Training>>>,
}

/// How each model scored on the newest batches, by slot, oldest first.
pub type Scores = Arc<BTreeMap<String, VecDeque<Arc<BatchScore>>>>;

/// How well a model predicted one batch, before any model learned from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchScore {
    /// The number of the batch, from 1.
    pub batch: u64,
    /// The revision that predicted it.
    pub revision: u64,
    /// Rows measured.
    pub rows: u64,
    /// The measures, by the names that [`Metrics`](crate::evaluate::Metrics) have in JSON.
    pub metrics: BTreeMap<&'static str, f64>,
}

/// One training of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Training {
    /// When it ended, by the engine's clock; in UTC, if that is the machine's.
    pub at: Timestamp,
    /// The slot, for example `linear_model_1`.
    pub model: String,
    /// Rows of the window.
    pub rows: u64,
    /// How many seconds training and evaluation took.
    pub seconds: f64,
    /// The revision that was served afterwards, if any.
    pub revision: Option<u64>,
    /// Whether that is a new one.
    pub changed: bool,
    /// Whether the model was trained.
    #[serde(flatten)]
    pub outcome: ModelOutcome,
}

impl Recent {
    /// How many batches are kept, and how many scores of each model.
    pub const BATCHES: usize = 300;

    /// How many trainings are kept.
    pub const TRAININGS: usize = 50;

    pub(super) fn saved(&mut self, batch: BatchStatus) {
        push(Arc::make_mut(&mut self.batches), batch, Self::BATCHES);
    }

    pub(super) fn trained(&mut self, training: Arc<Training>) {
        let trainings = Arc::make_mut(&mut self.trainings);
        push(trainings, training, Self::TRAININGS);
    }
}

/// Appends, so that no more than `most` are left.
pub(super) fn push<T>(newest: &mut VecDeque<T>, one: T, most: usize) {
    if newest.len() >= most {
        newest.pop_front();
    }
    newest.push_back(one);
}
