//! The suite passes the sources of this crate, and finds what it is there to find.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::{Seeks, source_contract};
use crate::source::{
    CsvSource, Incoming, MemorySource, Origin, Paced, Position, Progress, Pushed, ReadStatus, Sink,
    Source, SourceError, SourceId, SyntheticSource, VirtualTime, write_csv,
};
use crate::testing::transactions;
use crate::time::{Clock, Timestamp};

const RECORDS: usize = 40;

#[test]
fn sources_in_memory_keep_the_contract() {
    source_contract(Seeks::Anywhere, || {
        MemorySource::new(transactions(7, RECORDS))
    });
}

#[test]
fn synthetic_sources_keep_the_contract() {
    let params = SyntheticSource::params().rows(200).dirty(0.1);
    let params = params.check().unwrap();
    source_contract(Seeks::Anywhere, || SyntheticSource::new(params.clone()));
}

#[test]
fn csv_sources_keep_the_contract() {
    let params = SyntheticSource::params().rows(300).dirty(0.1);
    let mut content = Vec::new();
    write_csv(&params.check().unwrap(), &mut content).unwrap();
    content.extend_from_slice(
        b"\n1,\"open,2\n\n1,A,\"two\nlines\",6,2010-12-01 08:26:00,2.5,1,UK\r\n",
    );
    content.extend_from_slice(&content.clone());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &content).unwrap();
    source_contract(Seeks::Anywhere, || {
        CsvSource::open(file.path(), VirtualTime::default()).unwrap()
    });
}

/// A clock that goes on by itself whenever it is looked at.
struct Running(AtomicI64);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(100_000, Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) {
        self.0
            .fetch_add(duration.as_micros() as i64, Ordering::Relaxed);
    }
}

#[test]
fn paced_sources_keep_the_contract() {
    source_contract(Seeks::Anywhere, || {
        let params = SyntheticSource::params().rows(100).dirty(0.1);
        let inner = SyntheticSource::new(params.check().unwrap());
        Paced::new(inner, Arc::new(Running(AtomicI64::new(0))), 1.0).unwrap()
    });
}

/// A way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    DiffersFromSourceToSource,
    LosesARecordAfterAPause,
    RepeatsARecordAfterAPause,
    GoesOnAfterAStop,
    EndsWhenStopped,
    RepeatsOffsets,
    SeeksOneTooFar,
    IgnoresSeeking,
    SeeksOnlyOnce,
    AcceptsAnyPosition,
    ChangesItsId,
    HasAnIdOfItsOwn,
    ContinuesAnything,
    ContinuesNothing,
    ForgetsProgress,
    HasMoreThanAll,
    StartsAgainAfterTheEnd,
    NeverEnds,
    FailsWhenTold,
    ReadsFromWhereItIsTold,
    LeavesOutTheInvoice,
    ChangesNumbersWithoutText,
    JumpsBack,
}

/// The sources made so far, so that no two are alike.
static MADE: AtomicU64 = AtomicU64::new(0);

struct Faulty {
    inner: MemorySource,
    fault: Fault,
    number: u64,
    reads: u64,
    sought: u32,
    paused: bool,
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self {
            inner: MemorySource::new(transactions(7, RECORDS)),
            fault,
            number: MADE.fetch_add(1, Ordering::Relaxed),
            reads: 0,
            sought: 0,
            paused: false,
        }
    }

    fn next(&self) -> u64 {
        self.inner.progress().done
    }

    fn go_to(&mut self, next: u64) {
        let next = next.min(RECORDS as u64);
        self.inner.seek(&Position::from([(0, next)])).unwrap();
    }
}

/// Changes what goes by.
struct Spoiler<'a> {
    sink: &'a mut dyn Sink,
    fault: Fault,
    number: u64,
}

impl Sink for Spoiler<'_> {
    fn push<'a>(&'a mut self, mut origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        let mut changed = *record.as_ref().expect("it is in memory");
        let quiet = !self.sink.wants_text();
        match self.fault {
            Fault::DiffersFromSourceToSource => changed.quantity += self.number as i64,
            Fault::RepeatsOffsets if origin.offset > 9 => origin.offset -= 1,
            Fault::LeavesOutTheInvoice if quiet => changed.invoice = "",
            Fault::ChangesNumbersWithoutText if quiet => changed.price += 1.0,
            Fault::JumpsBack if origin.offset == 9 => self.sink.jump(0, 3),
            _ => {}
        }
        let flow = self.sink.push(origin, &Ok(changed)).flow;
        let verdict = crate::source::Verdict::of(record);
        match self.fault {
            Fault::GoesOnAfterAStop => Pushed {
                verdict,
                flow: std::ops::ControlFlow::Continue(()),
            },
            _ => Pushed { verdict, flow },
        }
    }

    fn wants_text(&self) -> bool {
        self.sink.wants_text()
    }
}

impl Source for Faulty {
    fn id(&self) -> SourceId {
        let mut id = self.inner.id();
        let number = match self.fault {
            Fault::ChangesItsId => self.reads,
            Fault::HasAnIdOfItsOwn => self.number,
            _ => 0,
        };
        id.0.insert("number".to_owned(), number.to_string());
        id
    }

    fn continues(&self, saved: &SourceId) -> Result<bool, SourceError> {
        Ok(match self.fault {
            Fault::ContinuesAnything => true,
            Fault::ContinuesNothing => false,
            _ => *saved == self.id(),
        })
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.sought += 1;
        self.paused = false;
        match self.fault {
            Fault::SeeksOneTooFar if position.next_offset(0) > 0 => {
                self.go_to(position.next_offset(0) + 1);
                Ok(())
            }
            Fault::IgnoresSeeking => Ok(()),
            Fault::SeeksOnlyOnce if self.sought > 1 => Ok(()),
            Fault::AcceptsAnyPosition => {
                self.go_to(position.next_offset(0));
                Ok(())
            }
            _ => self.inner.seek(position),
        }
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.reads += 1;
        if std::mem::take(&mut self.paused) {
            match self.fault {
                Fault::LosesARecordAfterAPause => self.go_to(self.next() + 1),
                Fault::RepeatsARecordAfterAPause => self.go_to(self.next() - 1),
                _ => {}
            }
        }
        let mut spoiler = Spoiler {
            sink,
            fault: self.fault,
            number: self.number,
        };
        let status = self.inner.read(&mut spoiler)?;
        self.paused = status == ReadStatus::Paused;
        Ok(match (self.fault, status) {
            (Fault::EndsWhenStopped, _) => ReadStatus::End,
            (Fault::NeverEnds, ReadStatus::End) => ReadStatus::Idle,
            (Fault::StartsAgainAfterTheEnd, ReadStatus::End) => {
                self.go_to(0);
                status
            }
            _ => status,
        })
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        match self.fault {
            Fault::FailsWhenTold if *position == Position::default() => Err(SourceError::Adapter {
                source: "nothing has been read".into(),
                retryable: false,
            }),
            Fault::ReadsFromWhereItIsTold => {
                self.go_to(position.next_offset(0));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn progress(&self) -> Progress {
        let progress = self.inner.progress();
        match self.fault {
            Fault::ForgetsProgress => Progress {
                done: progress.done % 30,
                ..progress
            },
            Fault::HasMoreThanAll => Progress {
                done: progress.done + 1,
                ..progress
            },
            _ => progress,
        }
    }
}

/// What the suite says of the fault; `None` if it passes.
fn said(fault: Fault) -> Option<String> {
    let suite = || source_contract(Seeks::Anywhere, || Faulty::new(fault));
    let panic = catch_unwind(AssertUnwindSafe(suite)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap_or(&"")).to_owned()))
}

#[test]
fn each_broken_promise_is_found() {
    assert_eq!(said(Fault::None), None);
    for (fault, found) in [
        (
            Fault::DiffersFromSourceToSource,
            "read again by another source: record 0 differs",
        ),
        (
            Fault::LosesARecordAfterAPause,
            "paused after every record: record 1 differs",
        ),
        (
            Fault::RepeatsARecordAfterAPause,
            "comes after offset 1 of its partition was due",
        ),
        (Fault::GoesOnAfterAStop, "after the sink had asked to stop"),
        (
            Fault::EndsWhenStopped,
            "the status after the sink asked to stop",
        ),
        (
            Fault::RepeatsOffsets,
            "comes after offset 10 of its partition was due",
        ),
        (
            Fault::SeeksOneTooFar,
            "resumed after 1 records: record 0 differs",
        ),
        (
            Fault::IgnoresSeeking,
            "resumed after 1 records: record 0 differs",
        ),
        (Fault::SeeksOnlyOnce, "sought record 1 in between"),
        (
            Fault::AcceptsAnyPosition,
            "a position behind the end is accepted",
        ),
        (Fault::ChangesItsId, "the id has changed"),
        (
            Fault::HasAnIdOfItsOwn,
            "two sources of one stream have two ids",
        ),
        (Fault::ContinuesAnything, "continues another stream"),
        (Fault::ContinuesNothing, "does not continue its own stream"),
        (Fault::ForgetsProgress, "progress went back"),
        (Fault::HasMoreThanAll, "more progress than there is in all"),
        (
            Fault::StartsAgainAfterTheEnd,
            "comes after offset 40 of its partition was due",
        ),
        (Fault::NeverEnds, "stays idle"),
        (Fault::FailsWhenTold, "nothing has been read"),
        (Fault::ReadsFromWhereItIsTold, "told what is saved"),
        (
            Fault::LeavesOutTheInvoice,
            "read without texts: record 0 differs",
        ),
        (
            Fault::ChangesNumbersWithoutText,
            "read without texts: record 0 differs",
        ),
        (Fault::JumpsBack, "a jump of partition 0 back from 9 to 3"),
    ] {
        let said = said(fault).unwrap_or_default();
        assert!(said.contains(found), "{fault:?}: {said}");
    }
}

#[test]
#[should_panic(expected = "at least three records, got 2")]
fn a_stream_that_is_too_short_to_show_anything_is_refused() {
    source_contract(Seeks::Anywhere, || MemorySource::new(transactions(7, 2)));
}
