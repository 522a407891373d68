use std::ops::ControlFlow;

use super::Origin;
use crate::clean::RejectReason;
use crate::record::TransactionRef;

/// A record on its way from a source to a sink, or the reason why it cannot be read.
pub type Incoming<'a> = Result<TransactionRef<'a>, RejectReason>;

/// A sink's decision about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The record is kept.
    Kept,
    /// The record is dropped, for this reason.
    Rejected(&'a RejectReason),
}

impl<'a> Verdict<'a> {
    /// The verdict of a sink without rules of its own: every record that can be read is kept.
    #[must_use]
    pub fn of(record: &'a Incoming<'_>) -> Self {
        match record {
            Ok(_) => Self::Kept,
            Err(reason) => Self::Rejected(reason),
        }
    }

    /// The reason, if the record was dropped.
    #[must_use]
    pub const fn rejected(self) -> Option<&'a RejectReason> {
        match self {
            Self::Kept => None,
            Self::Rejected(reason) => Some(reason),
        }
    }
}

/// A sink's answer to a record.
///
/// It borrows the reason from the sink or from the record, so an answer costs no allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Pushed<'a> {
    /// Whether the record is kept.
    pub verdict: Verdict<'a>,
    /// Whether to go on. After `Break` the source returns; this record has been taken all the same.
    pub flow: ControlFlow<()>,
}

/// Takes the records that a source pushes.
///
/// A closure that returns whether to go on is a sink, too. It keeps every record that can be read.
pub trait Sink {
    /// Takes one record, decides whether to keep it, and says whether to go on.
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a>;

    /// Announces that the next record of `partition` is the one at `offset`, because others have
    /// read, or will read, the records before it. No record has to follow.
    fn jump(&mut self, partition: u32, offset: u64) {
        let _ = (partition, offset);
    }

    /// Asks the sink to save all records pushed so far without waiting for more.
    fn flush(&mut self) {}

    /// Whether the sink uses the texts of records; by default it does. Otherwise a source need not
    /// read them. It may leave all texts empty except the invoice, which cleaning looks at.
    fn wants_text(&self) -> bool {
        true
    }
}

impl<F: FnMut(Origin, &Incoming<'_>) -> ControlFlow<()>> Sink for F {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        let flow = self(origin, record);
        Pushed {
            verdict: Verdict::of(record),
            flow,
        }
    }
}
