use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads for `shares` equal shares of work: as many as `asked` for, or, for 0, as the machine runs
/// at once; never more than there are shares.
pub(crate) fn threads_for(asked: usize, shares: usize) -> usize {
    let threads = match asked {
        // Asking the system takes longer than a small share.
        _ if shares <= 1 => 1,
        0 => thread::available_parallelism().map_or(1, usize::from),
        asked => asked,
    };
    threads.min(shares).max(1)
}

/// Does `tasks` numbered tasks on `threads` threads, this one among them, and returns their
/// results in the order of their numbers. Each thread makes a scratch space for itself.
///
/// # Panics
/// If a task does.
pub(crate) fn in_parallel<S, T: Send>(
    threads: usize,
    tasks: usize,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut space = scratch();
        let mut done = Vec::new();
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return done;
            }
            done.push((task, work(&mut space, task)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|&(task, _)| task);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The numbers that `value` gives for `0..len`, computed on up to `threads` threads if there are
/// enough of them to be worth it.
///
/// # Panics
/// If `value` does.
pub(in crate::train) fn fill_in_parallel(
    threads: usize,
    len: usize,
    value: impl Fn(usize) -> u64 + Sync,
) -> Vec<u64> {
    const WORTH_A_THREAD: usize = 1 << 16;
    let share = len.div_ceil(threads.max(1)).max(WORTH_A_THREAD);
    let mut numbers = vec![0; len];
    let fill = |first: usize, numbers: &mut [u64]| {
        for (number, index) in numbers.iter_mut().zip(first..) {
            *number = value(index);
        }
    };
    thread::scope(|scope| {
        let (own, others) = numbers.split_at_mut(share.min(len));
        for (part, first) in others.chunks_mut(share).zip((share..).step_by(share)) {
            let fill = &fill;
            scope.spawn(move || fill(first, part));
        }
        fill(0, own);
    });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        for threads in [1, 3, 8] {
            // Each thread does one of the first tasks and one of the last.
            let all_there = Barrier::new(threads);
            let squares = in_parallel(
                threads,
                100,
                || (),
                |(), task| {
                    if task < threads || task >= 100 - threads {
                        all_there.wait();
                    }
                    task * task
                },
            );
            assert_eq!(
                squares,
                (0..100).map(|task| task * task).collect::<Vec<_>>()
            );
        }
        assert!(in_parallel(0, 0, || (), |(), task| task).is_empty());
    }

    #[test]
    fn no_thread_is_without_a_share() {
        assert_eq!([0, 1, 3, 9].map(|asked| threads_for(asked, 0)), [1; 4]);
        assert_eq!([1, 3, 9].map(|asked| threads_for(asked, 4)), [1, 3, 4]);
        assert!((1..=4).contains(&threads_for(0, 4)));
    }

    #[test]
    fn every_number_is_filled_in() {
        for (threads, len) in [(1, 10), (3, 0), (3, (1 << 16) * 5 + 7), (0, 3)] {
            let numbers = fill_in_parallel(threads, len, |index| index as u64 + 1);
            assert!(
                numbers.iter().copied().eq(1..=len as u64),
                "{threads} {len}"
            );
        }
    }
}
