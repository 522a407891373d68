use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{at, batches, hours, micros, refused, row_sets, rows, windows_of};
use crate::testing::{ClosedWindows, stream, window_contract};
use crate::time::Timestamp;
use crate::window::*;

fn check_event_time<A: Assigner + Clone + 'static>(assigner: &A) {
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
fn durations_of_event_time_windows_out_of_range_are_refused() {
    let windows = || EventTimeWindows::new(Tumbling::new(hours(24)).unwrap(), 3).unwrap();
    let got = Duration::MAX;
    let lateness = windows().with_allowed_lateness(got);
    assert_eq!(
        refused(lateness),
        Some(WindowError::AllowedLateness { got })
    );
    let bound = windows().with_max_out_of_orderness(got);
    assert_eq!(refused(bound), Some(WindowError::MaxOutOfOrderness { got }));
}

#[test]
fn number_of_event_time_windows_out_of_range_is_refused() {
    let day = Tumbling::new(hours(24)).unwrap();
    for keep in [0, 1001] {
        assert_eq!(
            refused(EventTimeWindows::new(day, keep)),
            Some(WindowError::Keep { got: keep })
        );
    }
}

#[test]
fn newest_closed_windows_are_kept_oldest_first_and_open_ones_follow_on_request() {
    let view = stream(1, &batches(&[&[0, 10, 11], &[20, 30, 35]]), false);
    let strategy = || EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 2).unwrap();
    let windows = windows_of(&strategy(), &view);
    assert_eq!(row_sets(&windows), [rows(1..3), rows(3..4)]);
    let windows = windows_of(&strategy().with_open(true), &view);
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
        let windows = windows_of(&strategy.with_open(open), &view);
        assert_eq!(row_sets(&windows), [rows(3..4), rows(4..6)]);
        assert!(windows.iter().all(|window| window.closed));
    }
}

fn counts_of(strategy: &dyn WindowStrategy, view: &StreamView) -> WindowCounts {
    let mut state = strategy.open();
    state.observe(view);
    state.counts().expect("windows that rows can be late for")
}

#[test]
fn late_rows_are_counted_and_in_no_window() {
    let times = [0, 12, 5, 25, 8].map(|event| (at(event), at(100)));
    let view = stream(1, &[times], true);
    let strict = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    let counts = counts_of(&strict, &view);
    assert_eq!((counts.on_time, counts.late, counts.rejected), (3, 2, 0));
    assert_eq!(
        row_sets(&windows_of(&strict, &view)),
        [rows([0]), rows([1]), rows([3])]
    );
    let lenient = strict.with_allowed_lateness(micros(5)).unwrap();
    let counts = counts_of(&lenient, &view);
    assert_eq!((counts.on_time, counts.late), (4, 1));
    assert_eq!(
        row_sets(&windows_of(&lenient, &view)),
        [rows([0, 2]), rows([1]), rows([3])]
    );
}

#[test]
fn lateness_set_after_a_first_stream_holds_for_the_next() {
    let view = stream(1, &[[0, 12, 5].map(|event| (at(event), at(100)))], false);
    let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    assert_eq!(counts_of(&strategy, &view).late, 1);
    let strategy = strategy.with_max_out_of_orderness(micros(5)).unwrap();
    assert_eq!(counts_of(&strategy, &view).late, 0);
}

#[test]
fn each_stream_has_a_state_of_its_own() {
    let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    let mut long = strategy.open();
    assert_eq!(
        long.observe(&stream(1, &batches(&[&[0, 1], &[11, 12]]), false))
            .len(),
        1
    );
    let short = stream(1, &batches(&[&[0], &[11]]), true);
    assert_eq!(
        row_sets(&windows_of(&strategy, &short)),
        [rows([0]), rows([1])]
    );
    let whole = stream(1, &batches(&[&[0, 1], &[11, 12], &[30]]), true);
    assert_eq!(long.observe(&whole).len(), 3);
    assert_eq!(long.counts().map(|counts| counts.input()), Some(5));
}

/// Hours, counted as they are assigned.
#[derive(Debug, Clone)]
struct Counted(Tumbling, Arc<AtomicU64>);

impl Assigner for Counted {
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.assign(time, windows);
    }
}

#[test]
fn each_row_is_looked_at_once_however_often_the_stream_is_observed() {
    let calls = Arc::new(AtomicU64::new(0));
    let hours = Counted(Tumbling::new(hours(1)).unwrap(), Arc::clone(&calls));
    let mut state = EventTimeWindows::new(hours, 3).unwrap().open();
    let mut view = stream(1, &batches(&[&[0, 1, 2], &[], &[3, 4], &[5]]), false);
    let frames = std::mem::take(&mut view.frames);
    for frame in frames {
        view.frames.push(frame);
        state.observe(&view);
        state.observe(&view);
        assert_eq!(calls.load(Ordering::Relaxed), view.len());
    }
}

#[test]
fn event_time_windows_opened_after_rows_were_forgotten_list_none() {
    let mut view = stream(1, &batches(&[&[0, 1], &[11, 12], &[30]]), false);
    let strategy = EventTimeWindows::new(Tumbling::new(micros(10)).unwrap(), 9).unwrap();
    assert_eq!(windows_of(&strategy, &view).len(), 2);
    view.frames[0] = Arc::new(view.frames[0].forgotten());
    assert_eq!(windows_of(&strategy, &view), []);
}
