use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ndarray::{Array1, Array2};
use retail_core::evaluate::{Metrics, Running};
use retail_core::label::Task;
use retail_core::registry::{Served, SlotName};
use retail_core::train::Prediction;
use serde::Serialize;

/// Of each slot, so many revisions are known.
const MOST_REVISIONS: usize = 20;

/// How good answers were, by slot and revision.
#[derive(Debug, Default)]
pub(super) struct Scores(RwLock<HashMap<String, VecDeque<Arc<Scored>>>>);

/// How good the answers of one revision were.
#[derive(Debug)]
pub(crate) struct Scored {
    slot: Arc<SlotName>,
    revision: u64,
    task: Task,
    /// Whether it is one of those that [`Scores::read`] shows.
    is_shown: AtomicBool,
    running: Mutex<Running>,
}

/// The same at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ServedScores {
    pub(crate) revision: u64,
    pub(crate) metrics: Metrics,
}

impl Scores {
    /// The scores of a revision; new ones if it has none yet.
    pub(super) fn of(&self, slot: &Arc<SlotName>, served: &Served) -> Arc<Scored> {
        let newest = |known: &VecDeque<Arc<Scored>>| {
            let mut known = known.iter().rev();
            known
                .find(|scored| scored.revision == served.revision)
                .cloned()
        };
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(scored) = all.get(&slot.name).and_then(newest) {
            return scored;
        }
        drop(all);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(slot.name.clone()).or_default();
        if let Some(scored) = newest(known) {
            return scored;
        }
        let task = &served.artefact.info.task;
        let scored = Arc::new(Scored {
            slot: Arc::clone(slot),
            revision: served.revision,
            task: task.clone(),
            is_shown: AtomicBool::new(true),
            running: Mutex::new(Running::new(task.clone())),
        });
        if known.len() == MOST_REVISIONS
            && let Some(oldest) = known.pop_front()
        {
            oldest.is_shown.store(false, Ordering::Relaxed);
        }
        known.push_back(Arc::clone(&scored));
        scored
    }

    /// Those of a slot that have any, the newest revision first.
    pub(super) fn read(&self, slot: &str) -> Vec<ServedScores> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(slot).into_iter().flatten();
        let mut scores: Vec<ServedScores> = known.filter_map(|scored| scored.read()).collect();
        scores.sort_by_key(|scores| std::cmp::Reverse(scores.revision));
        scores
    }
}

impl Scored {
    /// Whether what this revision says is to be compared with truths here.
    pub(super) fn is_of(&self, slot: &SlotName, served: &Served) -> bool {
        self.revision == served.revision
            && self.is_shown.load(Ordering::Relaxed)
            && *self.slot == *slot
    }

    pub(crate) fn slot(&self) -> &SlotName {
        &self.slot
    }

    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// Adds a truth, and what was said of it: a value, or the probabilities of the classes.
    pub(crate) fn add(&self, truth: f64, scores: &[f64]) {
        let prediction = match (&self.task, scores) {
            (Task::Regression, &[value]) => Prediction::Values(Array1::from_elem(1, value)),
            (_, scores) => {
                let row = Array2::from_shape_vec((1, scores.len()), scores.to_vec());
                Prediction::Probabilities(row.unwrap_or_default())
            }
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = running.add(&[truth], &prediction) {
            // Truths and answers have been looked at before.
            tracing::error!("{} cannot be scored: {error}", self.slot.name);
        }
    }

    fn read(&self) -> Option<ServedScores> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ServedScores {
            revision: self.revision,
            metrics: running.metrics()?,
        })
    }
}
