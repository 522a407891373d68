use std::sync::Arc;

use super::stream;
use crate::feature::{Frame, Rows};
use crate::time::Timestamp;
use crate::window::{StreamView, Window, WindowStrategy};

/// What a strategy promises of the windows it has called closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedWindows {
    /// They keep their rows and their place in the list.
    Stay,
    /// They keep their rows, and drop out of the list as newer ones come. Their names tell them
    /// apart.
    MoveOn,
}

type Times = Vec<Vec<(Timestamp, Timestamp)>>;

/// Checks that the states which `strategy` opens keep the contract of
/// [`WindowState`](crate::window::WindowState), on small streams that grow batch by batch: empty,
/// one row, one batch, batches without rows, all rows at one time, event times in and out of order,
/// ties, and times at both ends of what a [`Timestamp`] can hold.
///
/// It cannot see from outside whether a strategy's own intervals are half-open: test that with rows
/// exactly on an edge.
///
/// ```
/// use retail_core::testing::{ClosedWindows, window_contract};
/// use retail_core::window::ConsecutiveBatches;
///
/// window_contract(&ConsecutiveBatches::new(3)?, ClosedWindows::MoveOn);
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
///
/// # Panics
/// If the contract is broken, saying how and on which stream.
pub fn window_contract(strategy: &dyn WindowStrategy, closed: ClosedWindows) {
    for (name, in_order, batches) in streams() {
        let views = growing(&batches);
        let mut state = strategy.open();
        let answers: Vec<Vec<Window>> = views.iter().map(|view| state.observe(view)).collect();
        let run = Run {
            strategy,
            views: &views,
            answers: &answers,
            name,
        };
        for (step, (view, windows)) in views.iter().zip(&answers).enumerate() {
            let place = run.place(step);
            check_view(view, windows, in_order, &place);
            if let Some(earlier) = step.checked_sub(1) {
                check_closed(&answers[earlier], windows, closed, &place);
            }
        }
        run.check_again();
        run.check_at_once();
        run.check_ended_between();
        run.check_kept();
        run.check_counts();
    }
}

/// What a strategy answered, step by step.
struct Run<'a> {
    strategy: &'a dyn WindowStrategy,
    views: &'a [StreamView],
    answers: &'a [Vec<Window>],
    name: &'a str,
}

impl Run<'_> {
    fn place(&self, step: usize) -> String {
        let Self { strategy, name, .. } = self;
        format!("{strategy:?}, stream {name:?}, step {step}")
    }

    fn steps(&self) -> impl Iterator<Item = (String, &StreamView, &Vec<Window>)> {
        let steps = self.views.iter().zip(self.answers).enumerate();
        steps.map(|(step, (view, windows))| (self.place(step), view, windows))
    }

    /// Asks a state of its own twice at each step.
    fn check_again(&self) {
        let mut state = self.strategy.open();
        for (place, view, windows) in self.steps() {
            for _ in 0..2 {
                assert_eq!(state.observe(view), *windows, "{place}: asked again");
            }
        }
    }

    /// Shows the stream as far as each step to a state that has seen nothing of it, over frames of
    /// its own.
    fn check_at_once(&self) {
        for (place, view, windows) in self.steps() {
            let frames = view.frames.iter().map(|frame| Frame::clone(frame));
            let copy = StreamView {
                frames: frames.map(Arc::new).collect(),
                ..view.clone()
            };
            let mut state = self.strategy.open();
            assert_eq!(state.observe(&copy), *windows, "{place}: shown at once");
        }
    }

    /// Lets the stream end at each step and go on after all.
    fn check_ended_between(&self) {
        let mut state = self.strategy.open();
        for (place, view, windows) in self.steps() {
            assert_eq!(
                state.observe(view),
                *windows,
                "{place}: went on after its end"
            );
            state.observe(&StreamView {
                ended: true,
                ..view.clone()
            });
        }
    }

    /// Forgets after each step what the state does not keep.
    fn check_kept(&self) {
        let mut state = self.strategy.open();
        let mut frames: Vec<Arc<Frame>> = Vec::new();
        for (place, view, windows) in self.steps() {
            frames.extend_from_slice(&view.frames[frames.len()..]);
            let view = StreamView {
                frames: frames.clone(),
                ..view.clone()
            };
            assert_eq!(
                state.observe(&view),
                *windows,
                "{place}: rows it does not keep were forgotten"
            );
            for window in windows {
                let rows = Rows::select(&frames, &window.rows);
                assert_eq!(
                    rows.len() as u64,
                    window.rows.len(),
                    "{place}: {:?} holds rows that it did not keep",
                    window.name
                );
            }
            let kept = state.keeps();
            for frame in &mut frames {
                if !frame.is_empty() && !kept.overlaps(frame.first_row()..frame.end_row()) {
                    *frame = Arc::new(frame.forgotten());
                }
            }
        }
    }

    /// Adds up what became of the rows.
    fn check_counts(&self) {
        let mut state = self.strategy.open();
        for (place, view, _) in self.steps() {
            state.observe(view);
            if let Some(counts) = state.counts() {
                assert_eq!(
                    counts.input(),
                    view.len(),
                    "{place}: on time + late + rejected is not the number of rows"
                );
            }
        }
    }
}

fn check_view(view: &StreamView, windows: &[Window], in_order: bool, place: &str) {
    for window in windows {
        let end = window.rows.ranges().last().map_or(0, |range| range.end);
        assert!(
            end <= view.len(),
            "{place}: {:?} has row {}, the stream {} rows",
            window.name,
            end - 1,
            view.len()
        );
        assert!(
            window.closed || !view.ended,
            "{place}: {:?} is open though the stream has ended",
            window.name
        );
    }
    assert!(
        windows.last().is_none_or(|window| !window.rows.is_empty()),
        "{place}: the last window holds no row"
    );
    if !in_order {
        return;
    }
    let spans = windows.iter().filter_map(|window| {
        let ranges = window.rows.ranges();
        Some((ranges.first()?.start, ranges.last()?.end))
    });
    let spans: Vec<(u64, u64)> = spans.collect();
    for pair in spans.windows(2) {
        assert!(
            pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1,
            "{place}: windows are not listed oldest or smallest first: rows {pair:?}"
        );
    }
}

fn check_closed(before: &[Window], after: &[Window], promise: ClosedWindows, place: &str) {
    for (index, window) in before.iter().enumerate().filter(|(_, w)| w.closed) {
        match promise {
            ClosedWindows::Stay => assert_eq!(
                after.get(index),
                Some(window),
                "{place}: window {index} changed after it had closed"
            ),
            ClosedWindows::MoveOn => {
                for same in after.iter().filter(|later| later.name == window.name) {
                    assert_eq!(
                        same, window,
                        "{place}: a window changed after it had closed"
                    );
                }
            }
        }
    }
}

/// The stream before its first batch, after each, and at its end.
fn growing(batches: &Times) -> Vec<StreamView> {
    let mut views: Vec<StreamView> = (0..=batches.len())
        .map(|count| stream(1, &batches[..count], false))
        .collect();
    views.push(stream(1, batches, true));
    // One stream that grows: its views share their frames and their start.
    let whole = views[batches.len()].clone();
    for view in &mut views {
        view.frames = whole.frames[..view.frames.len()].to_vec();
        view.start = whole.start;
        view.now = view.now.max(whole.start);
    }
    views
}

/// Name, whether event times are in order, and the times of the rows of each batch.
fn streams() -> Vec<(&'static str, bool, Times)> {
    let minute = |m: i64| Timestamp::from_micros(1_300_000_000_000_000 + m * 60_000_000);
    let even = |rows: std::ops::Range<i64>| -> Vec<(Timestamp, Timestamp)> {
        rows.map(|row| (minute(row), minute(row))).collect()
    };
    let disorder = |rows: std::ops::Range<i64>| -> Vec<(Timestamp, Timestamp)> {
        rows.map(|row| (minute(row * 7 % 60 + row / 60 * 60), minute(row)))
            .collect()
    };
    let ends = [
        Timestamp::MIN,
        minute(0),
        Timestamp::MAX,
        Timestamp::from_micros(i64::MAX - 1),
        minute(1),
        Timestamp::from_micros(i64::MIN + 1),
    ];
    vec![
        ("no batch", true, vec![]),
        ("batches without rows", true, vec![vec![], vec![]]),
        ("one row", true, vec![even(0..1)]),
        ("one batch", true, vec![even(0..20)]),
        (
            "several batches",
            true,
            (0..8).map(|b| even(b * 40..b * 40 + 40)).collect(),
        ),
        (
            "batches without rows among others",
            true,
            vec![
                vec![],
                even(0..9),
                vec![],
                vec![],
                even(9..12),
                even(12..300),
                vec![],
                even(300..302),
                vec![],
            ],
        ),
        ("one time", true, vec![vec![(minute(0), minute(0)); 7]; 4]),
        (
            "out of order",
            false,
            (0..6).map(|b| disorder(b * 50..b * 50 + 50)).collect(),
        ),
        (
            "in reverse",
            false,
            (0..4)
                .map(|b| {
                    (b * 30..b * 30 + 30)
                        .map(|row| (minute(-row * 5), minute(row)))
                        .collect()
                })
                .collect(),
        ),
        (
            "a day between batches",
            true,
            (0..4).map(|b| even(b * 1440..b * 1440 + 3)).collect(),
        ),
        (
            "ends of time",
            false,
            ends.iter()
                .map(|&event| vec![(event, minute(0)); 2])
                .collect(),
        ),
    ]
}
