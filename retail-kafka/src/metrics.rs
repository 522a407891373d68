use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::statistics::Statistics;
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

    pub(crate) fn count_messages(&self, messages: u64, bytes: u64) {
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn count_dead_letter(&self, reason: &'static str) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
        *lock(&self.by_reason).entry(reason).or_default() += 1;
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
