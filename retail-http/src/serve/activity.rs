use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// What a connection is waiting for. It is idle from its beginning, and from the end of its last answer,
/// until the head of the next request is complete. In between it is busy, or stalled: its client does
/// not send the rest of a body, or does not take an answer.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// 0 if it is busy; otherwise since when it is not, see [`Activity::since`].
    state: AtomicU64,
    /// Requests under way: at most one in HTTP/1.
    open: AtomicUsize,
    /// The answer is complete, but perhaps not yet sent.
    answered: AtomicBool,
    /// It speaks HTTP/2: that nothing comes in does not say that anything is missing.
    is_multiplexed: AtomicBool,
    /// Since when clients of HTTP/2 have had something to take.
    answering: Mutex<Vec<Instant>>,
}

/// Why a connection is not busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Idle = 0,
    Stalled = 1,
}

impl Activity {
    pub(super) fn new() -> Self {
        let begun = Instant::now();
        Self {
            begun,
            state: AtomicU64::new(Self::since(begun, Wait::Idle)),
            open: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            is_multiplexed: AtomicBool::new(false),
            answering: Mutex::default(),
        }
    }

    /// Now, in milliseconds after `begun` from 1, and the reason in the lowest bit.
    fn since(begun: Instant, wait: Wait) -> u64 {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        (millis + 1) << 1 | wait as u64
    }

    /// A request has come. It is under way until what this returns is dropped.
    pub(super) fn begin(self: &Arc<Self>, is_multiplexed: bool) -> Answering {
        if is_multiplexed {
            self.is_multiplexed.store(true, Ordering::Relaxed);
        }
        self.answered.store(false, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::AcqRel);
        self.state.store(0, Ordering::Relaxed);
        Answering {
            activity: Arc::clone(self),
            since: None,
        }
    }

    fn end(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        match self.is_multiplexed() {
            // What is left to send is bounded, and nobody says when that is done.
            true => self.idle(),
            false => self.answered.store(true, Ordering::Relaxed),
        }
    }

    /// All that there was to send is sent.
    pub(super) fn sent(&self) {
        if self.answered.load(Ordering::Relaxed) {
            self.answered.store(false, Ordering::Relaxed);
            self.idle();
        }
    }

    fn idle(&self) {
        let idle = Self::since(self.begun, Wait::Idle);
        self.state.store(idle, Ordering::Relaxed);
    }

    /// The client has sent something, or could not be made to.
    pub(super) fn read(&self, has_moved: bool) {
        // While a request of HTTP/1 is being worked on, nothing but its body is read.
        if !self.is_multiplexed() {
            self.moved(has_moved);
        }
    }

    /// The client has taken something, or could not be made to.
    pub(super) fn written(&self, has_moved: bool) {
        self.moved(has_moved);
    }

    fn moved(&self, has_moved: bool) {
        let state = self.state.load(Ordering::Relaxed);
        let is_stalled = state & 1 == Wait::Stalled as u64;
        if has_moved && is_stalled {
            self.state.store(0, Ordering::Relaxed);
        } else if !has_moved && state == 0 {
            let stalled = Self::since(self.begun, Wait::Stalled);
            self.state.store(stalled, Ordering::Relaxed);
        }
    }

    /// Why it is not busy, and for how long; nothing if it is.
    pub(super) fn wait(&self) -> Option<(Wait, Duration)> {
        let state = self.state.load(Ordering::Relaxed);
        let since = Duration::from_millis((state >> 1).checked_sub(1)?);
        let wait = match state & 1 {
            0 => Wait::Idle,
            _ => Wait::Stalled,
        };
        Some((wait, self.begun.elapsed().saturating_sub(since)))
    }

    pub(super) fn is_multiplexed(&self) -> bool {
        self.is_multiplexed.load(Ordering::Relaxed)
    }

    /// Returns once the connection has been idle for too long, or a client of HTTP/2 has taken too long to
    /// take an answer; and which of them it is.
    pub(super) async fn overdue(&self, idle: Duration, answer: Duration) -> Overdue {
        loop {
            let waited = match self.wait() {
                Some((Wait::Idle, waited)) => waited,
                _ => Duration::ZERO,
            };
            let since = self.answers().iter().min().copied();
            let taken = since.map_or(Duration::ZERO, |since| since.elapsed());
            if waited >= idle {
                return Overdue::Idle;
            }
            if taken >= answer {
                return Overdue::Answer;
            }
            // What begins meanwhile is not overdue before this.
            sleep((idle - waited).min(answer - taken)).await;
        }
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Instant>> {
        // Nothing panics while it is held.
        self.answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Idle,
    Answer,
}

/// Stands for a request under way. Dropping it says that its answer is complete.
#[derive(Debug)]
pub(super) struct Answering {
    activity: Arc<Activity>,
    since: Option<Instant>,
}

impl Answering {
    /// Whether its answer goes over HTTP/2.
    pub(super) fn is_pieced(&self) -> bool {
        self.activity.is_multiplexed()
    }

    /// The client of HTTP/2 has something to take. In HTTP/1, the stream sees whether it does.
    pub(super) fn is_due(&mut self) {
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            self.activity.answers().push(now);
        }
    }

    /// It has taken everything so far.
    pub(super) fn is_not_due(&mut self) {
        if let Some(since) = self.since.take() {
            let mut answers = self.activity.answers();
            if let Some(at) = answers.iter().position(|answer| *answer == since) {
                answers.swap_remove(at);
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.is_not_due();
        self.activity.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(600);

    #[test]
    fn a_connection_of_http_2_is_idle_once_all_its_answers_are_complete() {
        let activity = Arc::new(Activity::new());
        assert!(matches!(activity.wait(), Some((Wait::Idle, _))));
        let (first, second) = (activity.begin(true), activity.begin(true));
        // Nothing comes in while it is worked on.
        activity.read(false);
        assert_eq!(activity.wait(), None);
        drop(first);
        assert_eq!(activity.wait(), None);
        activity.written(false);
        assert!(matches!(activity.wait(), Some((Wait::Stalled, _))));
        drop(second);
        assert!(matches!(activity.wait(), Some((Wait::Idle, _))));
    }

    #[test]
    fn a_connection_of_http_1_is_idle_once_its_answer_is_sent() {
        let activity = Arc::new(Activity::new());
        let only = activity.begin(false);
        activity.read(false);
        assert!(matches!(activity.wait(), Some((Wait::Stalled, _))));
        activity.read(true);
        drop(only);
        assert_eq!(activity.wait(), None);
        activity.sent();
        assert!(matches!(activity.wait(), Some((Wait::Idle, _))));
    }

    #[tokio::test]
    async fn an_answer_that_is_on_its_way_is_overdue_in_the_end() {
        let activity = Arc::new(Activity::new());
        let mut answer = activity.begin(true);
        answer.is_due();
        let short = Duration::from_millis(1);
        assert_eq!(activity.overdue(NEVER, short).await, Overdue::Answer);
        drop(answer);
        assert_eq!(activity.overdue(short, NEVER).await, Overdue::Idle);
    }
}
