use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::batch::BatchEntry;
use crate::feature::{Extractor, Frame};
use crate::record::Transactions;
use crate::source::Position;
use crate::time::Timestamp;
use crate::window::StreamView;

/// The saved stream in numbers, as training sees it: grows batch by batch.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    frames: Vec<Arc<Frame>>,
    /// Source positions before and after each frame.
    positions: Vec<Arc<[Position; 2]>>,
    start: Option<Timestamp>,
    now: Option<Timestamp>,
    ended: bool,
}

impl History {
    /// Adds a saved batch. One without rows leaves a frame without rows, so that windows can count
    /// batches.
    pub(super) fn push(
        &mut self,
        entry: &BatchEntry,
        rows: &Transactions,
        extractors: &[Arc<dyn Extractor>],
    ) {
        // Stream time never moves back, not even behind a rejected record.
        let not_before = self.now.unwrap_or(Timestamp::MIN);
        if let Some([first, latest]) = entry.stream_time {
            self.start.get_or_insert(first);
            self.now = self.now.max(Some(latest));
        }
        let frame = Frame::new(entry.first_row, not_before, rows, extractors);
        self.frames.push(Arc::new(frame));
        self.positions
            .push(Arc::new([entry.from.clone(), entry.to.clone()]));
    }

    pub(super) fn view(&self) -> StreamView {
        StreamView {
            frames: self.frames.clone(),
            start: self.start.unwrap_or_default(),
            now: self.now.unwrap_or_default(),
            ended: self.ended,
        }
    }

    /// Source positions before and after the batches that hold rows `first..end`.
    pub(super) fn positions(&self, first: u64, end: u64) -> [Position; 2] {
        let from = self.frames.partition_point(|f| f.end_row() <= first);
        let to = self.frames.partition_point(|f| f.first_row() < end);
        let at = |index: usize, side: usize| {
            self.positions
                .get(index)
                .map(|pair| pair[side].clone())
                .unwrap_or_default()
        };
        [at(from, 0), at(to.saturating_sub(1), 1)]
    }

    /// Forgets the batches among the first `rows` rows that are not `needed`.
    pub(super) fn forget(&mut self, rows: u64, needed: impl Fn(&Frame) -> bool) {
        let known = self.frames.partition_point(|frame| frame.end_row() <= rows);
        for frame in &mut self.frames[..known] {
            if !frame.is_empty() && !frame.is_forgotten() && !needed(frame) {
                *frame = Arc::new(frame.forgotten());
            }
        }
    }

    /// Kept rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.end_row())
    }

    pub(super) fn set_ended(&mut self, ended: bool) {
        self.ended = ended;
    }
}

/// Where the saving thread leaves the newest history, and the training thread waits for it. Only
/// the newest state is ever taken, so a slow training skips states instead of queueing.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    history: History,
    generation: u64,
    finished: bool,
}

/// What the training thread takes from the inbox.
pub(super) struct Newest {
    pub(super) history: History,
    pub(super) generation: u64,
    pub(super) finished: bool,
}

impl Inbox {
    pub(super) fn new(history: History) -> Self {
        let inbox = Self::default();
        inbox.lock().history = history;
        inbox
    }

    // A panic elsewhere leaves whole batches behind, never half of one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the history and wakes the training thread.
    pub(super) fn change(&self, change: impl FnOnce(&mut History)) {
        let mut state = self.lock();
        change(&mut state.history);
        state.generation += 1;
        self.changed.notify_all();
    }

    /// Changes the history in a way that is of no interest to training.
    pub(super) fn tidy(&self, tidy: impl FnOnce(&mut History)) {
        tidy(&mut self.lock().history);
    }

    /// Says that no change will follow.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.changed.notify_all();
    }

    /// Waits until the state is newer than `generation`, or final.
    pub(super) fn wait(&self, generation: u64) -> Newest {
        let state = self
            .changed
            .wait_while(self.lock(), |state| {
                state.generation == generation && !state.finished
            })
            .unwrap_or_else(PoisonError::into_inner);
        Newest {
            history: state.history.clone(),
            generation: state.generation,
            finished: state.finished,
        }
    }

    /// The history as it is.
    pub(super) fn into_history(self) -> History {
        self.state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .history
    }
}
