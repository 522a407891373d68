use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::batch::{BatchLimits, Batcher, CloseReason};
use crate::clean::RejectReason;
use crate::record::Transaction;
use crate::source::MemorySource;
use crate::testing::{self, ManualClock};

/// What a [`Lines`] gives next.
#[derive(Debug, Clone, Copy)]
enum Line {
    /// A sale at so many milliseconds of stream time.
    At(u64),
    /// A record that cannot be read.
    Broken,
    /// Nothing at the moment.
    Dry,
}

struct Lines {
    lines: Vec<Line>,
    next: usize,
    sale: Transaction,
}

impl Lines {
    fn new(lines: &[Line]) -> Self {
        Self {
            lines: lines.to_vec(),
            next: 0,
            sale: testing::transactions(1, 1).remove(0),
        }
    }
}

fn millis(millis: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_millis(millis))
}

impl Source for Lines {
    fn id(&self) -> SourceId {
        SourceId([("kind".to_owned(), "lines".to_owned())].into())
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.next = position.next_offset(0) as usize;
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        while let Some(&line) = self.lines.get(self.next) {
            let origin = origin(self.next);
            self.next += 1;
            let record = match line {
                Line::Dry => return Ok(ReadStatus::Idle),
                Line::Broken => Err(RejectReason::WrongColumnCount {
                    expected: 8,
                    got: 1,
                }),
                Line::At(at) => {
                    self.sale.timestamp = millis(at);
                    Ok(self.sale.as_ref())
                }
            };
            if sink.push(origin, &record).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
        Ok(ReadStatus::End)
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}

fn origin(offset: usize) -> Origin {
    Origin {
        partition: 0,
        part: 0,
        offset: offset as u64,
        line: None,
    }
}

/// The clock shows something else than stream time, as it does in life.
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

struct Bench {
    clock: Arc<ManualClock>,
    paced: Paced<Lines>,
    given: usize,
}

impl Bench {
    fn now(&self) -> Option<Timestamp> {
        self.paced.stream_now(Timestamp::MIN, Duration::MAX)
    }

    fn new(lines: &[Line], speed: f64) -> Self {
        let clock = Arc::new(ManualClock::new(NOON));
        Self {
            paced: Paced::new(Lines::new(lines), clock.clone(), speed).unwrap(),
            clock,
            given: 0,
        }
    }

    /// Reads once, after so many milliseconds: how many records have been given by now, and the
    /// status.
    fn after(&mut self, wait: u64) -> (usize, ReadStatus) {
        self.clock.advance(Duration::from_millis(wait));
        let mut sink = |_: Origin, _: &Incoming<'_>| {
            self.given += 1;
            ControlFlow::Continue(())
        };
        let status = self.paced.read(&mut sink).unwrap();
        (self.given, status)
    }

    fn seek(&mut self, offset: usize) {
        let mut position = Position::default();
        if let Some(before) = offset.checked_sub(1) {
            position.advance(&origin(before));
        }
        self.paced.seek(&position).unwrap();
        self.given = offset;
    }
}

use Line::{At, Broken, Dry};
use ReadStatus::{End, Idle, Paused};

#[test]
fn records_come_when_they_are_due_and_one_before() {
    let mut bench = Bench::new(
        &[At(5_000), At(6_000), At(6_000), At(9_000), At(9_500)],
        1.0,
    );
    assert_eq!(bench.after(0), (1, Idle), "the first sets the time");
    assert_eq!(bench.after(0), (2, Idle), "the next one, early");
    assert_eq!(bench.after(999), (2, Idle));
    assert_eq!(bench.after(1), (4, Idle), "its twin is due as well");
    assert_eq!(bench.after(2_999), (4, Idle));
    assert_eq!(bench.after(1), (5, Idle), "the last one, early");
    assert_eq!(bench.after(499), (5, Idle));
    assert_eq!(bench.after(1), (5, End));
    assert_eq!(bench.after(0), (5, End));
}

#[test]
fn time_runs_by_the_factor() {
    for (speed, wait) in [(4.0, 250), (1.0, 1_000), (0.5, 2_000), (0.001, 1_000_000)] {
        let mut bench = Bench::new(&[At(0), At(1_000), At(2_000)], speed);
        assert_eq!(bench.after(0), (1, Idle));
        assert_eq!(bench.after(0), (2, Idle));
        assert_eq!(bench.after(wait - 1), (2, Idle), "{speed}");
        assert_eq!(bench.after(1), (3, Idle), "{speed}");
    }
}

#[test]
fn seeking_sets_the_time_again() {
    let lines = [At(0), At(1_000), At(2_000), At(50_000)];
    let mut bench = Bench::new(&lines, 1.0);
    bench.after(0);
    assert_eq!(bench.after(1_000), (3, Idle));
    for start in [0, 1] {
        // However late it is, and whether the clock stands still or not.
        bench.clock.advance(Duration::from_secs(3_600));
        bench.seek(start);
        assert_eq!(bench.now(), None, "no record, no time");
        assert_eq!(bench.after(0), (start + 1, Idle), "from {start}");
        assert_eq!(bench.after(0), (start + 2, Idle), "from {start}");
        assert_eq!(bench.after(999), (start + 2, Idle), "from {start}");
        assert_eq!(bench.after(1), (start + 3, Idle), "from {start}");
    }
}

#[test]
fn a_sink_that_has_enough_pauses_the_source() {
    let mut bench = Bench::new(&[At(0), At(0), At(0), At(9_000)], 1.0);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let status = bench
            .paced
            .read(&mut |_: Origin, _: &Incoming<'_>| ControlFlow::Break(()));
        statuses.push(status.unwrap());
    }
    assert_eq!(statuses, [Paused; 4]);
    assert_eq!(bench.after(0), (0, Idle), "all given, the last one early");
    assert_eq!(bench.after(9_000), (0, End));
}

#[test]
fn records_without_a_time_come_with_the_one_before_them() {
    let mut bench = Bench::new(
        &[Broken, Broken, At(0), Broken, At(5_000), Broken, At(9_000)],
        1.0,
    );
    assert_eq!(bench.after(0), (3, Idle));
    assert_eq!(bench.after(0), (5, Idle));
    assert_eq!(bench.after(4_999), (5, Idle));
    assert_eq!(bench.after(1), (7, Idle));
}

#[test]
fn stream_time_goes_on_only_while_the_source_has_nothing() {
    let mut bench = Bench::new(&[At(0), At(1_000), At(2_000), Dry, At(60_000)], 2.0);
    assert_eq!(bench.now(), None);
    bench.after(0);
    bench.after(250);
    assert_eq!(bench.now(), Some(millis(500)));
    // Ten seconds pass before anyone reads: the third record is due and not given yet.
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(bench.now(), Some(millis(1_000)));
    // The source has nothing after it, so it is as late as the clock says.
    assert_eq!(bench.after(0), (3, Idle));
    assert_eq!(bench.now(), Some(millis(20_500)));
    assert_eq!(bench.after(0), (4, Idle));
    assert_eq!(bench.now(), Some(millis(20_500)));
}

#[test]
fn a_clock_that_jumps_gives_too_much_or_nothing_and_never_fails() {
    let mut bench = Bench::new(&[At(0), At(1_000), At(2_000), At(4_000)], 1e6);
    bench.after(0);
    bench.clock.set(Timestamp::MIN);
    assert_eq!(bench.after(0), (2, Idle));
    assert_eq!(
        bench.after(0),
        (2, Idle),
        "it is earlier than at the first record"
    );
    bench.clock.set(Timestamp::MAX);
    assert_eq!(bench.after(0), (4, End));
    assert_eq!(bench.now(), Some(millis(4_000)));
}

#[test]
fn speeds_out_of_range_are_refused() {
    for speed in [0.0, -1.0, 9e-4, 1.1e6, f64::NAN, f64::INFINITY] {
        let clock = Arc::new(ManualClock::default());
        let refused = Paced::new(MemorySource::new(Vec::new()), clock, speed);
        assert!(refused.is_err(), "{speed}");
    }
}

proptest! {
    /// Of what is not due, one record at most has come; of what is due, nothing is missing.
    #[test]
    fn nothing_is_late_and_one_record_at_most_is_early(
        gaps in prop::collection::vec(prop_oneof![Just(0_u64), 1..50_u64, Just(5_000)], 1..60),
        waits in prop::collection::vec(0_u64..400, 1..60),
        speed in prop_oneof![Just(0.5), Just(1.0), Just(3.0)],
    ) {
        let times: Vec<u64> = gaps.iter().scan(7_000, |now, gap| { *now += gap; Some(*now) }).collect();
        let lines: Vec<Line> = times.iter().map(|&at| At(at)).collect();
        let mut bench = Bench::new(&lines, speed);
        bench.after(0);
        let mut waited = 0;
        for wait in waits {
            waited += wait;
            let (given, _) = bench.after(wait);
            let now = times[0] as f64 + waited as f64 * speed;
            let due = times.partition_point(|&at| at as f64 <= now);
            prop_assert!((due..=due + 1).contains(&given), "{given} given, {due} due");
        }
    }

    /// What a batch holds depends on the records, not on when they were asked for.
    #[test]
    fn batches_do_not_depend_on_the_pace(
        gaps in prop::collection::vec(0_u64..9_000, 1..60),
        waits in prop::collection::vec(0_u64..20_000, 1..20),
    ) {
        let times: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
        let lines: Vec<Line> = times.iter().map(|&at| At(at)).collect();
        let limits = BatchLimits::new(7, Duration::from_secs(20)).unwrap();
        let mut plain = Batcher::new(limits, Position::default());
        let mut source = Lines::new(&lines);
        while source.read(&mut plain).unwrap() != End {}
        plain.flush(CloseReason::End);

        let mut batcher = Batcher::new(limits, Position::default());
        let mut bench = Bench::new(&lines, 1.0);
        for wait in waits.into_iter().cycle() {
            // As the engine does, except that no time passes in between.
            let status = bench.paced.read(&mut batcher).unwrap();
            bench.clock.advance(Duration::from_millis(wait + 1));
            match status {
                End => break,
                Idle => batcher.advance(bench.now().unwrap()),
                Paused => {}
            }
        }
        batcher.flush(CloseReason::End);
        let sizes = |batcher: &mut Batcher| -> Vec<_> {
            let closed = std::iter::from_fn(|| batcher.take_closed());
            closed.map(|batch| (batch.rows.len(), batch.closed_by)).collect()
        };
        prop_assert_eq!(sizes(&mut batcher), sizes(&mut plain));
    }
}
