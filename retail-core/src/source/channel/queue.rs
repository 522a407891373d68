use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::PushError;
use crate::record::Transactions;
use crate::source::ReadStatus;

/// What senders have pushed and the source has not taken yet.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There may be room, or there will never be any more.
    room: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Transactions>,
    /// Rows in `waiting`.
    rows: usize,
    /// Rows of the stream up to and with the last one pushed.
    pushed: u64,
    /// Rows of the stream in saved batches.
    saved: u64,
    senders: usize,
    /// Whether the source is gone.
    is_closed: bool,
    /// Whom to wake when there is something to take.
    reader: Option<Waker>,
    /// Whom to wake when there is room.
    writers: Vec<Waker>,
}

impl Queue {
    /// An empty queue with one sender, at this place of the stream.
    pub(super) fn new(position: u64, capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                rows: 0,
                pushed: position,
                saved: position,
                senders: 1,
                is_closed: false,
                reader: None,
                writers: Vec::new(),
            }),
            room: Condvar::new(),
            capacity: capacity.max(1),
        }
    }

    // Nothing here panics between two changes that belong together.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pushes rows once there is room.
    pub(super) fn push(&self, rows: Transactions) -> Result<u64, PushError> {
        let is_full = |state: &mut State| self.is_full(state) && !rows.is_empty();
        let state = self
            .room
            .wait_while(self.lock(), is_full)
            .unwrap_or_else(PoisonError::into_inner);
        Self::enter(state, rows)
    }

    /// Pushes rows if there is room; otherwise remembers whom to wake when there is, and leaves the
    /// rows where they are.
    pub(super) fn try_push(
        &self,
        rows: &mut Transactions,
        waker: Option<&Waker>,
    ) -> Result<u64, PushError> {
        let mut state = self.lock();
        if !rows.is_empty() && self.is_full(&state) {
            if let Some(waker) = waker
                && !state.writers.iter().any(|other| other.will_wake(waker))
            {
                state.writers.push(waker.clone());
            }
            return Err(PushError::Full {
                capacity: self.capacity,
            });
        }
        Self::enter(state, std::mem::take(rows))
    }

    /// Whether a push has to wait. It need not if nobody will read it.
    fn is_full(&self, state: &State) -> bool {
        state.rows >= self.capacity && !state.is_closed
    }

    fn enter(mut state: MutexGuard<'_, State>, rows: Transactions) -> Result<u64, PushError> {
        if state.is_closed {
            return Err(PushError::Closed { saved: state.saved });
        }
        if !rows.is_empty() {
            state.rows += rows.len();
            state.pushed += rows.len() as u64;
            state.waiting.push_back(rows);
        }
        let pushed = state.pushed;
        Self::wake(state);
        Ok(pushed)
    }

    /// Wakes the reader.
    fn wake(mut state: MutexGuard<'_, State>) {
        let reader = state.reader.take();
        // A waker may do anything, even push.
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the rows of the oldest push, if any are waiting. Otherwise, it is the end if nobody can push
    /// any more.
    pub(super) fn take(&self) -> Result<Transactions, ReadStatus> {
        let mut state = self.lock();
        let Some(rows) = state.waiting.pop_front() else {
            return Err(match state.senders {
                0 => ReadStatus::End,
                _ => ReadStatus::Idle,
            });
        };
        state.rows -= rows.len();
        if !self.is_full(&state) {
            self.make_room(state);
        }
        Ok(rows)
    }

    /// Wakes all who wait for room.
    fn make_room(&self, mut state: MutexGuard<'_, State>) {
        let writers = std::mem::take(&mut state.writers);
        drop(state);
        self.room.notify_all();
        writers.into_iter().for_each(Waker::wake);
    }

    /// Wakes the reader as soon as there is something to take, or the end.
    pub(super) fn wake_reader(&self, waker: &Waker) {
        let mut state = self.lock();
        state.reader = Some(waker.clone());
        if !state.waiting.is_empty() || state.senders == 0 {
            Self::wake(state);
        }
    }

    /// Learns how many rows of the stream have been saved.
    pub(super) fn saved(&self, saved: u64) {
        let mut state = self.lock();
        state.saved = state.saved.max(saved);
    }

    /// Rows of the stream up to and with the last one pushed, and those in saved batches.
    pub(super) fn positions(&self) -> (u64, u64) {
        let state = self.lock();
        (state.pushed, state.saved)
    }

    pub(super) fn add_sender(&self) {
        self.lock().senders += 1;
    }

    pub(super) fn remove_sender(&self) {
        let mut state = self.lock();
        state.senders -= 1;
        if state.senders == 0 {
            Self::wake(state);
        }
    }

    /// The source is gone: what is waiting will not be read.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.waiting.clear();
        self.make_room(state);
    }
}
