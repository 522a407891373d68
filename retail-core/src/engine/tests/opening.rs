//! Each pipeline has windows of its own, which are opened once and followed.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::feature::RowSet;
use crate::window::{StreamView, Window, WindowState};

/// All rows, counted frame by frame.
#[derive(Debug, Default)]
struct Counting {
    opened: Arc<AtomicU32>,
    /// The number of the state that panics at its second look, from 1.
    panics: Option<u32>,
}

#[derive(Debug)]
struct State {
    looks: u32,
    panics: bool,
    seen: usize,
    rows: u64,
}

impl WindowStrategy for Counting {
    fn open(&self) -> Box<dyn WindowState> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        Box::new(State {
            looks: 0,
            panics: self.panics == Some(number),
            seen: 0,
            rows: 0,
        })
    }
}

impl WindowState for State {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        self.looks += 1;
        assert!(!self.panics || self.looks != 2, "the state gave up");
        let new = stream.frames_from(self.seen);
        self.rows += new.iter().map(|frame| frame.len() as u64).sum::<u64>();
        self.seen += new.len();
        vec![Window {
            rows: RowSet::from(0..self.rows),
            closed: stream.ended,
            name: "all rows".into(),
        }]
    }
}

/// Reads sales in batches of 10 and trains after each.
fn run(engine: &mut Engine, rows: std::ops::RangeInclusive<usize>) {
    for rows in rows.step_by(10) {
        engine
            .run(&mut Script::new(sales(rows), |_| Step::Go))
            .unwrap();
        engine.train().unwrap();
    }
}

#[test]
fn pipelines_that_share_a_strategy_share_no_windows() {
    let strategy: Arc<dyn WindowStrategy> = Arc::new(Counting::default());
    let pipelines = ["a", "b"].map(|prefix| Pipeline {
        windows: Arc::clone(&strategy),
        ..all_rows(prefix, Arc::new(Mean::default()))
    });
    let mut engine = builder(RetrainPolicy::Manual, pipelines.into())
        .open()
        .unwrap();
    run(&mut engine, 10..=50);
    for model in ["a_1", "b_1"] {
        assert_eq!(outcome(&engine, model), "trained on 50 rows");
    }
}

#[test]
fn windows_are_opened_once_for_each_pipeline_and_again_after_a_panic() {
    for (panics, expected) in [(None, 1), (Some(1), 2)] {
        let opened = Arc::new(AtomicU32::new(0));
        let windows = Counting {
            opened: Arc::clone(&opened),
            panics,
        };
        let pipelines = vec![pipeline("mean", Arc::new(Mean::default()), windows)];
        let mut engine = builder(RetrainPolicy::Manual, pipelines).open().unwrap();
        run(&mut engine, 10..=50);
        assert_eq!(opened.load(Ordering::Relaxed), expected);
        assert_eq!(outcome(&engine, "mean_1"), "trained on 50 rows");
    }
}
