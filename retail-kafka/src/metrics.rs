use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::statistics::Statistics;
use retail_core::clean::RejectReason;
use serde::Serialize;

/// What a consumer has done so far, and how far behind it is. Stays valid while the source runs.
#[derive(Debug, Default)]
pub struct Metrics {
    messages: AtomicU64,
    bytes: AtomicU64,
    dead_letters: AtomicU64,
    rebalances: AtomicU64,
    retries: AtomicU64,
    by_reason: Mutex<BTreeMap<&'static str, u64>>,
    lag: Mutex<BTreeMap<u32, u64>>,
}

/// [`Metrics`] at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MetricsSnapshot {
    /// Messages taken.
    pub messages: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Messages that could not be used.
    pub dead_letters: u64,
    /// The same, by reason.
    pub dead_letters_by_reason: BTreeMap<&'static str, u64>,
    /// Changes of the partitions that this consumer reads.
    pub rebalances: u64,
    /// Errors after which the client has tried again.
    pub retries: u64,
    /// Messages in each partition that have not been taken yet, as of the last second.
    pub lag: BTreeMap<u32, u64>,
}

/// Messages that were taken and are not among the [`Metrics`] yet: counting them one by one there
/// would cost more than it is worth.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    messages: u64,
    bytes: u64,
    dead_letters: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts a message, with the reason if it cannot be used.
    pub(crate) fn count(&mut self, bytes: usize, reason: Option<&RejectReason>) {
        self.messages += 1;
        self.bytes += bytes as u64;
        if let Some(reason) = reason {
            *self.dead_letters.entry(reason.key()).or_default() += 1;
        }
    }
}

impl Metrics {
    /// The numbers at this moment.
    #[must_use]
    pub fn snapshot(&self) -> MetricsSnapshot {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MetricsSnapshot {
            messages: count(&self.messages),
            bytes: count(&self.bytes),
            dead_letters: count(&self.dead_letters),
            dead_letters_by_reason: lock(&self.by_reason).clone(),
            rebalances: count(&self.rebalances),
            retries: count(&self.retries),
            lag: lock(&self.lag).clone(),
        }
    }

    /// Adds what was counted by itself, and empties it.
    pub(crate) fn add(&self, tally: &mut Tally) {
        let Tally {
            messages,
            bytes,
            dead_letters,
        } = std::mem::take(tally);
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let letters = dead_letters.values().sum();
        self.dead_letters.fetch_add(letters, Ordering::Relaxed);
        let mut by_reason = lock(&self.by_reason);
        for (reason, count) in dead_letters {
            *by_reason.entry(reason).or_default() += count;
        }
    }

    pub(crate) fn count_rebalance(&self) {
        self.rebalances.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the lag from the statistics of the client.
    pub(crate) fn take(&self, statistics: &Statistics) {
        let partitions = statistics
            .topics
            .values()
            .flat_map(|topic| &topic.partitions);
        let lag = partitions.filter_map(|(&partition, known)| {
            let partition = u32::try_from(partition).ok()?;
            Some((partition, u64::try_from(known.consumer_lag).ok()?))
        });
        *lock(&self.lag) = lag.collect();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
