use crate::record::Transaction;
use crate::source::{Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId};

/// What a [`Script`] does next.
pub(super) enum Step {
    /// Gives the next record, or says that there are no more.
    Go,
    /// Has nothing to give at the moment.
    Idle,
    /// Fails.
    Fail,
}

type Before = dyn FnMut(usize) -> Step + Send;

/// Sales, each of which is given when the test says so.
pub(super) struct Script {
    name: &'static str,
    sales: Vec<Transaction>,
    next: usize,
    before: Box<Before>,
    idle: u32,
}

impl Script {
    /// After this many turns without a record, 10 ms each, the engine will not stop any more. The test
    /// then fails instead of hanging.
    const PATIENCE: u32 = 6_000;

    /// `before` is asked before each record, by its offset, and before the end.
    pub(super) fn new(
        sales: Vec<Transaction>,
        before: impl FnMut(usize) -> Step + Send + 'static,
    ) -> Self {
        Self {
            name: "script",
            sales,
            next: 0,
            before: Box::new(before),
            idle: 0,
        }
    }

    pub(super) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

impl Source for Script {
    fn id(&self) -> SourceId {
        SourceId([("name".to_owned(), self.name.to_owned())].into())
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.next = position.next_offset(0) as usize;
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            match (self.before)(self.next) {
                Step::Go => {}
                Step::Idle => {
                    self.idle += 1;
                    assert!(self.idle < Self::PATIENCE, "the engine does not stop");
                    return Ok(ReadStatus::Idle);
                }
                Step::Fail => {
                    return Err(SourceError::Adapter {
                        source: "the line is dead".into(),
                        retryable: false,
                    });
                }
            }
            let Some(sale) = self.sales.get(self.next) else {
                return Ok(ReadStatus::End);
            };
            let origin = Origin {
                partition: 0,
                part: 0,
                offset: self.next as u64,
                line: None,
            };
            self.next += 1;
            if sink.push(origin, &Ok(sale.as_ref())).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.next as u64,
            total: None,
            unit: "records",
        }
    }
}
