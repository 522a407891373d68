use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
pub(super) struct Latency {
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
        let bucket = self.buckets.get(bucket).unwrap_or(&self.longer);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Latencies {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let bounded = BOUNDS.iter().zip(&self.buckets);
        let seconds = |nanoseconds: &u64| Duration::from_nanos(*nanoseconds).as_secs_f64();
        let buckets = bounded.map(|(bound, bucket)| (seconds(bound), count(bucket)));
        let longer = (f64::INFINITY, count(&self.longer));
        Latencies {
            buckets: buckets.chain([longer]).collect(),
            sum: Duration::from_nanos(count(&self.nanoseconds)),
        }
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
