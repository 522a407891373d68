use std::time::Duration;

use proptest::prelude::*;

use super::{at, batches, hours, micros, refused, row_sets, rows, windows_of};
use crate::feature::RowSet;
use crate::testing::{ClosedWindows, stream, window_contract};
use crate::time::Timestamp;
use crate::window::*;

#[test]
fn number_of_parts_out_of_range_is_refused() {
    for parts in [0, 1001] {
        assert_eq!(
            refused(CumulativeFraction::new(parts)),
            Some(WindowError::Parts { got: parts })
        );
    }
    assert!(CumulativeFraction::new(1000).is_ok());
}

#[test]
fn elapsed_step_out_of_range_is_refused() {
    let year = Duration::from_secs(366 * 86_400);
    for step in [Duration::ZERO, year + micros(1), Duration::from_nanos(1500)] {
        assert_eq!(
            refused(ElapsedPrefix::new(step, 3)),
            Some(WindowError::Step { got: step })
        );
    }
    assert!(ElapsedPrefix::new(year, 3).is_ok());
}

#[test]
fn elapsed_count_out_of_range_is_refused() {
    for count in [0, 1001] {
        assert_eq!(
            refused(ElapsedPrefix::new(hours(1), count)),
            Some(WindowError::Count { got: count })
        );
    }
}

#[test]
fn number_of_batches_out_of_range_is_refused() {
    for count in [0, 1001] {
        assert_eq!(
            refused(ConsecutiveBatches::new(count)),
            Some(WindowError::Count { got: count })
        );
    }
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

#[test]
fn fractions_round_down_and_the_last_has_all_rows() {
    let view = stream(1, &batches(&[&[0, 1, 2], &[], &[3, 4]]), false);
    let windows = windows_of(&CumulativeFraction::new(3).unwrap(), &view);
    assert_eq!(row_sets(&windows), [rows(0..1), rows(0..3), rows(0..5)]);
    assert!(windows.iter().all(|window| !window.closed));
    assert_eq!(windows[1].name, "first 2/3 of the rows");
}

#[test]
fn fractions_of_one_row_leave_the_small_windows_empty() {
    let view = stream(1, &batches(&[&[0]]), true);
    let windows = windows_of(&CumulativeFraction::new(3).unwrap(), &view);
    assert_eq!(row_sets(&windows), [rows([]), rows([]), rows([0])]);
    assert!(windows.iter().all(|window| window.closed));
}

#[test]
fn elapsed_windows_are_half_open() {
    let view = stream(1, &batches(&[&[100, 109], &[110, 119], &[120]]), false);
    let windows = windows_of(&ElapsedPrefix::new(micros(10), 3).unwrap(), &view);
    assert_eq!(row_sets(&windows), [rows(0..2), rows(0..4), rows(0..5)]);
    let closed: Vec<bool> = windows.iter().map(|window| window.closed).collect();
    assert_eq!(closed, [true, true, false]);
}

#[test]
fn elapsed_window_closes_when_the_clock_reaches_its_end_without_a_record() {
    let mut view = stream(1, &batches(&[&[100]]), false);
    let strategy = ElapsedPrefix::new(micros(10), 1).unwrap();
    view.now = at(109);
    let mut state = strategy.open();
    assert!(!state.observe(&view)[0].closed);
    view.now = at(110);
    assert!(state.observe(&view)[0].closed);
}

#[test]
fn elapsed_windows_count_from_the_first_record_even_if_it_was_rejected() {
    let mut view = stream(1, &batches(&[&[105, 112]]), false);
    view.start = at(100);
    let windows = windows_of(&ElapsedPrefix::new(micros(10), 2).unwrap(), &view);
    assert_eq!(row_sets(&windows), [rows(0..1), rows(0..2)]);
}

#[test]
fn batches_without_rows_do_not_mislead_the_elapsed_windows() {
    for empty in 0..6 {
        let mut parts: Vec<&[i64]> = vec![&[0, 4], &[5, 9], &[10, 14], &[15], &[20]];
        parts.insert(empty, &[]);
        parts.insert(empty, &[]);
        let view = stream(1, &batches(&parts), false);
        let windows = windows_of(&ElapsedPrefix::new(micros(5), 4).unwrap(), &view);
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
        let fraction = CumulativeFraction::new(3).unwrap();
        assert_eq!(windows_of(&fraction, &view), []);
        let elapsed = ElapsedPrefix::new(micros(5), 3).unwrap();
        assert_eq!(windows_of(&elapsed, &view), []);
        let newest = ConsecutiveBatches::new(3).unwrap();
        assert_eq!(windows_of(&newest, &view), []);
    }
}

#[test]
fn newest_batches_come_oldest_first_with_their_numbers() {
    let view = stream(1, &batches(&[&[0], &[1, 2], &[3], &[4, 5]]), false);
    let windows = windows_of(&ConsecutiveBatches::new(3).unwrap(), &view);
    assert_eq!(row_sets(&windows), [rows(1..3), rows(3..4), rows(4..6)]);
    let names: Vec<&str> = windows.iter().map(|window| window.name.as_str()).collect();
    assert_eq!(names, ["batch 2", "batch 3", "batch 4"]);
}

#[test]
fn batches_without_rows_are_passed_over_and_the_others_keep_their_numbers() {
    let view = stream(1, &batches(&[&[0], &[], &[1], &[]]), false);
    let windows = windows_of(&ConsecutiveBatches::new(3).unwrap(), &view);
    let names: Vec<&str> = windows.iter().map(|window| window.name.as_str()).collect();
    assert_eq!(names, ["batch 1", "batch 3"]);
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
        let windows = windows_of(&ElapsedPrefix::new(micros(step), count).unwrap(), &view);
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
        let windows = windows_of(&CumulativeFraction::new(parts).unwrap(), &view);
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
        let windows = windows_of(&ConsecutiveBatches::new(count).unwrap(), &view);
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
        prop_assert_eq!(row_sets(&windows_of(&strategy, &view)), expected);
    }
}
