use std::sync::Arc;

use super::Said;
use super::scores::{Scored, Scores};

/// The revisions whose answers are kept. Answers name them by their places here, for to share them would take
/// more time than all the rest.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    scored: Arc<Scored>,
    /// How many answers name it; a place that none names is free.
    answers: usize,
}

impl Revisions {
    /// The place of the revision that has said this, with one answer more. Its scores are those of `scores`.
    pub(super) fn hold(&mut self, said: &Said<'_>, scores: &Scores) -> usize {
        let is_same = |held: &Held| held.scored.is_of(said.slot, said.served);
        let place = self.held.iter().position(is_same).unwrap_or_else(|| {
            let scored = scores.of(said.slot, said.served);
            self.add(scored)
        });
        if let Some(held) = self.held.get_mut(place) {
            held.answers += 1;
        }
        place
    }

    fn add(&mut self, scored: Arc<Scored>) -> usize {
        let new = Held { scored, answers: 0 };
        let free = self.held.iter().position(|held| held.answers == 0);
        match free.and_then(|place| Some((place, self.held.get_mut(place)?))) {
            Some((place, held)) => {
                *held = new;
                place
            }
            None => {
                self.held.push(new);
                self.held.len() - 1
            }
        }
    }

    /// One answer at this place is kept no longer.
    pub(super) fn release(&mut self, place: usize) {
        if let Some(held) = self.held.get_mut(place) {
            held.answers = held.answers.saturating_sub(1);
        }
    }

    pub(super) fn get(&self, place: usize) -> Option<Arc<Scored>> {
        Some(Arc::clone(&self.held.get(place)?.scored))
    }
}
