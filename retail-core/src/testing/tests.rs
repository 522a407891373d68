//! The contract suites find what they are there to find.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{ClosedWindows, window_contract, windower_contract};
use crate::feature::RowSet;
use crate::time::Timestamp;
use crate::window::{Assigner, Interval, StreamView, Tumbling, Window, WindowStrategy, Windower};

/// A strategy made of a function.
struct Made(fn(&StreamView) -> Vec<Window>);

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made")
    }
}

impl WindowStrategy for Made {
    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        (self.0)(stream)
    }
}

fn window(rows: std::ops::Range<u64>, closed: bool) -> Window {
    Window {
        rows: RowSet::from(rows),
        closed,
        label: String::from("made"),
    }
}

#[test]
#[should_panic(expected = "the stream 0 rows")]
fn rows_that_do_not_exist_are_found() {
    let strategy = Made(|stream| vec![window(0..stream.len() + 1, stream.ended)]);
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "is open though the stream has ended")]
fn windows_open_after_the_end_are_found() {
    let strategy = Made(|stream| match stream.len() {
        0 => Vec::new(),
        rows => vec![window(0..rows, false)],
    });
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "the last window holds no row")]
fn empty_windows_at_the_end_are_found() {
    let strategy = Made(|stream| vec![window(0..0, stream.ended)]);
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "oldest or smallest first")]
fn windows_in_the_wrong_order_are_found() {
    let strategy = Made(|stream| {
        let rows = stream.len();
        let sizes = [rows, rows / 2].into_iter().filter(|&size| size > 0);
        sizes.map(|size| window(0..size, stream.ended)).collect()
    });
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "changed after it had closed")]
fn closed_windows_that_grow_are_found() {
    let strategy = Made(|stream| match stream.len() {
        0 => Vec::new(),
        rows => vec![window(0..rows, true)],
    });
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "changed after it had closed")]
fn closed_windows_that_change_under_their_label_are_found() {
    let strategy = Made(|stream| match stream.len() {
        0 => Vec::new(),
        rows => vec![window(rows - 1..rows, true)],
    });
    window_contract(&strategy, ClosedWindows::MoveOn);
}

#[test]
#[should_panic(expected = "asked again")]
fn strategies_that_count_their_calls_are_found() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let strategy = Made(|stream| match stream.len() {
        0 => Vec::new(),
        rows => {
            let mut changing = window(0..rows, stream.ended);
            changing.label = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
            vec![changing]
        }
    });
    window_contract(&strategy, ClosedWindows::Stay);
}

/// Hours, wrongly assigned.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// Every hour twice.
    Twice,
    /// Overlapping windows that depend on more than their family.
    Incomplete,
}

impl Assigner for Wrong {
    fn assign(&self, time: Timestamp, windows: &mut Vec<Interval>) {
        let hour = Tumbling::new(Duration::from_secs(3600)).expect("an hour is legal");
        hour.assign(time, windows);
        match self {
            Self::Twice => hour.assign(time, windows),
            Self::Incomplete if time.as_micros() % 2 == 0 => windows.push(Interval {
                start: Timestamp::MIN,
                end: Timestamp::MAX,
            }),
            Self::Incomplete => {}
        }
    }
}

#[test]
#[should_panic(expected = "twice")]
fn items_put_twice_into_a_window_are_found() {
    windower_contract(|| Windower::new(Wrong::Twice));
}

#[test]
#[should_panic(expected = "OnTime, is in")]
fn items_kept_out_of_a_window_that_contains_them_are_found() {
    windower_contract(|| Windower::new(Wrong::Incomplete));
}
