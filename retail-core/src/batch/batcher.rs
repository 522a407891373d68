use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::BatchLimits;
use crate::clean::{self, RejectCounts, RejectReason, Rejection, UnknownCustomers};
use crate::record::{TransactionRef, Transactions};
use crate::source::{Incoming, Mark, Origin, Position, Pushed, Sink, Verdict};
use crate::time::Timestamp;

/// Why a batch was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// It had as many rows as a batch may have, or as many rejected records.
    Count,
    /// A record, or the clock, reached the age that a batch may have.
    Age,
    /// The source was exhausted.
    End,
    /// The engine was asked to stop.
    Stop,
    /// The source gave a partition away, or took one over.
    Handover,
}

impl CloseReason {
    /// The word used in the manifest, for example `count`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Age => "age",
            Self::End => "end",
            Self::Stop => "stop",
            Self::Handover => "handover",
        }
    }
}

/// Consecutive records of a stream: the kept rows, the rejected ones, and where they stood.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The kept rows, in stream order.
    pub rows: Transactions,
    /// The rejected records, in stream order.
    pub rejections: Vec<Rejection>,
    /// The rejected records, counted by reason.
    pub rejected: RejectCounts,
    /// Source positions before the batch.
    pub from: Position,
    /// Source positions after the batch.
    pub to: Position,
    /// What the source read up to there. The engine asks the source for it.
    pub mark: Option<Mark>,
    /// Whether the source went elsewhere before this batch.
    pub jumped: bool,
    /// Stream times of its first readable record and of its latest one, kept or not.
    pub stream_time: Option<[Timestamp; 2]>,
    /// Why it was closed.
    pub closed_by: CloseReason,
}

impl Batch {
    /// Records of the source in this batch: kept plus rejected.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.rows.len() as u64 + self.rejected.total()
    }
}

/// Cleans records and cuts them into batches.
///
/// A batch is closed *after* the record that fills it, and *before* the record whose stream time
/// reaches its age: both intervals are half-open.
#[derive(Debug)]
pub struct Batcher {
    limits: BatchLimits,
    open: Open,
    closed: VecDeque<Batch>,
    position: Position,
    latest: Option<Timestamp>,
    texts: bool,
    unknown: UnknownCustomers,
    taken: u64,
}

/// The batch that is being filled.
#[derive(Debug, Default)]
struct Open {
    rows: Transactions,
    rejections: Vec<Rejection>,
    rejected: RejectCounts,
    from: Position,
    jumped: bool,
    closes_at: Option<Timestamp>,
    stream_time: Option<[Timestamp; 2]>,
}

impl Batcher {
    /// A batcher that starts at `position` of the source.
    #[must_use]
    pub fn new(limits: BatchLimits, position: Position) -> Self {
        Self {
            limits,
            open: Open {
                from: position.clone(),
                ..Open::default()
            },
            closed: VecDeque::new(),
            position,
            latest: None,
            texts: true,
            unknown: UnknownCustomers::default(),
            taken: 0,
        }
    }

    /// Drops the records of these customers as those of nobody.
    #[must_use]
    pub fn unknown_customers(mut self, unknown: UnknownCustomers) -> Self {
        self.unknown = unknown;
        self
    }

    /// Leaves the texts of all rows empty, for when nobody reads them. The same rows are kept.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        self.texts = false;
        self
    }

    /// Takes the oldest batch that has been closed.
    pub fn take_closed(&mut self) -> Option<Batch> {
        self.closed.pop_front()
    }

    /// Source positions after all records taken so far, open batch included.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The latest stream time seen.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// The latest stream time of the records in the open batch, kept or not.
    #[must_use]
    pub fn open_latest(&self) -> Option<Timestamp> {
        self.open.stream_time.map(|[_, latest]| latest)
    }

    /// Records taken so far, kept or not.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Rows in the open batch.
    #[must_use]
    pub fn open_rows(&self) -> usize {
        self.open.rows.len()
    }

    /// Says that stream time has come to `now` without a record: closes the open batch if it is old
    /// enough.
    pub fn advance(&mut self, now: Timestamp) {
        self.latest = self.latest.max(Some(now));
        if self.open.closes_at.is_some_and(|end| now >= end) {
            self.close(CloseReason::Age);
        }
    }

    /// Closes the open batch if it has taken any record.
    pub fn flush(&mut self, reason: CloseReason) {
        if !self.open.rows.is_empty() || !self.open.rejections.is_empty() {
            self.close(reason);
        }
    }

    fn close(&mut self, closed_by: CloseReason) {
        // The next batch is likely to be as large as this one.
        let next = Open {
            rows: Transactions::with_room_for(&self.open.rows),
            rejections: Vec::with_capacity(self.open.rejections.len()),
            from: self.position.clone(),
            ..Open::default()
        };
        let open = std::mem::replace(&mut self.open, next);
        self.closed.push_back(Batch {
            rows: open.rows,
            rejections: open.rejections,
            rejected: open.rejected,
            from: open.from,
            to: self.position.clone(),
            mark: None,
            jumped: open.jumped,
            stream_time: open.stream_time,
            closed_by,
        });
    }

    /// Checks a record, and closes the open batch before it if that is old enough.
    fn check(&mut self, row: &TransactionRef<'_>) -> Result<(), RejectReason> {
        // Values beyond what text can say are no more read than text that says nothing: the manifest
        // could not hold their times either.
        clean::check_values(row)?;
        self.advance(row.timestamp);
        let [first, latest] = self.open.stream_time.unwrap_or([row.timestamp; 2]);
        self.open.stream_time = Some([first, latest.max(row.timestamp)]);
        clean::check_sale(row, &self.unknown)
    }

    fn keep(&mut self, row: &TransactionRef<'_>) {
        if self.open.rows.is_empty() {
            self.open.closes_at = Some(row.timestamp.saturating_add(self.limits.age()));
        }
        if self.texts {
            self.open.rows.push(row);
        } else {
            self.open.rows.push(&TransactionRef {
                invoice: "",
                stock_code: "",
                description: "",
                country: "",
                ..*row
            });
        }
    }

    fn reject(&mut self, origin: &Origin, reason: RejectReason) {
        self.open.rejected.add(&reason);
        self.open.rejections.push(Rejection {
            part: origin.part,
            partition: origin.partition,
            offset: origin.offset,
            line: origin.line,
            reason,
        });
    }

    /// The reason of the record that was rejected last, whose batch may be closed by now.
    fn last_rejected(&self) -> Option<&RejectReason> {
        let newest = self.closed.back().map(|batch| &batch.rejections);
        let open = self.open.rejections.last();
        let last = open.or_else(|| newest?.last());
        last.map(|rejection| &rejection.reason)
    }
}

impl Sink for Batcher {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        self.taken += 1;
        let checked = match record {
            Ok(row) => self.check(row).map(|()| self.keep(row)),
            Err(reason) => Err(self.unknown.reason(reason)),
        };
        let kept = checked.is_ok();
        if let Err(reason) = checked {
            self.reject(&origin, reason);
        }
        self.position.advance(&origin);
        if self.open.rows.len() >= self.limits.rows()
            || self.open.rejections.len() >= BatchLimits::MAX_REJECTED
        {
            self.close(CloseReason::Count);
        }
        let flow = if self.closed.is_empty() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        };
        let rejected = if kept { None } else { self.last_rejected() };
        let verdict = rejected.map_or(Verdict::Kept, Verdict::Rejected);
        Pushed { verdict, flow }
    }

    /// Batches have no gaps: what lies before the jump is a batch of its own.
    fn jump(&mut self, partition: u32, offset: u64) {
        if self.position.next_offset(partition) != offset {
            self.flush(CloseReason::Handover);
            self.position.set(partition, offset);
            self.open.from = self.position.clone();
            self.open.jumped = true;
        }
    }

    fn flush(&mut self) {
        Self::flush(self, CloseReason::Handover);
    }

    fn wants_text(&self) -> bool {
        self.texts
    }
}
