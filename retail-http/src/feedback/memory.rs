use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;

use super::{Outcome, Scored};

/// So many ids are known to have been forgotten.
const MOST_FORGOTTEN: usize = 65_536;

/// What was said to requests, the newest up to a number of rows.
#[derive(Debug)]
pub(super) struct Memory {
    hasher: RandomState,
    requests: VecDeque<Remembered>,
    /// How many requests came before the first in `requests`.
    before: u64,
    /// The newest request with an id, counted from the first there ever was.
    by_id: HashMap<u64, u64>,
    n_rows: usize,
    max_rows: usize,
    /// The ids of older requests, and their order.
    forgotten: HashSet<u64>,
    order: VecDeque<u64>,
}

/// What was said to one request.
#[derive(Debug)]
struct Remembered {
    id: u64,
    since: Instant,
    answers: Vec<Answer>,
}

/// What one model said.
#[derive(Debug)]
pub(super) struct Answer {
    scored: Arc<Scored>,
    /// Row by row.
    scores: Box<[f64]>,
    n_rows: usize,
    /// The rows whose truth is known; empty if there are none.
    known: Box<[bool]>,
}

/// What a model said of one row.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) scored: Arc<Scored>,
    pub(super) scores: Vec<f64>,
}

/// What a truth may be compared with.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) scored: Arc<Scored>,
    pub(crate) n_rows: usize,
}

/// Which of the answers to a request a truth is about.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) target: String,
    /// All of them, if none is named.
    pub(crate) version: Option<u32>,
    /// From 0.
    pub(crate) row: usize,
}

/// What is known of an id.
#[derive(Debug)]
pub(super) enum Found {
    Answers(Vec<Asked>),
    Forgotten,
    Nothing,
}

impl Answer {
    pub(super) fn new(scored: Arc<Scored>, scores: &Array2<f64>) -> Self {
        Self {
            scored,
            scores: scores.iter().copied().collect(),
            n_rows: scores.nrows(),
            known: Box::default(),
        }
    }

    fn is_wanted(&self, wanted: &Wanted) -> bool {
        let slot = self.scored.slot();
        let is_version = wanted.version.is_none_or(|version| version == slot.version);
        slot.target == wanted.target && is_version && wanted.row < self.n_rows
    }

    /// What was said of a row, the first time that its truth is known.
    fn take(&mut self, row: usize) -> Option<Taken> {
        if self.known.is_empty() {
            self.known = vec![false; self.n_rows].into();
        }
        let known = self.known.get_mut(row)?;
        if std::mem::replace(known, true) {
            return None;
        }
        let n_outputs = self.scores.len() / self.n_rows;
        let scores = self.scores.get(row * n_outputs..(row + 1) * n_outputs)?;
        Some(Taken {
            scored: Arc::clone(&self.scored),
            scores: scores.to_vec(),
        })
    }
}

impl Memory {
    pub(super) fn new(max_rows: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            requests: VecDeque::new(),
            before: 0,
            by_id: HashMap::new(),
            n_rows: 0,
            max_rows,
            forgotten: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Keeps what was said to a request. Of several with one id, the newest counts.
    pub(super) fn push(&mut self, id: &[u8], since: Instant, answers: Vec<Answer>) {
        let id = self.hasher.hash_one(id);
        self.n_rows += rows(&answers);
        let number = self.before + self.requests.len() as u64;
        self.requests.push_back(Remembered { id, since, answers });
        self.by_id.insert(id, number);
        self.forgotten.remove(&id);
        while self.n_rows > self.max_rows {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.requests.pop_front() else {
            return;
        };
        let number = self.before;
        self.before += 1;
        self.n_rows -= rows(&oldest.answers);
        if self.by_id.get(&oldest.id) != Some(&number) {
            return;
        }
        self.by_id.remove(&oldest.id);
        if self.order.len() == MOST_FORGOTTEN
            && let Some(first) = self.order.pop_front()
        {
            self.forgotten.remove(&first);
        }
        self.forgotten.insert(oldest.id);
        self.order.push_back(oldest.id);
    }

    /// What was said to the request with this id, unless that is longer ago than `max_age`.
    pub(super) fn find(&mut self, id: &[u8], max_age: Duration) -> Found {
        while let Some(oldest) = self.requests.front()
            && oldest.since.elapsed() > max_age
        {
            self.forget_oldest();
        }
        let id = self.hasher.hash_one(id);
        if let Some(request) = self.request(id) {
            return Found::Answers(request.answers.iter().map(Asked::of).collect());
        }
        match self.forgotten.contains(&id) {
            true => Found::Forgotten,
            false => Found::Nothing,
        }
    }

    /// What was said of a row, by models that do not know its truth yet.
    pub(super) fn take(&mut self, id: &[u8], wanted: &Wanted) -> Result<Vec<Taken>, Outcome> {
        let id = self.hasher.hash_one(id);
        let Some(request) = self.request(id) else {
            return Err(Outcome::Late);
        };
        let of_row = request.answers.iter_mut();
        let of_row: Vec<_> = of_row.filter(|answer| answer.is_wanted(wanted)).collect();
        if of_row.is_empty() {
            return Err(Outcome::Unknown);
        }
        let taken = of_row.into_iter().filter_map(|said| said.take(wanted.row));
        let taken: Vec<_> = taken.collect();
        match taken.is_empty() {
            true => Err(Outcome::Duplicate),
            false => Ok(taken),
        }
    }

    fn request(&mut self, id: u64) -> Option<&mut Remembered> {
        let number = *self.by_id.get(&id)?;
        let index = usize::try_from(number.checked_sub(self.before)?).ok()?;
        self.requests.get_mut(index)
    }
}

impl Asked {
    fn of(answer: &Answer) -> Self {
        Self {
            scored: Arc::clone(&answer.scored),
            n_rows: answer.n_rows,
        }
    }
}

fn rows(answers: &[Answer]) -> usize {
    // A request whose answers were empty takes room, too.
    let rows: usize = answers.iter().map(|answer| answer.n_rows).sum();
    rows.max(1)
}
