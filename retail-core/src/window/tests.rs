//! Strategies and operators against naive answers, and all of them against the contract suites.

mod event_time;
mod operators;
mod properties;
mod strategies;

use std::time::Duration;

use crate::feature::RowSet;
use crate::time::Timestamp;
use crate::window::*;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn tumbling(size: u64) -> Tumbling {
    Tumbling::new(micros(size)).unwrap()
}

fn sliding(size: u64, slide: u64) -> Sliding {
    Sliding::new(micros(size), micros(slide)).unwrap()
}

fn session(gap: u64) -> Session {
    Session::new(micros(gap)).unwrap()
}

fn late<A: Assigner>(assigner: A, lateness: u64) -> Windower<A> {
    let windower = Windower::new(assigner);
    windower.with_allowed_lateness(micros(lateness)).unwrap()
}

/// The interval and the items of each window.
type Plain = Vec<((i64, i64), Vec<u64>)>;

fn plain(windows: impl IntoIterator<Item = ItemWindow>) -> Plain {
    windows
        .into_iter()
        .map(|window| {
            let Interval { start, end } = window.interval;
            ((start.as_micros(), end.as_micros()), window.items)
        })
        .collect()
}

/// All windows of a stream, in the order they are given out, and the counts.
fn run<A: Assigner>(mut windower: Windower<A>, times: &[i64]) -> (Plain, WindowCounts) {
    let mut watermarks = BoundedOutOfOrderness::new(Duration::ZERO).unwrap();
    let items = times.iter().map(|&time| at(time)).zip(0..);
    let mut windows = windower.process(&mut watermarks, items).closed;
    windows.extend(windower.finish());
    (plain(windows), windower.counts())
}

/// Why a value was refused.
fn refused<T>(result: Result<T, WindowError>) -> Option<WindowError> {
    result.err()
}

/// The windows of a stream that is seen for the first time.
fn windows_of(strategy: &dyn WindowStrategy, stream: &StreamView) -> Vec<Window> {
    strategy.open().observe(stream)
}

fn row_sets(windows: &[Window]) -> Vec<RowSet> {
    windows.iter().map(|window| window.rows.clone()).collect()
}

fn rows(numbers: impl IntoIterator<Item = u64>) -> RowSet {
    numbers.into_iter().collect()
}

/// Batches of rows whose event time is their stream time.
fn batches(times: &[&[i64]]) -> Vec<Vec<(Timestamp, Timestamp)>> {
    let pairs = |batch: &&[i64]| batch.iter().map(|&time| (at(time), at(time))).collect();
    times.iter().map(pairs).collect()
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

#[test]
fn errors_name_the_parameter_and_the_value_given() {
    let said = |error: Option<WindowError>| error.map(|error| error.to_string());
    assert_eq!(
        said(refused(CumulativeFraction::new(0))).as_deref(),
        Some("parts: expected a whole number from 1 to 1000, got 0")
    );
    assert_eq!(
        said(refused(Session::new(Duration::ZERO))).as_deref(),
        Some("gap: expected whole microseconds, above zero and up to 100 years, got 0ns")
    );
}
