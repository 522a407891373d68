use std::time::Duration;

use proptest::prelude::*;

use super::{at, micros, refused};
use crate::feature::RowSet;
use crate::testing::{ClosedWindows, stream, window_contract};
use crate::time::Timestamp;
use crate::window::*;

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
fn number_of_parts_out_of_range_is_refused() {
    for parts in [0, 1001] {
        assert_eq!(
            refused(CumulativeFraction::new(parts)),
            "window.fraction.parts"
        );
    }
    assert!(CumulativeFraction::new(1000).is_ok());
}

#[test]
fn elapsed_step_out_of_range_is_refused() {
    let year = Duration::from_secs(366 * 86_400);
    for step in [Duration::ZERO, year + micros(1), Duration::from_nanos(1500)] {
        assert_eq!(refused(ElapsedPrefix::new(step, 3)), "window.elapsed.step");
    }
    assert!(ElapsedPrefix::new(year, 3).is_ok());
}

#[test]
fn elapsed_count_out_of_range_is_refused() {
    for count in [0, 1001] {
        assert_eq!(
            refused(ElapsedPrefix::new(hours(1), count)),
            "window.elapsed.count"
        );
    }
}

#[test]
fn number_of_batches_out_of_range_is_refused() {
    for count in [0, 1001] {
        assert_eq!(
            refused(ConsecutiveBatches::new(count)),
            "window.batches.count"
        );
    }
}

#[test]
fn number_of_event_time_windows_out_of_range_is_refused() {
    let day = Tumbling::new(hours(24)).unwrap();
    for keep in [0, 1001] {
        assert_eq!(
            refused(EventTimeWindows::new(day, keep)),
            "window.event_time.keep"
        );
    }
}

#[test]
fn durations_of_event_time_windows_out_of_range_are_refused() {
    let windows = || EventTimeWindows::new(Tumbling::new(hours(24)).unwrap(), 3).unwrap();
    let lateness = windows().with_allowed_lateness(Duration::MAX);
    assert_eq!(refused(lateness), "window.allowed_lateness");
    let bound = windows().with_max_out_of_orderness(Duration::MAX);
    assert_eq!(refused(bound), "window.max_out_of_orderness");
}

#[test]
fn fixed_strategies_keep_the_contract() {
    for count in [1, 2, 3, 1000] {
        let fraction = CumulativeFraction::new(count).unwrap();
        window_contract(&fraction, ClosedWindows::Stay);
        let batches = ConsecutiveBatches::new(count).unwrap();
        window_contract(&batches, ClosedWindows::MoveOn);
        for step in [
            micros(1),
            Duration::from_secs(60),
            Duration::from_secs(301),
            hours(30),
        ] {
            let elapsed = ElapsedPrefix::new(step, count).unwrap();
            window_contract(&elapsed, ClosedWindows::Stay);
        }
    }
}

fn check_event_time<A: Assigner + Clone>(assigner: &A) {
    for keep in [1, 3, 1000] {
        for slack in [Duration::ZERO, Duration::from_secs(300), hours(5)] {
            for open in [false, true] {
                let strategy = EventTimeWindows::new(assigner.clone(), keep)
                    .and_then(|windows| windows.with_allowed_lateness(slack))
                    .and_then(|windows| windows.with_max_out_of_orderness(slack / 2))
                    .unwrap();
                window_contract(&strategy.with_open(open), ClosedWindows::MoveOn);
            }
        }
    }
}

#[test]
fn event_time_windows_keep_the_contract() {
    for size in [Duration::from_secs(60), Duration::from_secs(450), hours(24)] {
        check_event_time(&Tumbling::new(size).unwrap());
        check_event_time(&Sliding::new(size, size / 5).unwrap());
        check_event_time(&Session::new(size).unwrap());
    }
}

#[test]
fn fractions_round_down_and_the_last_has_all_rows() {
    let view = stream(1, &batches(&[&[0, 1, 2], &[], &[3, 4]]), false);
    let windows = CumulativeFraction::new(3).unwrap().windows(&view);
    assert_eq!(row_sets(&windows), [rows(0..1), rows(0..3), rows(0..5)]);
    assert!(windows.iter().all(|window| !window.closed));
    assert_eq!(windows[1].label, "first 2/3 of the rows");
}

#[test]
fn fractions_of_one_row_leave_the_small_windows_empty() {
    let view = stream(1, &batches(&[&[0]]), true);
    let windows = CumulativeFraction::new(3).unwrap().windows(&view);
    assert_eq!(row_sets(&windows), [rows([]), rows([]), rows([0])]);
    assert!(windows.iter().all(|window| window.closed));
}

#[test]
fn elapsed_windows_are_half_open() {
    let view = stream(1, &batches(&[&[100, 109], &[110, 119], &[120]]), false);
    let windows = ElapsedPrefix::new(micros(10), 3).unwrap().windows(&view);
    assert_eq!(row_sets(&windows), [rows(0..2), rows(0..4), rows(0..5)]);
    let closed: Vec<bool> = windows.iter().map(|window| window.closed).collect();
    assert_eq!(closed, [true, true, false]);
}

#[test]
fn elapsed_window_closes_when_the_clock_reaches_its_end_without_a_record() {
    let mut view = stream(1, &batches(&[&[100]]), false);
    let strategy = ElapsedPrefix::new(micros(10), 1).unwrap();
    view.now = at(109);
    assert!(!strategy.windows(&view)[0].closed);
    view.now = at(110);
    assert!(strategy.windows(&view)[0].closed);
}

#[test]
fn elapsed_windows_count_from_the_first_record_even_if_it_was_rejected() {
    let mut view = stream(1, &batches(&[&[105, 112]]), false);
    view.start = at(100);
    let windows = ElapsedPrefix::new(micros(10), 2).unwrap().windows(&view);
    assert_eq!(row_sets(&windows), [rows(0..1), rows(0..2)]);
}

#[test]
fn batches_without_rows_do_not_mislead_the_elapsed_windows() {
    for empty in 0..6 {
        let mut parts: Vec<&[i64]> = vec![&[0, 4], &[5, 9], &[10, 14], &[15], &[20]];
        parts.insert(empty, &[]);
        parts.insert(empty, &[]);
        let view = stream(1, &batches(&parts), false);
        let windows = ElapsedPrefix::new(micros(5), 4).unwrap().windows(&view);
        let expected = [rows(0..2), rows(0..4), rows(0..6), rows(0..7)];
        assert_eq!(row_sets(&windows), expected, "empty batches before {empty}");
    }
}

#[test]
fn windows_without_rows_are_left_out_at_the_end() {
    for view in [
        stream(1, &batches(&[]), false),
        stream(1, &batches(&[&[], &[]]), true),
    ] {
        assert!(
            CumulativeFraction::new(3)
                .unwrap()
                .windows(&view)
                .is_empty()
        );
        assert!(
            ElapsedPrefix::new(micros(5), 3)
                .unwrap()
                .windows(&view)
                .is_empty()
        );
        assert!(
            ConsecutiveBatches::new(3)
                .unwrap()
                .windows(&view)
                .is_empty()
        );
    }
}

#[test]
fn newest_batches_come_oldest_first_with_their_numbers() {
    let view = stream(1, &batches(&[&[0], &[1, 2], &[3], &[4, 5]]), false);
    let windows = ConsecutiveBatches::new(3).unwrap().windows(&view);
    assert_eq!(row_sets(&windows), [rows(1..3), rows(3..4), rows(4..6)]);
    let labels: Vec<&str> = windows.iter().map(|window| window.label.as_str()).collect();
    assert_eq!(labels, ["batch 2", "batch 3", "batch 4"]);
}

#[test]
fn batches_without_rows_are_passed_over_and_the_others_keep_their_numbers() {
    let view = stream(1, &batches(&[&[0], &[], &[1], &[]]), false);
    let windows = ConsecutiveBatches::new(3).unwrap().windows(&view);
    let labels: Vec<&str> = windows.iter().map(|window| window.label.as_str()).collect();
    assert_eq!(labels, ["batch 1", "batch 3"]);
}

#[test]
fn newest_closed_windows_are_kept_oldest_first_and_open_ones_follow_on_request() {
    let view = stream(1, &batches(&[&[0, 10, 11], &[20, 30, 35]]), false);
    let strategy = || EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 2).unwrap();
    let windows = strategy().windows(&view);
    assert_eq!(row_sets(&windows), [rows(1..3), rows(3..4)]);
    let windows = strategy().with_open(true).windows(&view);
    assert_eq!(row_sets(&windows), [rows(1..3), rows(3..4), rows(4..6)]);
    assert_eq!(
        windows.iter().map(|w| w.closed).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn end_of_the_stream_closes_the_open_windows_and_still_keeps_the_newest() {
    let view = stream(1, &batches(&[&[0, 10, 11], &[20, 30, 35]]), true);
    for open in [false, true] {
        let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 2).unwrap();
        let windows = strategy.with_open(open).windows(&view);
        assert_eq!(row_sets(&windows), [rows(3..4), rows(4..6)]);
        assert!(windows.iter().all(|window| window.closed));
    }
}

#[test]
fn late_rows_are_counted_and_in_no_window() {
    let times = [0, 12, 5, 25, 8].map(|event| (at(event), at(100)));
    let view = stream(1, &[times], true);
    let strict = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    let counts = strict.counts(&view);
    assert_eq!((counts.on_time, counts.late, counts.rejected), (3, 2, 0));
    assert_eq!(
        row_sets(&strict.windows(&view)),
        [rows([0]), rows([1]), rows([3])]
    );
    let lenient = strict.with_allowed_lateness(micros(5)).unwrap();
    let counts = lenient.counts(&view);
    assert_eq!((counts.on_time, counts.late), (4, 1));
    assert_eq!(
        row_sets(&lenient.windows(&view)),
        [rows([0, 2]), rows([1]), rows([3])]
    );
}

#[test]
fn lateness_set_after_a_first_answer_is_not_answered_from_memory() {
    let view = stream(1, &[[0, 12, 5].map(|event| (at(event), at(100)))], false);
    let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    assert_eq!(strategy.counts(&view).late, 1);
    let strategy = strategy.with_max_out_of_orderness(micros(5)).unwrap();
    assert_eq!(strategy.counts(&view).late, 0);
}

#[test]
fn another_stream_is_not_answered_from_memory() {
    let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    let long = stream(1, &batches(&[&[0, 1], &[11, 12], &[30]]), true);
    let short = stream(1, &batches(&[&[0], &[11]]), true);
    assert_eq!(strategy.windows(&long).len(), 3);
    assert_eq!(row_sets(&strategy.windows(&short)), [rows([0]), rows([1])]);
    assert_eq!(strategy.counts(&long).input(), 5);
}

/// Batches with stream times in order and event times around them, some without rows.
fn random_batches() -> impl Strategy<Value = Vec<Vec<(Timestamp, Timestamp)>>> {
    prop::collection::vec(prop::collection::vec((0_i64..9, -30_i64..30), 0..6), 0..10).prop_map(
        |batches| {
            let mut now = 1000;
            let mut row = |(step, off): (i64, i64)| {
                now += step;
                (at(now + off), at(now))
            };
            let rows = |batch: Vec<_>| batch.into_iter().map(&mut row).collect();
            batches.into_iter().map(rows).collect()
        },
    )
}

fn numbered(view: &StreamView) -> Vec<(u64, Timestamp, Timestamp)> {
    let times = view
        .frames
        .iter()
        .flat_map(|frame| frame.event_time().iter().zip(frame.stream_time()));
    times
        .zip(0..)
        .map(|((&event, &stream), row)| (row, event, stream))
        .collect()
}

proptest! {
    #[test]
    fn elapsed_prefixes_equal_a_naive_filter(
        batches in random_batches(), step in 1_u64..60, count in 1_u32..8,
    ) {
        let view = stream(1, &batches, false);
        let windows = ElapsedPrefix::new(micros(step), count).unwrap().windows(&view);
        let all = numbered(&view);
        for k in 1..=count as usize {
            let end = view.start.saturating_add(micros(step * k as u64));
            let inside = all.iter().filter(|(_, _, stream)| *stream < end);
            let expected = rows(inside.map(|&(row, ..)| row));
            prop_assert_eq!(windows.get(k - 1).map_or(RowSet::new(), |w| w.rows.clone()), expected);
        }
    }

    #[test]
    fn cumulative_fractions_equal_naive_ones(batches in random_batches(), parts in 1_u32..12) {
        let view = stream(1, &batches, true);
        let windows = CumulativeFraction::new(parts).unwrap().windows(&view);
        let all = numbered(&view);
        for k in 1..=parts as usize {
            let first = all.iter().take(all.len() * k / parts as usize);
            let expected = rows(first.map(|&(row, ..)| row));
            prop_assert_eq!(windows.get(k - 1).map_or(RowSet::new(), |w| w.rows.clone()), expected);
        }
    }

    #[test]
    fn consecutive_batches_equal_the_naive_newest(batches in random_batches(), count in 1_u32..6) {
        let view = stream(1, &batches, false);
        let windows = ConsecutiveBatches::new(count).unwrap().windows(&view);
        let mut expected = Vec::new();
        let mut row = 0;
        for batch in batches.iter().filter(|batch| !batch.is_empty()) {
            expected.push(rows(row..row + batch.len() as u64));
            row += batch.len() as u64;
        }
        let newest = expected.split_off(expected.len().saturating_sub(count as usize));
        prop_assert_eq!(row_sets(&windows), newest);
    }

    #[test]
    fn tumbling_strategy_equals_grouping_by_window_where_nothing_is_late(
        batches in random_batches(), size in 1_i64..50,
    ) {
        let view = stream(1, &batches, true);
        let strategy = EventTimeWindows::new(Tumbling::new(micros(size as u64)).unwrap(), 1000)
            .and_then(|windows| windows.with_max_out_of_orderness(micros(60)))
            .unwrap();
        let mut groups = std::collections::BTreeMap::<i64, Vec<u64>>::new();
        for (row, event, _) in numbered(&view) {
            groups.entry(event.as_micros().div_euclid(size)).or_default().push(row);
        }
        let expected: Vec<RowSet> = groups.into_values().map(rows).collect();
        prop_assert_eq!(row_sets(&strategy.windows(&view)), expected);
    }
}
