use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use crate::clean::RejectReason;
use crate::record::Transaction;
use crate::source::{
    Incoming, Mark, Origin, Position, Progress, Pushed, ReadStatus, Sink, Source, SourceError,
    SourceId, Verdict,
};
use crate::testing::owned;

/// The offset that is due next, and part and line of the last record.
type Last = (u64, Option<(u32, u64)>);

/// How often in a row a source may have nothing, and how long to wait each time.
const MOST_IDLE: u32 = 300;
const IDLE: Duration = Duration::from_millis(10);

/// A record that a source has pushed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    pub(super) origin: Origin,
    pub(super) record: Result<Transaction, RejectReason>,
}

/// A source while it is read, and what it has shown of itself so far.
pub(super) struct Reading<S> {
    source: S,
    place: String,
    texts: bool,
    id: SourceId,
    progress: Progress,
    /// The place of the last record of each partition, and the offset that the next one needs.
    last: BTreeMap<u32, Last>,
}

impl<S: Source> Reading<S> {
    pub(super) fn new(source: S, place: &str) -> Self {
        Self {
            place: place.to_owned(),
            texts: true,
            id: source.id(),
            progress: source.progress(),
            last: BTreeMap::new(),
            source,
        }
    }

    /// From now on the sink wants no texts.
    pub(super) fn without_text(mut self) -> Self {
        self.texts = false;
        self
    }

    pub(super) fn seek(&mut self, position: &Position, place: &str) {
        place.clone_into(&mut self.place);
        if let Err(error) = self.source.seek(position) {
            panic!("{place}: {error}");
        }
        self.progress = self.source.progress();
        self.last.clear();
    }

    pub(super) fn tell(&mut self, saved: &Position) {
        if let Err(error) = self.source.saved(saved) {
            panic!("{}: told that {saved:?} is saved: {error}", self.place);
        }
    }

    pub(super) fn mark(&mut self, position: &Position) -> Option<Mark> {
        match self.source.mark(position) {
            Ok(mark) => mark,
            Err(error) => panic!("{}: cannot mark {position:?}: {error}", self.place),
        }
    }

    /// All records to the end. The sink asks to stop after those of which `stop`, given the number
    /// of records before, says so.
    pub(super) fn read_to_end(&mut self, mut stop: impl FnMut(usize) -> bool) -> Vec<Taken> {
        let mut all = Vec::new();
        while let Some(more) = self.until(&mut stop) {
            all.extend(more);
        }
        all
    }

    /// The records up to the next one after which the sink asks to stop; what is left if it does
    /// not; `None` if nothing is.
    pub(super) fn until(&mut self, mut stop: impl FnMut(usize) -> bool) -> Option<Vec<Taken>> {
        let mut taken = Vec::new();
        let mut idle = 0;
        loop {
            let before = taken.len();
            let (read, stopped) = self.read(&mut taken, &mut stop);
            let place = &self.place;
            let status = read.unwrap_or_else(|error| panic!("{place}: {error}"));
            if stopped {
                assert_eq!(
                    status,
                    ReadStatus::Paused,
                    "{place}: the status after the sink asked to stop"
                );
                return Some(taken);
            }
            match status {
                ReadStatus::End => return (!taken.is_empty()).then_some(taken),
                ReadStatus::Idle if taken.len() == before => {
                    idle += 1;
                    assert!(idle < MOST_IDLE, "{place}: the source stays idle");
                    thread::sleep(IDLE);
                }
                ReadStatus::Idle | ReadStatus::Paused => idle = 0,
            }
        }
    }

    /// Whether the source fails, and does not end.
    pub(super) fn fails_before_end(&mut self) -> bool {
        let mut taken = Vec::new();
        for _ in 0..MOST_IDLE {
            match self.read(&mut taken, &mut |_| false).0 {
                Err(_) => return true,
                Ok(ReadStatus::End) => return false,
                Ok(_) => thread::sleep(IDLE),
            }
        }
        false
    }

    /// Checks that the source, once at its end, stays there.
    pub(super) fn stays_at_end(&mut self) {
        let mut taken = Vec::new();
        let (read, _) = self.read(&mut taken, &mut |_| false);
        let place = &self.place;
        let status = read.unwrap_or_else(|error| panic!("{place}: read at the end: {error}"));
        assert!(
            taken.is_empty() && status == ReadStatus::End,
            "{place}: the end is not final: {status:?} and {} records after it",
            taken.len()
        );
    }

    /// Reads once; also whether the sink asked to stop.
    fn read(
        &mut self,
        taken: &mut Vec<Taken>,
        stop: &mut dyn FnMut(usize) -> bool,
    ) -> (Result<ReadStatus, SourceError>, bool) {
        let mut recorder = Recorder {
            taken,
            last: &mut self.last,
            stop,
            stopped: false,
            texts: self.texts,
            place: &self.place,
        };
        let status = self.source.read(&mut recorder);
        let stopped = recorder.stopped;
        let (was, is) = (self.progress, self.source.progress());
        let place = &self.place;
        assert!(
            is.done >= was.done && is.unit == was.unit,
            "{place}: progress went back from {was:?} to {is:?}"
        );
        assert!(
            is.total.is_none_or(|total| is.done <= total),
            "{place}: more progress than there is in all: {is:?}"
        );
        self.progress = is;
        assert_eq!(self.source.id(), self.id, "{place}: the id has changed");
        (status, stopped)
    }
}

/// A sink that keeps what it is given and checks where it stood.
struct Recorder<'a> {
    taken: &'a mut Vec<Taken>,
    last: &'a mut BTreeMap<u32, Last>,
    stop: &'a mut dyn FnMut(usize) -> bool,
    stopped: bool,
    texts: bool,
    place: &'a str,
}

impl Sink for Recorder<'_> {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        let place = self.place;
        assert!(
            !self.stopped,
            "{place}: {origin:?} was pushed after the sink had asked to stop"
        );
        let Origin {
            partition,
            part,
            offset,
            line,
        } = origin;
        let line = line.map(|line| (part, line));
        if let Some((next, last_line)) = self.last.insert(partition, (offset + 1, line)) {
            assert!(
                offset >= next && (line.is_none() || line > last_line),
                "{place}: {origin:?} comes after offset {next} of its partition was due"
            );
        }
        let record_taken = Taken {
            origin,
            record: owned(record),
        };
        self.stopped = (self.stop)(self.taken.len());
        self.taken.push(record_taken);
        Pushed {
            verdict: Verdict::of(record),
            flow: if self.stopped {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            },
        }
    }

    fn jump(&mut self, partition: u32, offset: u64) {
        let (next, _) = self.last.get(&partition).copied().unwrap_or((0, None));
        assert!(
            offset >= next,
            "{}: a jump of partition {partition} back from {next} to {offset}",
            self.place
        );
        let line = self.last.get(&partition).and_then(|&(_, line)| line);
        self.last.insert(partition, (offset, line));
    }

    fn wants_text(&self) -> bool {
        self.texts
    }
}
