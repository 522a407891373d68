//! The contract suites find planted faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{ClosedWindows, window_contract, windower_contract};
use crate::feature::RowSet;
use crate::time::Timestamp;
use crate::window::{
    Assigner, Interval, StreamView, Tumbling, Window, WindowCounts, WindowState, WindowStrategy,
    Windower,
};

/// A strategy and its state, made of a function of the view.
#[derive(Clone, Copy)]
struct Made(fn(&StreamView) -> Vec<Window>);

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made")
    }
}

impl WindowStrategy for Made {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(*self)
    }
}

impl WindowState for Made {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        (self.0)(stream)
    }
}

/// All rows as one window, each with a fault.
#[derive(Debug, Clone)]
enum Faulty {
    /// The states count their frames together.
    Shared(Arc<AtomicU64>),
    /// Counts the steps in which frames came.
    Stepwise { seen: usize, steps: u32 },
    /// Does not open again what only the end had closed.
    Ended { ended: bool },
    /// Says that it keeps nothing.
    Forgetful,
    /// Counts no row.
    Uncounted,
}

impl WindowStrategy for Faulty {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(self.clone())
    }
}

impl WindowState for Faulty {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        let mut all = window(0..stream.len(), stream.ended);
        match self {
            Self::Shared(frames) => {
                let seen = frames.fetch_max(stream.frames.len() as u64, Ordering::Relaxed);
                all.name = format!("{} frames", seen.max(stream.frames.len() as u64));
            }
            Self::Stepwise { seen, steps } => {
                *steps += u32::from(stream.frames.len() > *seen);
                *seen = stream.frames.len();
                all.name = format!("after {steps} steps");
            }
            Self::Ended { ended } => {
                *ended |= stream.ended;
                all.closed = *ended;
            }
            Self::Forgetful | Self::Uncounted => {}
        }
        if all.rows.is_empty() {
            Vec::new()
        } else {
            vec![all]
        }
    }

    fn keeps(&self) -> RowSet {
        match self {
            Self::Forgetful => RowSet::new(),
            _ => RowSet::from(0..u64::MAX),
        }
    }

    fn counts(&self) -> Option<WindowCounts> {
        matches!(self, Self::Uncounted).then(WindowCounts::default)
    }
}

fn window(rows: std::ops::Range<u64>, closed: bool) -> Window {
    Window {
        rows: RowSet::from(rows),
        closed,
        name: String::from("made"),
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
fn closed_windows_that_change_under_their_name_are_found() {
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
            changing.name = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
            vec![changing]
        }
    });
    window_contract(&strategy, ClosedWindows::Stay);
}

#[test]
#[should_panic(expected = "asked again")]
fn states_that_share_what_they_know_are_found() {
    let strategy = Faulty::Shared(Arc::default());
    window_contract(&strategy, ClosedWindows::MoveOn);
}

#[test]
#[should_panic(expected = "shown at once")]
fn answers_that_depend_on_the_steps_are_found() {
    let strategy = Faulty::Stepwise { seen: 0, steps: 0 };
    window_contract(&strategy, ClosedWindows::MoveOn);
}

#[test]
#[should_panic(expected = "went on after its end")]
fn windows_that_stay_closed_when_the_stream_goes_on_are_found() {
    window_contract(&Faulty::Ended { ended: false }, ClosedWindows::MoveOn);
}

#[test]
#[should_panic(expected = "rows that it did not keep")]
fn windows_of_rows_that_were_not_kept_are_found() {
    window_contract(&Faulty::Forgetful, ClosedWindows::MoveOn);
}

#[test]
#[should_panic(expected = "is not the number of rows")]
fn counts_that_do_not_add_up_are_found() {
    window_contract(&Faulty::Uncounted, ClosedWindows::MoveOn);
}

/// Hours, wrongly assigned.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// Every hour twice.
    Twice,
    /// For some times a window more, which contains times that are not assigned to it.
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
