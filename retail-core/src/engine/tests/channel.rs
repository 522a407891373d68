//! Rows that are pushed while the engine runs.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::batch::BatchEntry;
use crate::source::{ChannelSource, Mark, Position, Progress, ReadStatus, Sink, SourceError};
use crate::testing::ManualClock;
use crate::time::Clock;

fn open(dir: &Path) -> Engine {
    let pipelines = vec![all_rows("all", Arc::new(Mean::default()))];
    builder(RetrainPolicy::EveryBatch, pipelines)
        .dir(dir)
        .open()
        .unwrap()
}

/// Batches of a folder, and the bytes of their files.
fn saved_in(dir: &Path) -> Vec<(BatchEntry, Vec<u8>)> {
    let recovered = failures::on_disk(dir);
    let entries = recovered.batches.into_iter();
    entries
        .map(|entry| {
            let file = entry.file.as_ref().unwrap();
            let bytes = fs::read(dir.join("batches").join(file)).unwrap();
            (entry, bytes)
        })
        .collect()
}

/// A run that pushes all at once.
fn undisturbed(dir: &Path, rows: &[Transaction]) -> RunReport {
    let mut engine = open(dir);
    let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 1_000);
    sender.push(rows).unwrap();
    drop(sender);
    engine.run(&mut source).unwrap()
}

#[test]
fn the_end_of_the_last_sender_saves_and_trains_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let report = undisturbed(dir.path(), &sales(35));
    assert_eq!((report.rows_kept, report.batches), (35, 4));
    let engine = open(dir.path());
    assert_eq!(engine.position(), &Position::from([(0, 35)]));
    let served = engine.registry().get("all_1").unwrap();
    assert_eq!(served.artefact.info.slice.rows, 35);
    let closed = saved_in_words(dir.path(), engine);
    assert_eq!(closed, ["count", "count", "count", "end"]);
}

fn saved_in_words(dir: &Path, engine: Engine) -> Vec<&'static str> {
    drop(engine);
    let saved = saved_in(dir);
    saved
        .iter()
        .map(|(entry, _)| entry.closed_by.name())
        .collect()
}

/// Fails as soon as it is told that so many records are saved, as if the process ended: the open batch is
/// lost. It waits for that.
struct Dies {
    inner: ChannelSource,
    after: u64,
    saved: u64,
}

impl Source for Dies {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.seek(position)
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        self.inner.mark(position)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        if self.saved >= self.after {
            return Err(SourceError::Adapter {
                source: "the power is gone".into(),
                retryable: false,
            });
        }
        if self.inner.progress().done > self.after {
            return Ok(ReadStatus::Idle);
        }
        self.inner.read(sink)
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.saved = position.next_offset(0);
        self.inner.saved(position)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }
}

#[test]
fn a_program_that_pushes_again_from_the_saved_position_ends_with_the_same_batches() {
    let rows = sales(87);
    let whole = tempfile::tempdir().unwrap();
    undisturbed(whole.path(), &rows);

    let dir = tempfile::tempdir().unwrap();
    let mut kept = Vec::new();
    for after in [20, 50, u64::MAX] {
        let mut engine = open(dir.path());
        let (sender, inner) = ChannelSource::bounded("orders", engine.position(), 4);
        let unsaved = &rows[sender.saved() as usize..];
        let mut source = Dies {
            inner,
            after,
            saved: 0,
        };
        thread::scope(|scope| {
            let running = scope.spawn(move || engine.run(&mut source).ok());
            let all = unsaved.chunks(3);
            let pushed = all.map(|some| sender.push(some)).find_map(Result::err);
            drop(sender);
            let report = running.join().unwrap();
            // A channel of four rows does not take them all before the source dies.
            assert_eq!(pushed.is_none(), report.is_some(), "{pushed:?}");
            kept.push(report.map(|report| report.rows_kept));
        });
        if after == 20 {
            let on_disk = saved_in(dir.path());
            assert!((2..8).contains(&on_disk.len()), "{}", on_disk.len());
        }
    }
    assert_eq!(kept, [None, None, Some(87)]);
    assert_eq!(saved_in(dir.path()), saved_in(whole.path()));
}

#[test]
fn a_sender_sees_what_is_saved_while_the_engine_runs() {
    let mut engine = builder(RetrainPolicy::Manual, Vec::new()).open().unwrap();
    let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 100);
    thread::scope(|scope| {
        let running = scope.spawn(move || engine.run(&mut source));
        assert_eq!(sender.push(sales(25)).unwrap(), 25);
        until(|| sender.saved() == 20);
        assert_eq!(sender.push(sales(5)).unwrap(), 30);
        until(|| sender.saved() == 30);
        drop(sender);
        running.join().unwrap().unwrap();
    });
}

/// Waits for what another thread does.
fn until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "timed out");
        thread::yield_now();
    }
}

#[test]
fn a_stopped_engine_runs_again_and_takes_the_rows_that_were_waiting() {
    let batches = Seen::default();
    let mut engine = builder(RetrainPolicy::Manual, Vec::new())
        .observer(saved(&batches))
        .open()
        .unwrap();
    let stop = engine.stop_handle();
    let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 100);
    sender.push(sales(25)).unwrap();
    let (engine, source) = thread::scope(|scope| {
        let (engine, source) = (&mut engine, &mut source);
        let running = scope.spawn(move || {
            let report = engine.run(source).unwrap();
            assert_eq!((report.rows_kept, report.batches), (25, 3));
            (engine, source)
        });
        batches.wait_until(|batches| batches.len() == 2);
        until(|| sender.saved() == 20);
        stop.stop();
        running.join().unwrap()
    });
    assert!(stop.is_stopped());
    sender.push(&sales(30)[25..]).unwrap();
    drop(sender);
    let report = engine.run(source).unwrap();
    assert_eq!((report.rows_kept, report.batches), (30, 4));
    assert!(!stop.is_stopped());
}

#[test]
fn a_request_to_stop_between_runs_ends_the_next_one_only() {
    let mut engine = builder(RetrainPolicy::Manual, Vec::new()).open().unwrap();
    let stop = engine.stop_handle();
    let mut source = Script::new(sales(25), |_| Step::Go);
    assert_eq!(engine.run(&mut source).unwrap().rows_kept, 25);
    let mut source = Script::new(sales(40), |_| Step::Go);
    stop.stop();
    assert_eq!(engine.run(&mut source).unwrap().rows_kept, 25);
    assert_eq!(engine.run(&mut source).unwrap().rows_kept, 40);
}

#[test]
fn rows_that_do_not_follow_on_the_saved_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    undisturbed(dir.path(), &sales(35));
    let mut engine = open(dir.path());
    for (position, said) in [
        (Position::default(), "record 0"),
        ([(0, 36)].into(), "record 36"),
    ] {
        let (sender, mut source) = ChannelSource::bounded("orders", &position, 100);
        sender.push(sales(50)).unwrap();
        let error = engine.run(&mut source).unwrap_err().to_string();
        assert!(
            error.starts_with("35 records of the stream are saved"),
            "{error}"
        );
        assert!(error.contains(said), "{error}");
        assert_eq!(engine.status().read().rows_read, 35);
    }
    let (sender, mut source) = ChannelSource::bounded("returns", engine.position(), 100);
    sender.push(sales(5)).unwrap();
    let error = engine.run(&mut source).unwrap_err();
    assert!(matches!(error, Error::SettingsDiffer { .. }), "{error}");
}

/// An engine in memory whose clock the test moves.
fn clocked() -> (Engine, Arc<ManualClock>, Seen<u64>) {
    let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
    let batches = Seen::default();
    let engine = builder(RetrainPolicy::Manual, Vec::new())
        .clock(clock.clone())
        .observer(saved(&batches))
        .open()
        .unwrap();
    (engine, clock, batches)
}

#[test]
fn a_batch_grows_old_by_the_clock_while_no_rows_arrive() {
    let (mut engine, clock, batches) = clocked();
    let (read, seen) = mpsc::channel();
    let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 100);
    let status = engine.status();
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            engine.run(&mut Idles {
                inner: &mut source,
                read,
            })
        });
        // 30 ms of stream time.
        sender.push(sales(4)).unwrap();
        let idle_with = |rows: u64| {
            // The second time that it is idle, it has looked at the clock.
            for _ in 0..2 {
                while seen.recv_timeout(Duration::from_secs(60)).unwrap() != rows {}
            }
        };
        idle_with(4);
        clock.advance(Duration::from_millis(59_969));
        while seen.try_recv().is_ok() {}
        idle_with(4);
        assert_eq!(batches.all(), [0; 0], "a millisecond is missing");
        clock.advance(Duration::from_millis(1));
        batches.wait_until(|batches| batches == [1]);
        until(|| sender.saved() == 4);
        assert_eq!(status.read().rows_kept, 4);
        drop(sender);
        running.join().unwrap().unwrap();
    });
    assert_eq!(batches.all(), [1]);
    assert_eq!(
        clock.now(),
        Timestamp::EPOCH.saturating_add(Duration::from_millis(59_970))
    );
}

/// Says how many records it has given whenever it is idle.
struct Idles<'a> {
    inner: &'a mut ChannelSource,
    read: mpsc::Sender<u64>,
}

impl Source for Idles<'_> {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.seek(position)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        let status = self.inner.read(sink)?;
        if status == ReadStatus::Idle {
            let _ = self.read.send(self.inner.progress().done);
        }
        Ok(status)
    }

    fn wake_when_ready(&mut self, waker: &std::task::Waker) -> bool {
        self.inner.wake_when_ready(waker)
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.saved(position)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }
}

#[test]
fn a_stream_that_stands_still_closes_no_batch_by_the_clock() {
    struct Still(Script);
    impl Source for Still {
        fn id(&self) -> SourceId {
            self.0.id()
        }
        fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
            self.0.seek(position)
        }
        fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
            self.0.read(sink)
        }
        fn progress(&self) -> Progress {
            self.0.progress()
        }
        fn stream_now(&self, _: Timestamp, _: Duration) -> Option<Timestamp> {
            None
        }
    }
    let (engine, clock, _) = clocked();
    let idle_for_hours = |clock: &Arc<ManualClock>| {
        let clock = clock.clone();
        let mut turns = 0;
        Script::new(sales(9), move |offset| {
            if offset == 4 && turns < 3 {
                turns += 1;
                clock.advance(Duration::from_secs(3_600));
                return Step::Idle;
            }
            Step::Go
        })
    };
    let run = |mut engine: Engine, source: &mut dyn Source| engine.run(source).unwrap().batches;
    assert_eq!(run(engine, &mut Still(idle_for_hours(&clock))), 1);
    let (engine, clock, _) = clocked();
    assert_eq!(
        run(engine, &mut idle_for_hours(&clock)),
        2,
        "by default it goes on"
    );
}
