use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Duration;

/// Wakes the reading thread while it waits for records: the source does when some have arrived, and the
/// saving thread when the source can be told what has been saved.
#[derive(Debug, Default)]
pub(super) struct Wakeup {
    due: Mutex<bool>,
    changed: Condvar,
}

impl Wakeup {
    /// Ends the wait under way, or else the next one.
    pub(super) fn ring(&self) {
        *self.lock() = true;
        self.changed.notify_one();
    }

    /// Waits until it rings, for `at_most` so long.
    pub(super) fn wait(&self, at_most: Duration) {
        let waiting = self
            .changed
            .wait_timeout_while(self.lock(), at_most, |due| !*due);
        let (mut due, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        *due = false;
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
