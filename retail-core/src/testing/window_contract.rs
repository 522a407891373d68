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
    /// They keep their rows, and drop out of the list as newer ones come. The label tells them apart.
    MoveOn,
}

type Times = Vec<Vec<(Timestamp, Timestamp)>>;

/// Checks that `strategy` keeps the contract of [`WindowStrategy`], on small streams that grow batch
/// by batch: empty, one row, one batch, batches without rows, all rows at one time, event times in
/// and out of order, ties, and times at both ends of what a [`Timestamp`] can hold.
///
/// Whether a strategy's own intervals are half-open cannot be seen from outside: test that with
/// rows exactly on an edge.
///
/// ```
/// use retail_core::testing::{ClosedWindows, window_contract};
/// use retail_core::window::ConsecutiveBatches;
///
/// window_contract(&ConsecutiveBatches::new(3)?, ClosedWindows::MoveOn);
/// # Ok::<(), retail_core::error::ConfigError>(())
/// ```
///
/// # Panics
/// Where the contract is broken, saying how and on which stream.
pub fn window_contract(strategy: &dyn WindowStrategy, closed: ClosedWindows) {
    for (name, in_order, batches) in streams() {
        let views = growing(&batches);
        let answers: Vec<Vec<Window>> = views.iter().map(|view| strategy.windows(view)).collect();
        for (step, (view, windows)) in views.iter().zip(&answers).enumerate() {
            let place = format!("{strategy:?}, stream {name:?}, step {step}");
            check_view(view, windows, in_order, &place);
            if let Some(earlier) = step.checked_sub(1) {
                check_closed(&answers[earlier], windows, closed, &place);
            }
        }
        for (step, view) in views.iter().enumerate().rev() {
            let place = format!("{strategy:?}, stream {name:?}, step {step}");
            let (windows, copy) = (&answers[step], copied(view));
            assert_eq!(strategy.windows(view), *windows, "{place}: asked again");
            assert_eq!(
                strategy.windows(&copy),
                *windows,
                "{place}: asked with a copy"
            );
        }
        check_kept(strategy, &views, &answers, name);
    }
}

/// Asks step by step, and forgets in between what the strategy does not keep.
fn check_kept(
    strategy: &dyn WindowStrategy,
    views: &[StreamView],
    answers: &[Vec<Window>],
    name: &str,
) {
    let mut frames: Vec<Arc<Frame>> = Vec::new();
    for (step, (view, windows)) in views.iter().zip(answers).enumerate() {
        frames.extend_from_slice(&view.frames[frames.len()..]);
        let view = StreamView {
            frames: frames.clone(),
            ..view.clone()
        };
        let kept = strategy.keeps(&view);
        assert_eq!(
            strategy.windows(&view),
            *windows,
            "{strategy:?}, stream {name:?}, step {step}: rows it does not keep were forgotten"
        );
        for window in windows {
            let rows = Rows::select(&frames, &window.rows);
            assert_eq!(
                rows.len() as u64,
                window.rows.len(),
                "{strategy:?}, stream {name:?}, step {step}: {:?} holds rows that it did not keep",
                window.label
            );
        }
        for frame in &mut frames {
            if !frame.is_empty() && !kept.overlaps(frame.first_row()..frame.end_row()) {
                *frame = Arc::new(frame.forgotten());
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
            window.label,
            end - 1,
            view.len()
        );
        assert!(
            window.closed || !view.ended,
            "{place}: {:?} is open though the stream has ended",
            window.label
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
                for same in after.iter().filter(|later| later.label == window.label) {
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

/// The same view over frames of its own.
fn copied(view: &StreamView) -> StreamView {
    let frames = view
        .frames
        .iter()
        .map(|frame| Arc::new(Frame::clone(frame)));
    StreamView {
        frames: frames.collect(),
        ..view.clone()
    }
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
