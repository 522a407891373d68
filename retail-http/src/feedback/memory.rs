use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::iter::repeat_n;
use std::sync::Arc;
use std::time::{Duration, Instant};

use retail_core::registry::SlotName;

use super::ids::{AsItIs, Id};
use super::revisions::Revisions;
use super::ring::Ring;
use super::scores::Scores;
use super::{Outcome, Said, Scored};

/// So many ids are known to have been forgotten.
const MOST_FORGOTTEN: usize = 65_536;

/// What was said to requests, the newest up to a number of rows.
///
/// Requests, answers and rows are numbered from the first that there ever was, and stand in rings: to keep
/// one more and to forget the oldest takes no memory and gives none back.
#[derive(Debug)]
pub(super) struct Memory {
    max_rows: usize,
    requests: Ring<Remembered>,
    answers: Ring<Answer>,
    /// Of each answer, the scores of its rows, one row after another.
    scores: Ring<f64>,
    /// Of each answer, whether the truth of a row is known.
    known: Ring<bool>,
    /// The ids of the requests that are kept, and of some before them.
    ids: Ring<u64>,
    /// The newest request with an id.
    by_id: HashMap<u64, u64, BuildHasherDefault<AsItIs>>,
    /// Rows kept, and requests with none.
    n_rows: usize,
    scored: Revisions,
}

/// What was said to one request: the answers from this one on, up to those of the next.
#[derive(Debug)]
struct Remembered {
    since: Instant,
    answers: u64,
}

/// What one model said: of so many rows, each with so many scores, from these on.
#[derive(Debug, Clone, Copy)]
struct Answer {
    revision: usize,
    n_rows: usize,
    n_outputs: usize,
    scores: u64,
    known: u64,
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

impl Memory {
    pub(super) fn new(max_rows: usize) -> Self {
        Self {
            max_rows,
            requests: Ring::default(),
            answers: Ring::default(),
            scores: Ring::default(),
            known: Ring::default(),
            ids: Ring::default(),
            by_id: HashMap::default(),
            n_rows: 0,
            scored: Revisions::default(),
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Keeps what was said to a request. Of several with one id, the newest counts. What is to be said of
    /// truths about it stands in `scores`.
    pub(super) fn push<'a>(
        &mut self,
        id: Id,
        since: Instant,
        said: impl IntoIterator<Item = Said<'a>>,
        scores: &Scores,
    ) {
        let answers = self.answers.end();
        let mut n_rows = 0;
        for said in said {
            let answer = Answer {
                revision: self.scored.hold(&said, scores),
                n_rows: said.scores.nrows(),
                n_outputs: said.scores.ncols(),
                scores: self.scores.end(),
                known: self.known.end(),
            };
            n_rows += answer.n_rows;
            self.scores.extend(said.scores.iter().copied());
            self.known.extend(repeat_n(false, answer.n_rows));
            self.answers.push(answer);
        }
        // A request whose answers were empty takes room, too.
        self.n_rows += n_rows.max(1);
        self.by_id.insert(id.0, self.requests.end());
        self.requests.push(Remembered { since, answers });
        self.ids.push(id.0);
        while self.n_rows > self.max_rows {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if self.requests.pop().is_none() {
            return;
        }
        let next = self.requests.front();
        let end = next.map_or(self.answers.end(), |next| next.answers);
        let mut n_rows = 0;
        while self.answers.begin < end
            && let Some(answer) = self.answers.pop()
        {
            n_rows += answer.n_rows;
            self.scores.forget(answer.n_rows * answer.n_outputs);
            self.known.forget(answer.n_rows);
            self.scored.release(answer.revision);
        }
        self.n_rows -= n_rows.max(1);
        while self.ids.len() > self.requests.len() + MOST_FORGOTTEN {
            let number = self.ids.begin;
            if let Some(id) = self.ids.pop()
                && self.by_id.get(&id) == Some(&number)
            {
                self.by_id.remove(&id);
            }
        }
    }

    /// What was said to the request with this id, unless that is longer ago than `max_age`.
    pub(super) fn find(&mut self, id: Id, max_age: Duration) -> Found {
        while let Some(oldest) = self.requests.front()
            && oldest.since.elapsed() > max_age
        {
            self.forget_oldest();
        }
        if !self.by_id.contains_key(&id.0) {
            return Found::Nothing;
        }
        let Some(answers) = self.answers(id) else {
            return Found::Forgotten;
        };
        let asked = answers.filter_map(|answer| {
            Some(Asked {
                scored: self.scored.get(answer.revision)?,
                n_rows: answer.n_rows,
            })
        });
        Found::Answers(asked.collect())
    }

    /// What was said of a row, by models that do not know its truth yet.
    pub(super) fn take(&mut self, id: Id, wanted: &Wanted) -> Result<Vec<Taken>, Outcome> {
        let answers = self.answers(id).ok_or(Outcome::Late)?;
        let of_row: Vec<(Answer, Arc<Scored>)> = answers
            .filter(|answer| wanted.row < answer.n_rows)
            .filter_map(|answer| Some((answer, self.scored.get(answer.revision)?)))
            .filter(|(_, scored)| wanted.is_of(scored.slot()))
            .collect();
        if of_row.is_empty() {
            return Err(Outcome::Unknown);
        }
        let taken = of_row.into_iter();
        let taken = taken.filter_map(|(answer, scored)| self.take_row(answer, scored, wanted.row));
        let taken: Vec<Taken> = taken.collect();
        match taken.is_empty() {
            true => Err(Outcome::Duplicate),
            false => Ok(taken),
        }
    }

    /// What was said of a row, the first time that its truth is known.
    fn take_row(&mut self, answer: Answer, scored: Arc<Scored>, row: usize) -> Option<Taken> {
        let known = self.known.get_mut(answer.known + row as u64)?;
        if std::mem::replace(known, true) {
            return None;
        }
        let first = answer.scores + (row * answer.n_outputs) as u64;
        let scores = (first..).take(answer.n_outputs);
        let scores = scores.map(|number| self.scores.get(number).copied());
        Some(Taken {
            scored,
            scores: scores.collect::<Option<_>>()?,
        })
    }

    /// The answers to the request with this id, if it is kept.
    fn answers(&self, id: Id) -> Option<impl Iterator<Item = Answer> + use<'_>> {
        let number = *self.by_id.get(&id.0)?;
        let first = self.requests.get(number)?.answers;
        let next = self.requests.get(number + 1);
        let end = next.map_or(self.answers.end(), |next| next.answers);
        Some((first..end).filter_map(|number| self.answers.get(number).copied()))
    }
}

impl Wanted {
    fn is_of(&self, slot: &SlotName) -> bool {
        let is_version = self.version.is_none_or(|version| version == slot.version);
        slot.target == self.target && is_version
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    const AGE: Duration = Duration::from_secs(3600);

    /// Keeps requests without answers, each of which takes the room of one row.
    fn push(memory: &mut Memory, ids: &Ids, requests: impl IntoIterator<Item = u32>) {
        for request in requests {
            let id = ids.of(&request.to_le_bytes());
            memory.push(id, Instant::now(), [], &Scores::default());
        }
    }

    fn find(memory: &mut Memory, ids: &Ids, request: u32) -> &'static str {
        match memory.find(ids.of(&request.to_le_bytes()), AGE) {
            Found::Answers(_) => "kept",
            Found::Forgotten => "forgotten",
            Found::Nothing => "nothing",
        }
    }

    #[test]
    fn so_many_ids_are_known_to_have_been_forgotten_even_if_some_came_back() {
        let most = u32::try_from(MOST_FORGOTTEN).unwrap();
        let (mut memory, ids) = (Memory::new(2), Ids::default());
        push(&mut memory, &ids, 0..most + 2);
        assert_eq!(memory.n_rows(), 2);
        assert_eq!(find(&mut memory, &ids, 0), "forgotten");
        assert_eq!(find(&mut memory, &ids, most), "kept");
        // What comes back is known by its newest request.
        push(&mut memory, &ids, [5]);
        assert_eq!(find(&mut memory, &ids, 5), "kept");
        push(&mut memory, &ids, [most + 2, most + 3]);
        assert_eq!(memory.ids.len(), MOST_FORGOTTEN + 2);
        assert_eq!(memory.by_id.len(), MOST_FORGOTTEN + 1);
        for (request, state) in [
            (0, "nothing"),
            (2, "nothing"),
            (3, "forgotten"),
            (5, "forgotten"),
            (most + 1, "forgotten"),
            (most + 2, "kept"),
            (most + 4, "nothing"),
        ] {
            assert_eq!(find(&mut memory, &ids, request), state, "{request}");
        }
    }
}
