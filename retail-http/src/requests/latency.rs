use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::per_thread::PerThread;

/// The upper bounds of the buckets, inclusive, in nanoseconds: from what one row takes to what the
/// largest body may.
const BOUNDS: [u64; 19] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// A histogram of durations.
#[derive(Debug, Default)]
pub(super) struct Latency(PerThread<Counters>);

#[derive(Debug, Default)]
struct Counters {
    /// How many durations there are up to each bound and above the one before.
    buckets: [AtomicU64; BOUNDS.len()],
    /// How many are above the last bound.
    longer: AtomicU64,
    nanoseconds: AtomicU64,
}

/// A histogram of durations at one moment.
#[derive(Debug)]
pub(crate) struct Latencies {
    /// Each upper bound in seconds, inclusive, and how many durations there are up to it and above the
    /// bound before. The last bound is infinite.
    pub(crate) buckets: Vec<(f64, u64)>,
    /// All durations together.
    pub(crate) sum: Duration,
}

impl Latency {
    pub(super) fn count(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|&bound| bound < nanoseconds);
        let counters = self.0.mine();
        let bucket = counters.buckets.get(bucket).unwrap_or(&counters.longer);
        bucket.fetch_add(1, Ordering::Relaxed);
        counters
            .nanoseconds
            .fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Latencies {
        let seconds = BOUNDS.map(|bound| Duration::from_nanos(bound).as_secs_f64());
        let bounds = seconds.into_iter().chain([f64::INFINITY]);
        let mut buckets: Vec<(f64, u64)> = bounds.map(|bound| (bound, 0)).collect();
        let mut sum = Duration::ZERO;
        for counters in self.0.iter() {
            let counts = counters.buckets.iter().chain([&counters.longer]);
            for ((_, count), more) in buckets.iter_mut().zip(counts) {
                *count += more.load(Ordering::Relaxed);
            }
            sum += Duration::from_nanos(counters.nanoseconds.load(Ordering::Relaxed));
        }
        Latencies { buckets, sum }
    }
}

impl Latencies {
    /// How many durations there are.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        for (at, bound) in BOUNDS.into_iter().enumerate() {
            for (nanoseconds, bucket) in [(bound, at), (bound + 1, at + 1)] {
                let latency = Latency::default();
                latency.count(Duration::from_nanos(nanoseconds));
                let read = latency.read();
                let found = read.buckets.iter().position(|(_, count)| *count == 1);
                assert_eq!((read.count(), found), (1, Some(bucket)));
                assert_eq!(read.sum, Duration::from_nanos(nanoseconds));
            }
        }
        let bounds: Vec<f64> = Latency::default()
            .read()
            .buckets
            .iter()
            .map(|b| b.0)
            .collect();
        assert_eq!(bounds[0], 0.000_01);
        assert_eq!(bounds[18..], [10.0, f64::INFINITY]);
    }
}
