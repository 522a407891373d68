use super::*;
use crate::clean::RejectCounts;
use crate::source::{MemorySource, Paced, Source, SyntheticSource};
use crate::testing::ManualClock;
use crate::window::{EventTimeWindows, Tumbling, WindowCounts};

fn synthetic(rows: u64) -> SyntheticSource {
    SyntheticSource::new(
        SyntheticSource::params()
            .rows(rows)
            .seed(3)
            .check()
            .unwrap(),
    )
}

fn engine(dir: &std::path::Path) -> Engine {
    let pipelines = vec![all_rows("mean", Arc::new(Mean::default()))];
    builder(RetrainPolicy::EveryBatch, pipelines)
        .dir(dir)
        .open()
        .unwrap()
}

#[test]
fn the_numbers_of_the_status_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let counted: Seen<(u64, u64, u64)> = Seen::default();
    let seen = counted.clone();
    let mut engine = builder(
        RetrainPolicy::EveryBatch,
        vec![all_rows("mean", Arc::new(Mean::default()))],
    )
    .dir(dir.path())
    .observer(move |event: &Event| {
        if let Event::BatchSaved(batch) = event {
            assert_eq!(batch.rejected.total(), batch.read - batch.rows);
            seen.add((batch.batch, batch.rows, batch.read));
        }
    })
    .open()
    .unwrap();
    let report = engine.run(&mut synthetic(1_000)).unwrap();
    let status = engine.status().read();
    assert_eq!(status.rows_read, 1_000);
    assert_eq!(status.rows_kept + status.rejected.total(), 1_000);
    assert_ne!(status.rejected, RejectCounts::default());

    let batches = counted.all();
    let numbers: Vec<u64> = batches.iter().map(|(batch, ..)| *batch).collect();
    assert_eq!(numbers, Vec::from_iter(1..=status.batches));
    assert_eq!(
        batches.iter().map(|(_, rows, _)| rows).sum::<u64>(),
        status.rows_kept
    );
    assert_eq!(batches.iter().map(|(.., read)| read).sum::<u64>(), 1_000);
    let newest: Vec<u64> = status
        .newest_batches
        .iter()
        .map(|batch| batch.batch)
        .collect();
    let expected: Vec<u64> = (1..=status.batches).collect();
    assert_eq!(newest, expected[expected.len() - EngineStatus::NEWEST..]);
    assert_eq!(status.models["mean_1"].rows, status.rows_kept);
    assert!(!status.running);

    assert_eq!(
        (report.rows_read, report.rows_kept),
        (1_000, status.rows_kept)
    );
    assert_eq!(
        (report.rejected, report.batches),
        (status.rejected, status.batches)
    );
}

#[test]
fn a_restart_knows_the_numbers_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = engine(dir.path());
    first.run(&mut synthetic(500)).unwrap();
    let before = first.status().read();
    drop(first);
    let mut second = engine(dir.path());
    let after = second.status().read();
    assert_eq!((after.rows_read, after.rows_kept), (500, before.rows_kept));
    assert_eq!(
        (after.rejected, after.batches),
        (before.rejected, before.batches)
    );
    assert_eq!(after.newest_batches, before.newest_batches);
    assert_eq!(after.stream_time, before.stream_time);
    let report = second.run(&mut synthetic(1_000)).unwrap();
    assert_eq!(report.rows_kept + report.rejected.total(), 1_000);
}

#[test]
fn a_running_engine_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = engine(dir.path());
    let board = engine.status();
    assert!(!board.read().running);
    let during = board.clone();
    let mut source = Script::new(sales(5), move |_| {
        assert!(during.read().running);
        Step::Go
    });
    engine.run(&mut source).unwrap();
    assert!(!board.read().running);
}

#[test]
fn the_newest_batch_has_the_time_of_the_engines_clock() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let open = || {
        builder(RetrainPolicy::Manual, Vec::new())
            .clock(clock.clone())
            .dir(dir.path())
            .open()
            .unwrap()
    };
    let mut engine = open();
    assert_eq!(engine.status().read().saved_at, None);
    clock.advance(Duration::from_secs(7));
    engine.run(&mut synthetic(500)).unwrap();
    let at = Timestamp::EPOCH.saturating_add(Duration::from_secs(7));
    assert_eq!(engine.status().read().saved_at, Some(at));
    drop(engine);
    // When those of an earlier engine were saved is not known.
    assert_eq!(open().status().read().saved_at, None);
}

#[test]
fn the_status_counts_rows_that_are_late_for_windows() {
    let tens = Tumbling::new(Duration::from_secs(10)).unwrap();
    let windows = EventTimeWindows::new(tens, 3).unwrap();
    let pipelines = vec![
        pipeline("tumbling", Arc::new(Mean::default()), windows),
        all_rows("mean", Arc::new(Mean::default())),
    ];
    let mut sales = sales(30);
    for (second, sale) in (0..).zip(&mut sales) {
        // The last one is of a window that has been closed.
        sale.invoice_date = Timestamp::from_micros(second % 29 * 1_000_000);
    }
    let mut engine = builder(RetrainPolicy::EveryBatch, pipelines)
        .open()
        .unwrap();
    engine.run(&mut MemorySource::new(sales)).unwrap();
    let status = engine.status().read();
    let counts: Vec<_> = status.windows.iter().collect();
    let expected = WindowCounts {
        on_time: 29,
        late: 1,
        ..WindowCounts::default()
    };
    assert_eq!(counts, [(&"tumbling".to_owned(), &expected)]);
}

#[test]
fn the_same_batches_are_saved_at_any_pace() {
    let batches = |speed: Option<f64>| {
        let clock = Arc::new(ManualClock::default());
        let mut config = config(RetrainPolicy::Manual);
        config.batch.rows = 70;
        config.batch.age_seconds = 0.5;
        let mut engine = Engine::builder(config)
            .unwrap()
            .clock(clock.clone())
            .pipelines(Vec::new())
            .open()
            .unwrap();
        let source = MemorySource::new(sales(400));
        let mut source: Box<dyn Source> = match speed {
            Some(speed) => Box::new(Paced::new(source, clock, speed).unwrap()),
            None => Box::new(source),
        };
        engine.run(source.as_mut()).unwrap();
        engine.status().read().newest_batches.clone()
    };
    let whole = batches(None);
    assert_eq!(
        whole.iter().map(|batch| batch.rows).collect::<Vec<_>>(),
        [50; 8]
    );
    for speed in [0.5, 1.0, 37.0] {
        assert_eq!(batches(Some(speed)), whole, "{speed} times as fast");
    }
}
