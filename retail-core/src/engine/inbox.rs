use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::asked::Asked;
use super::history::History;
use super::spans::{Followed, follow};

/// How many kept rows may be waiting, at 43 bytes each, before saving waits for a training.
const AHEAD: u64 = 4_000_000;

/// Where the saving thread leaves the newest history and the training thread waits for it. Only the
/// newest state is ever taken, so a slow training skips states instead of queueing. Whoever wants
/// models trained right away says so here, too.
///
/// If four million rows arrive during one training, saving waits for it, and reading waits for
/// saving. So memory stays bounded even if the stream is faster than training.
#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
    ahead: u64,
}

#[derive(Debug)]
struct State {
    history: History,
    generation: u64,
    finished: bool,
    /// The models to train whether it is time or not.
    asked: Asked,
    /// The batches that are new.
    followed: Vec<Followed>,
    /// The number of rows that the training under way began with, if there is one.
    training: Option<u64>,
}

/// What the training thread takes from the inbox.
pub(super) struct Newest {
    pub(super) history: History,
    pub(super) generation: u64,
    pub(super) finished: bool,
    pub(super) asked: Asked,
    /// The batches that are new, oldest first.
    pub(super) followed: Vec<Followed>,
}

/// Held by the training thread. Once it is dropped, nobody waits for training.
pub(super) struct Training<'a>(&'a Inbox);

impl Inbox {
    pub(super) fn new(history: History) -> Self {
        Self::with_limit(history, AHEAD)
    }

    /// The same with another number of rows that may wait.
    fn with_limit(history: History, ahead: u64) -> Self {
        Self {
            state: Mutex::new(State {
                history,
                generation: 0,
                finished: false,
                asked: Asked::default(),
                followed: Vec::new(),
                training: None,
            }),
            changed: Condvar::new(),
            ahead,
        }
    }

    // A panic elsewhere leaves whole batches behind, never a part of one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, |state| condition(state))
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run on the history as it is. Returns its number of rows.
    pub(super) fn begin(&self) -> u64 {
        let mut state = self.lock();
        state.history.set_ended(false);
        state.generation = 0;
        state.finished = false;
        state.history.rows()
    }

    /// The history as it is.
    pub(super) fn history(&self) -> History {
        self.lock().history.clone()
    }

    /// Wakes the training thread to train these models.
    pub(super) fn ask(&self, asked: impl FnOnce(&mut Asked)) {
        asked(&mut self.lock().asked);
        self.changed.notify_all();
    }

    /// The models that somebody wants trained.
    pub(super) fn take_asked(&self) -> Asked {
        std::mem::take(&mut self.lock().asked)
    }

    /// Changes the history and wakes the training thread. If training is far behind, waits for it.
    pub(super) fn change(&self, change: impl FnOnce(&mut History)) {
        self.add(Vec::new(), change);
    }

    /// The same for batches that are followed.
    pub(super) fn add(&self, followed: Vec<Followed>, change: impl FnOnce(&mut History)) {
        let mut state = self.wait_while(self.lock(), |state| {
            let began = state.training.unwrap_or(u64::MAX);
            state.history.rows().saturating_sub(began) >= self.ahead
        });
        change(&mut state.history);
        follow(&mut state.followed, followed);
        state.generation += 1;
        self.changed.notify_all();
    }

    /// Changes the history in a way that training need not know of.
    pub(super) fn tidy(&self, tidy: impl FnOnce(&mut History)) {
        tidy(&mut self.lock().history);
    }

    /// Says that no change will follow.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.changed.notify_all();
    }

    /// Begins to train.
    pub(super) fn training(&self) -> Training<'_> {
        Training(self)
    }
}

impl Training<'_> {
    /// Waits until the state is newer than `generation`, or final, or somebody wants models trained. It counts as being trained on
    /// until the next call.
    pub(super) fn wait(&self, generation: u64) -> Newest {
        // The lock is held from the rest on, so that what waited for it comes after what was there.
        let mut state = self.0.wait_while(self.rest(), |state| {
            state.generation == generation && !state.finished && state.asked.is_empty()
        });
        state.training = Some(state.history.rows());
        // What has been asked for just before a stop is not to hold it up.
        let stops = state.finished && !state.history.has_ended();
        let asked = match stops {
            true => Asked::default(),
            false => std::mem::take(&mut state.asked),
        };
        Newest {
            history: state.history.clone(),
            generation: state.generation,
            finished: state.finished,
            asked,
            followed: std::mem::take(&mut state.followed),
        }
    }

    /// Ends the training under way.
    fn rest(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock();
        state.training = None;
        self.0.changed.notify_all();
        state
    }
}

impl Drop for Training<'_> {
    fn drop(&mut self) {
        drop(self.rest());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::RejectCounts;
    use crate::record::Transactions;
    use crate::testing::transactions;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    const ROWS: u64 = 10;

    /// Leaves a batch.
    fn push(inbox: &Inbox) {
        let mut rows = Transactions::new();
        for sale in transactions(1, ROWS as usize) {
            rows.push(&sale.as_ref());
        }
        inbox.change(|history| {
            let entry = serde_json::json!({
                "batch": 1, "file": null, "rows": ROWS, "first_row": history.rows(), "read": ROWS,
                "rejected": RejectCounts::default(), "from": {}, "to": {}, "stream_time": null,
                "watermark": null, "closed_by": "count", "bytes": 0, "crc32": "",
                "rejects_bytes": 0, "rejects_crc32": "",
            });
            history.push(&serde_json::from_value(entry).unwrap(), &rows, &[]);
        });
    }

    #[test]
    fn saving_waits_for_a_training_that_is_far_behind_and_goes_on_after_it() {
        let inbox = Inbox::with_limit(History::default(), 3 * ROWS);
        push(&inbox);
        let pushed = AtomicU64::new(1);
        std::thread::scope(|scope| {
            let training = inbox.training();
            let newest = training.wait(0);
            assert_eq!(newest.history.rows(), ROWS);
            let saving = scope.spawn(|| {
                for _ in 0..20 {
                    push(&inbox);
                    pushed.fetch_add(1, Ordering::SeqCst);
                }
            });
            while pushed.load(Ordering::SeqCst) < 4 {
                std::thread::yield_now();
            }
            // Long enough for the others, if nothing held them up.
            std::thread::sleep(Duration::from_millis(50));
            let newest = training.wait(newest.generation);
            assert_eq!(
                newest.history.rows(),
                4 * ROWS,
                "the limit beyond the first batch"
            );
            drop(training);
            saving.join().unwrap();
        });
        assert_eq!(inbox.history().rows(), 21 * ROWS);
    }
}
