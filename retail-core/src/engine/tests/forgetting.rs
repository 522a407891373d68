use std::sync::atomic::{AtomicU64, Ordering};

use crate::feature::RowSet;
use crate::window::{
    ConsecutiveBatches, ElapsedPrefix, EventTimeWindows, StreamView, Tumbling, Window, WindowState,
};

use super::*;

/// What an engine is told to keep.
#[derive(Debug, Clone, Copy)]
enum Keep {
    WhatTheStrategySays,
    All,
    Nothing,
}

/// Another strategy, watched: how many rows had not been forgotten when the stream was last
/// observed.
#[derive(Debug)]
struct Watched {
    windows: Box<dyn WindowStrategy>,
    keep: Keep,
    remembered: Arc<AtomicU64>,
}

struct WatchedState {
    windows: Box<dyn WindowState>,
    keep: Keep,
    remembered: Arc<AtomicU64>,
}

impl WindowStrategy for Watched {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(WatchedState {
            windows: self.windows.open(),
            keep: self.keep,
            remembered: Arc::clone(&self.remembered),
        })
    }
}

impl WindowState for WatchedState {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        let frames = stream.frames.iter();
        let remembered = frames.filter(|frame| !frame.is_forgotten());
        let rows = remembered.map(|frame| frame.len() as u64).sum();
        self.remembered.store(rows, Ordering::Relaxed);
        self.windows.observe(stream)
    }

    fn keeps(&self) -> RowSet {
        match self.keep {
            Keep::WhatTheStrategySays => self.windows.keeps(),
            Keep::All => RowSet::from(0..u64::MAX),
            Keep::Nothing => RowSet::new(),
        }
    }
}

/// Trains after each of 20 batches of 10 sales. Returns how many rows are still there at the end, what
/// became of the model, and the rows of each fit.
fn run(windows: Box<dyn WindowStrategy>, keep: Keep) -> (u64, String, Vec<(u64, u64)>) {
    let remembered = Arc::new(AtomicU64::new(0));
    let mean = Arc::new(Mean::default());
    let watched = Watched {
        windows,
        keep,
        remembered: Arc::clone(&remembered),
    };
    let mut engine = builder(
        RetrainPolicy::Manual,
        vec![pipeline("mean", mean.clone(), watched)],
    )
    .open()
    .unwrap();
    for batches in 1..=20 {
        let mut sales = sales(10 * batches);
        for (second, sale) in sales.iter_mut().enumerate() {
            sale.invoice_date = Timestamp::from_micros(second as i64 * 1_000_000);
        }
        let mut source = Script::new(sales, |_| Step::Go);
        engine.run(&mut source).unwrap();
        engine.train().unwrap();
    }
    // Rows are forgotten after training: this looks once more, and trains nothing.
    engine.train().unwrap();
    let rows = remembered.load(Ordering::Relaxed);
    (rows, outcome(&engine, "mean_1"), mean.fits.all())
}

/// How many rows are remembered at the end. Forgetting the others must not change a model.
fn remembered(windows: impl Fn() -> Box<dyn WindowStrategy>) -> u64 {
    let (all, ..) = run(windows(), Keep::All);
    assert_eq!(all, 200);
    let (rows, outcome, fits) = run(windows(), Keep::WhatTheStrategySays);
    let (_, expected_outcome, expected_fits) = run(windows(), Keep::All);
    assert_eq!(fits, expected_fits);
    assert_eq!(outcome, expected_outcome);
    assert!(!fits.is_empty());
    rows
}

#[test]
fn only_rows_that_a_window_can_hold_are_remembered() {
    let newest = remembered(|| Box::new(ConsecutiveBatches::new(3).unwrap()));
    assert_eq!(newest, 30);
    // Sales come every 10 ms of stream time: the second window ends with row 45, in the fifth batch.
    let step = Duration::from_millis(225);
    let first = remembered(|| Box::new(ElapsedPrefix::new(step, 2).unwrap()));
    assert_eq!(first, 50);
    let fractions = remembered(|| Box::new(CumulativeFraction::new(1).unwrap()));
    assert_eq!(fractions, 200);
}

#[test]
fn rows_of_event_time_windows_are_remembered_while_they_are_listed_or_open() {
    let minute = Duration::from_secs(60);
    let newest = move || EventTimeWindows::new(Tumbling::new(minute).unwrap(), 1).unwrap();
    // A closed window with rows 120 to 179, and one that rows can still join.
    assert_eq!(remembered(move || Box::new(newest())), 80);
}

#[test]
fn a_window_whose_rows_were_not_kept_says_so() {
    let newest = ConsecutiveBatches::new(3).unwrap();
    let (rows, outcome, _) = run(Box::new(newest), Keep::Nothing);
    assert_eq!(rows, 0);
    assert_eq!(outcome, "of the 10 rows that the window names, 0 are kept");
}
