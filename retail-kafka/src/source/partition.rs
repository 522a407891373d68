use std::ops::ControlFlow;

use retail_core::clean;
use retail_core::fail_point;
use retail_core::source::{JsonDecoder, Origin, Sink};
use retail_core::time::Timestamp;

use crate::KafkaError;
use crate::dead_letters::DeadLetters;
use crate::message::Message;
use crate::metrics::Tally;
use crate::notes::Seen;
use crate::start::Start;

/// A partition being read.
#[derive(Debug)]
pub(super) struct Partition {
    /// The offset of the next record to give.
    pub(super) next: u64,
    /// The offset of the next record that may have to be written as a dead letter; not the same as
    /// `next` after a crash.
    next_letter: u64,
    /// Where it ended when it was taken over.
    end: u64,
    /// Offset up to which the group knows.
    pub(super) committed: u64,
    /// The offset at which this consumer took it over from another one, or from nobody.
    pub(super) first: u64,
    /// The offset at which reading began this time.
    pub(super) begun: u64,
    /// Checksums of records that are given but not saved: of the last one before each possible end
    /// of a batch there is one here.
    given: Vec<(u64, u32)>,
}

/// Where the records of a partition go.
pub(super) struct To<'a> {
    pub(super) decoder: &'a mut JsonDecoder,
    pub(super) letters: Option<&'a mut DeadLetters>,
    pub(super) tally: &'a mut Tally,
    pub(super) sink: &'a mut dyn Sink,
}

impl Partition {
    pub(super) fn new(start: &Start) -> Self {
        Self {
            next: start.next,
            next_letter: start.letters,
            end: start.end,
            committed: start.committed,
            first: start.first,
            begun: start.next,
            given: Vec::new(),
        }
    }

    /// Whether everything has been given that there was when it was taken over, dead letters too.
    pub(super) fn has_ended(&self) -> bool {
        self.next.min(self.next_letter) >= self.end
    }

    /// Gives one record, and writes it as a dead letter where it cannot be used. Its stream time,
    /// which comes back, is not before `passed` where the record names none.
    pub(super) fn give(
        &mut self,
        message: Message<'_>,
        passed: Timestamp,
        to: To<'_>,
    ) -> Result<(ControlFlow<()>, Timestamp), KafkaError> {
        let Message { offset, value, .. } = message;
        let record = to.decoder.decode(value, passed.max(message.written));
        let time = match &record {
            Ok(row) => row.timestamp,
            Err(_) => message.time(),
        };
        let checked = match &record {
            Ok(row) => clean::check(row).err(),
            Err(reason) => Some(reason.clone()),
        };
        if offset >= self.next_letter {
            self.next_letter = offset + 1;
            if let (Some(reason), Some(letters)) = (&checked, to.letters) {
                letters.write(message, reason)?;
                fail_point::pass("dead letter written");
            }
        }
        // After a crash, read again for its dead letter alone.
        if offset < self.next {
            return Ok((ControlFlow::Continue(()), time));
        }
        to.tally.count(value.len(), checked.as_ref());
        self.next = offset + 1;
        let origin = Origin {
            partition: message.partition,
            offset,
            line: None,
        };
        // What has been found out is not looked for again.
        let flow = match checked {
            Some(reason) => to.sink.push(origin, Err(reason)),
            None => to.sink.push(origin, record),
        };
        // A batch may end here, and only here.
        if flow.is_break() || self.given.is_empty() {
            self.given.push((offset, crc32fast::hash(value)));
        }
        Ok((flow, time))
    }

    /// The last record before `saved` that can be recognised, unless it was returned before.
    pub(super) fn seen(&mut self, saved: u64) -> Option<Seen> {
        let upto = self.given.partition_point(|&(offset, _)| offset < saved);
        let (offset, crc32) = self.given.drain(..upto).next_back()?;
        Some(Seen { offset, crc32 })
    }
}
