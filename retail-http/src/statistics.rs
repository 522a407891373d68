//! How often models were asked, and how long the answers took.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use utoipa::ToSchema;

/// What was asked by way of the protocol since the start, by the name of the slot.
#[derive(Debug, Default)]
pub(crate) struct Statistics(RwLock<HashMap<String, Arc<Counts>>>);

/// Of one model.
#[derive(Debug, Default)]
struct Counts {
    /// When the last answer was made, in milliseconds since 1970.
    last: AtomicU64,
    /// Rows.
    inferences: AtomicU64,
    success: Sum,
    fail: Sum,
    queue: Sum,
    input: Sum,
    infer: Sum,
    output: Sum,
}

/// A number of requests, and how long they took together.
#[derive(Debug, Default)]
struct Sum {
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Sum {
    fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    fn read(&self) -> Total {
        Total {
            count: self.count.load(Ordering::Relaxed),
            ns: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

/// How long the parts of an answer took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durations {
    /// Waiting for a turn.
    pub(crate) queue: Duration,
    /// Reading the request.
    pub(crate) input: Duration,
    pub(crate) infer: Duration,
    /// Writing the answer.
    pub(crate) output: Duration,
}

impl Statistics {
    fn of(&self, name: &str) -> Arc<Counts> {
        let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = counts.get(name) {
            return Arc::clone(counts);
        }
        drop(counts);
        let mut counts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(name.to_owned()).or_default())
    }

    pub(crate) fn success(&self, name: &str, rows: usize, took: Durations) {
        let counts = self.of(name);
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since_1970.unwrap_or_default().as_millis();
        counts
            .last
            .store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
        counts.inferences.fetch_add(rows as u64, Ordering::Relaxed);
        counts
            .success
            .add(took.queue + took.input + took.infer + took.output);
        counts.queue.add(took.queue);
        counts.input.add(took.input);
        counts.infer.add(took.infer);
        counts.output.add(took.output);
    }

    pub(crate) fn failure(&self, name: &str, took: Duration) {
        self.of(name).fail.add(took);
    }

    /// What has been counted of a model.
    pub(crate) fn read(&self, name: &str) -> Counted {
        let counts = self.of(name);
        Counted {
            last: counts.last.load(Ordering::Relaxed),
            inferences: counts.inferences.load(Ordering::Relaxed),
            success: counts.success.read(),
            fail: counts.fail.read(),
            queue: counts.queue.read(),
            input: counts.input.read(),
            infer: counts.infer.read(),
            output: counts.output.read(),
        }
    }
}

/// What has been counted of a model, at one time.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) last: u64,
    pub(crate) inferences: u64,
    pub(crate) success: Total,
    pub(crate) fail: Total,
    pub(crate) queue: Total,
    pub(crate) input: Total,
    pub(crate) infer: Total,
    pub(crate) output: Total,
}

/// A number of requests, and how many nanoseconds they took together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) ns: u64,
}
