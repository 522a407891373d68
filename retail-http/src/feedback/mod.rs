//! Answers that are kept for a while, and how good they were once their truth is known.

mod ids;
mod memory;
mod revisions;
mod ring;
mod scores;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ndarray::Array2;
use retail_core::registry::{Served, SlotName};
use serde::Serialize;
use utoipa::ToSchema;

use ids::Ids;
use memory::{Found, Memory};
use scores::Scores;

pub(crate) use memory::{Asked, Wanted};
pub(crate) use scores::{Scored, ServedScores};

/// Which answers are kept until their truth is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedbackOptions {
    /// The most rows whose answers are kept, at least 1; 65,536 by default, which take about 15 MB. The oldest
    /// make room for new ones.
    pub max_rows: usize,
    /// How long an answer is kept; one day by default.
    pub max_age: Duration,
}

impl Default for FeedbackOptions {
    fn default() -> Self {
        Self {
            max_rows: 65_536,
            max_age: Duration::from_secs(86_400),
        }
    }
}

/// What became of one truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was compared with an answer.
    Accepted,
    /// There was no answer with such an id or such a row.
    Unknown,
    /// There was one, which is no longer kept.
    Late,
    /// The truth was known already.
    Duplicate,
}

/// How many truths had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CountedTruths)]
pub(crate) struct Counted {
    /// Compared with an answer.
    pub(crate) accepted: u64,
    /// There was no answer with such an id or such a row.
    pub(crate) unknown: u64,
    /// There was one, which is no longer kept.
    pub(crate) late: u64,
    /// The truth was known already; the first counts.
    pub(crate) duplicate: u64,
}

impl Counted {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Unknown => &mut self.unknown,
            Outcome::Late => &mut self.late,
            Outcome::Duplicate => &mut self.duplicate,
        } += 1;
    }
}

/// An answer to keep: what one model said, `(n_samples, n_outputs)`.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) slot: &'a Arc<SlotName>,
    pub(crate) served: &'a Served,
    pub(crate) scores: &'a Array2<f64>,
}

/// What is kept, and what is known of it.
#[derive(Debug)]
pub(crate) struct Feedback {
    options: FeedbackOptions,
    ids: Ids,
    memory: Mutex<Memory>,
    scores: Scores,
    accepted: AtomicU64,
    unknown: AtomicU64,
    late: AtomicU64,
    duplicate: AtomicU64,
}

impl Feedback {
    pub(crate) fn new(options: FeedbackOptions) -> Self {
        Self {
            options,
            ids: Ids::default(),
            memory: Mutex::new(Memory::new(options.max_rows.max(1))),
            scores: Scores::default(),
            accepted: AtomicU64::default(),
            unknown: AtomicU64::default(),
            late: AtomicU64::default(),
            duplicate: AtomicU64::default(),
        }
    }

    /// Keeps what models said to one request.
    pub(crate) fn remember<'a>(&self, id: &[u8], said: impl IntoIterator<Item = Said<'a>>) {
        let (id, now) = (self.ids.of(id), Instant::now());
        self.with_memory(|memory| memory.push(id, now, said, &self.scores));
    }

    /// What was said to the request with this id.
    pub(crate) fn asked(&self, id: &[u8]) -> Result<Vec<Asked>, Outcome> {
        let id = self.ids.of(id);
        match self.with_memory(|memory| memory.find(id, self.options.max_age)) {
            Found::Answers(asked) => Ok(asked),
            Found::Forgotten => Err(Outcome::Late),
            Found::Nothing => Err(Outcome::Unknown),
        }
    }

    /// Compares a truth with what was said of it.
    pub(crate) fn accept(&self, id: &[u8], wanted: &Wanted, truth: f64) -> Outcome {
        let id = self.ids.of(id);
        let taken = self.with_memory(|memory| memory.take(id, wanted));
        match taken {
            Err(outcome) => outcome,
            Ok(said) => {
                for said in said {
                    said.scored.add(truth, &said.scores);
                }
                Outcome::Accepted
            }
        }
    }

    /// Compares a truth with what a model says of it now.
    pub(crate) fn compare(&self, said: &Said<'_>, truth: f64) {
        let scores: Vec<f64> = said.scores.iter().copied().collect();
        self.scores.of(said.slot, said.served).add(truth, &scores);
    }

    pub(crate) fn count(&self, counted: Counted) {
        for (sum, more) in [
            (&self.accepted, counted.accepted),
            (&self.unknown, counted.unknown),
            (&self.late, counted.late),
            (&self.duplicate, counted.duplicate),
        ] {
            sum.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// All that was counted since the start.
    pub(crate) fn counted(&self) -> Counted {
        let read = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Counted {
            accepted: read(&self.accepted),
            unknown: read(&self.unknown),
            late: read(&self.late),
            duplicate: read(&self.duplicate),
        }
    }

    /// How many rows are kept.
    pub(crate) fn n_rows(&self) -> usize {
        self.with_memory(|memory| memory.n_rows())
    }

    /// How good the answers of a slot were, by revision, the newest first.
    pub(crate) fn scores(&self, slot: &str) -> Vec<ServedScores> {
        self.scores.read(slot)
    }

    fn with_memory<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
