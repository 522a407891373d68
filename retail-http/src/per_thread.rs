//! Counters that all threads add to, in places of their own: threads on different processors that add to
//! one place wait for each other.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More places than this are not made, however many processors there are.
const MOST_PLACES: usize = 16;

/// The same counters several times. What they say is the sum over all places.
#[derive(Debug)]
pub(crate) struct PerThread<T>(Box<[Apart<T>]>);

/// Something that shares its cache lines with nothing else; processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T: Default> Default for PerThread<T> {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let places = processors.min(MOST_PLACES);
        Self((0..places).map(|_| Apart::default()).collect())
    }
}

impl<T> PerThread<T> {
    /// The place of this thread. Others may have the same one.
    pub(crate) fn mine(&self) -> &T {
        thread_local! {
            static NUMBER: usize = {
                static THREADS: AtomicUsize = AtomicUsize::new(0);
                THREADS.fetch_add(1, Ordering::Relaxed)
            };
        }
        let number = NUMBER.with(|number| *number);
        // There is at least one.
        &self.0[number % self.0.len()].0
    }

    /// All places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|Apart(counters)| counters)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn nothing_is_lost_however_many_threads_there_are() {
        let counters = PerThread::<AtomicU64>::default();
        thread::scope(|scope| {
            for _ in 0..3 * MOST_PLACES {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counters.mine().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let sum: u64 = counters
            .iter()
            .map(|place| place.load(Ordering::Relaxed))
            .sum();
        assert_eq!(sum, 3 * MOST_PLACES as u64 * 1_000);
        assert_eq!(align_of_val(&counters.0[0]), 128);
    }
}
