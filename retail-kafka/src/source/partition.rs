use std::ops::ControlFlow;

use retail_core::clean;
use retail_core::source::{JsonDecoder, Origin, Sink};
use retail_core::time::Timestamp;

use crate::dead_letters::DeadLetters;
use crate::merge::Due;
use crate::notes::Seen;
use crate::start::Start;
use crate::{KafkaError, Metrics};

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
    pub(super) metrics: &'a Metrics,
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

    /// Gives one record, and writes it as a dead letter where it cannot be used.
    pub(super) fn give(
        &mut self,
        due: &Due<'_>,
        to: To<'_>,
    ) -> Result<ControlFlow<()>, KafkaError> {
        let record = to.decoder.decode(due.value, due.time);
        let checked = match &record {
            Ok(row) => clean::check(row).err(),
            Err(reason) => Some(reason.clone()),
        };
        if due.offset >= self.next_letter {
            self.next_letter = due.offset + 1;
            if let (Some(reason), Some(letters)) = (&checked, to.letters) {
                letters.write(due, reason)?;
            }
        }
        // After a crash, read again for its dead letter alone.
        if due.offset < self.next {
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(reason) = &checked {
            to.metrics.count_dead_letter(reason.key());
        }
        to.metrics.count_messages(1, due.value.len() as u64);
        self.next = due.offset + 1;
        let origin = Origin {
            partition: due.partition,
            offset: due.offset,
            line: None,
        };
        let flow = to.sink.push(origin, record);
        // A batch may end here, and only here.
        if flow.is_break() || self.given.is_empty() {
            self.given.push((due.offset, crc32fast::hash(due.value)));
        }
        Ok(flow)
    }

    /// The last record before `saved` that can be recognised, unless it was returned before.
    pub(super) fn seen(&mut self, saved: u64) -> Option<Seen> {
        let upto = self.given.partition_point(|&(offset, _)| offset < saved);
        let (offset, crc32) = self.given.drain(..upto).next_back()?;
        Some(Seen { offset, crc32 })
    }
}

/// The stream time of a message: as its value says, or else as the message itself says.
pub(super) fn stream_time(value: &[u8], of_message: Option<i64>) -> Timestamp {
    JsonDecoder::stream_time(value).unwrap_or_else(|| {
        let millis = of_message.unwrap_or_default();
        Timestamp::from_micros(millis.saturating_mul(1_000))
    })
}
