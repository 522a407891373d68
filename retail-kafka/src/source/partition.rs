use std::ops::ControlFlow;

use retail_core::clean::RejectReason;
use retail_core::fail_point;
use retail_core::source::{JsonDecoder, Origin, Pushed, Sink};
use retail_core::time::Timestamp;

use super::dates::TopicDates;
use crate::KafkaError;
use crate::dead_letters::DeadLetters;
use crate::message::Message;
use crate::metrics::Tally;
use crate::missing::Missing;
use crate::notes::Seen;
use crate::start::Start;

/// A partition being read.
#[derive(Debug)]
pub(super) struct Partition {
    /// The offset of the next record to give.
    pub(super) next: u64,
    /// The offset of the next record that may have to be written as a dead letter. After a crash it
    /// may differ from `next`.
    next_letter: u64,
    /// The rejected records before `next` that may have no dead letter yet.
    missing: Option<Missing>,
    /// Where it ended when the run began, or when it was taken over.
    end: u64,
    /// The offset at which the broker has said that there is nothing more for now.
    pub(super) no_more: Option<u64>,
    /// The same, once all before it is saved. It may be behind the last record: offsets also go to the
    /// marks of transactions, and to records that have been removed.
    passed: u64,
    /// The offset behind the last record that was kept.
    kept: u64,
    /// Offset up to which the group knows.
    pub(super) committed: u64,
    /// The offset at which this consumer took it over from another one, or from nobody.
    pub(super) first: u64,
    /// The offset at which reading began this time.
    pub(super) begun: u64,
    /// Offsets and checksums of records that are given but not saved. Those of the last record before
    /// each possible end of a batch are among them.
    given: Vec<(u64, u32)>,
}

/// Where the records of a partition go.
pub(super) struct To<'a> {
    pub(super) decoder: &'a mut JsonDecoder,
    pub(super) dates: &'a mut TopicDates,
    pub(super) letters: Option<&'a mut DeadLetters>,
    pub(super) tally: &'a mut Tally,
    pub(super) sink: &'a mut dyn Sink,
}

impl Partition {
    /// A partition that is read from `start`, and at least up to `end`.
    pub(super) fn new(start: &Start, end: u64, missing: Option<Missing>) -> Self {
        Self {
            next: start.next,
            next_letter: start.letters,
            missing,
            end,
            no_more: None,
            passed: 0,
            kept: 0,
            committed: start.committed,
            first: start.first,
            begun: start.next,
            given: Vec::new(),
        }
    }

    /// Whether records were given that are not saved, and whether any of them was kept.
    pub(super) fn unsaved(&self, saved: u64) -> (bool, bool) {
        (saved < self.next, saved < self.kept)
    }

    /// The offset up to which the group may be told if this is saved.
    pub(super) fn upto(&self, saved: u64) -> u64 {
        saved.max(self.passed)
    }

    /// Takes note that all is saved before the end that the broker has named, if that is so.
    pub(super) fn pass_the_end(&mut self, drained: bool, saved: u64) {
        if let Some(end) = self.no_more.filter(|_| drained && saved >= self.next) {
            self.passed = self.passed.max(end);
        }
    }

    /// Whether all records up to its end have been given, and their dead letters written.
    pub(super) fn has_ended(&self) -> bool {
        self.next.min(self.next_letter) >= self.end
    }

    /// Gives one record, and writes it as a dead letter if it is rejected. Returns its stream time,
    /// which is not before `passed` if the record names none.
    pub(super) fn give(
        &mut self,
        message: Message<'_>,
        passed: Timestamp,
        to: To<'_>,
    ) -> Result<(ControlFlow<()>, Timestamp), KafkaError> {
        let Message { offset, value, .. } = message;
        if offset < self.next {
            self.make_up(message, to.letters)?;
            return Ok((ControlFlow::Continue(()), message.time()));
        }
        let record = to.decoder.decode(value, passed.max(message.written));
        let time = match &record {
            Ok(row) => row.timestamp,
            Err(reason) => {
                to.dates.rejected(message.partition, offset, reason)?;
                message.time()
            }
        };
        self.next = offset + 1;
        let origin = Origin {
            partition: message.partition,
            part: 0,
            offset,
            line: None,
        };
        let Pushed { verdict, flow } = to.sink.push(origin, &record);
        to.tally.count(value.len(), verdict.rejected());
        if verdict.rejected().is_none() {
            self.kept = offset + 1;
        }
        // A batch may end here, and only here.
        if flow.is_break() || self.given.is_empty() {
            self.given.push((offset, crc32fast::hash(value)));
        }
        self.write_letter(message, verdict.rejected(), to.letters)?;
        while let Some(sign) = to.decoder.take_sign() {
            to.dates.note(message.partition, offset, sign)?;
        }
        Ok((flow, time))
    }

    /// Writes the dead letter of a record that was saved as rejected before a crash.
    fn make_up(
        &mut self,
        message: Message<'_>,
        letters: Option<&mut DeadLetters>,
    ) -> Result<(), KafkaError> {
        let reason = match &mut self.missing {
            Some(missing) => missing.reason(message.offset)?,
            None => None,
        };
        self.write_letter(message, reason.as_ref(), letters)
    }

    /// Writes a rejected record as a dead letter unless it is there from before a crash.
    fn write_letter(
        &mut self,
        message: Message<'_>,
        rejected: Option<&RejectReason>,
        letters: Option<&mut DeadLetters>,
    ) -> Result<(), KafkaError> {
        if message.offset < self.next_letter {
            return Ok(());
        }
        self.next_letter = message.offset + 1;
        if let (Some(reason), Some(letters)) = (rejected, letters) {
            letters.write(message, reason)?;
            fail_point::pass("dead letter written");
        }
        Ok(())
    }

    /// The last record before `saved` that can be recognised, if it was not returned before.
    pub(super) fn seen(&mut self, saved: u64) -> Option<Seen> {
        let upto = self.given.partition_point(|&(offset, _)| offset < saved);
        let (offset, crc32) = self.given.drain(..upto).next_back()?;
        Some(Seen { offset, crc32 })
    }
}
