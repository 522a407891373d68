use retail_core::source::JsonDecoder;
use retail_core::time::Timestamp;

use crate::merge::Queued;

/// A message of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    /// When it was written, as it says itself; the epoch if it does not say.
    pub(crate) written: Timestamp,
    /// The value; empty if there is none.
    pub(crate) value: &'a [u8],
}

impl Message<'_> {
    /// Its stream time: as the value says, or else when it was written.
    pub(crate) fn time(&self) -> Timestamp {
        JsonDecoder::stream_time(self.value).unwrap_or(self.written)
    }
}

/// A message that waits.
#[derive(Debug)]
pub(crate) struct Held {
    partition: u32,
    offset: u64,
    written: Timestamp,
    value: Box<[u8]>,
}

impl Held {
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            partition: self.partition,
            offset: self.offset,
            written: self.written,
            value: &self.value,
        }
    }
}

impl From<Message<'_>> for Held {
    fn from(message: Message<'_>) -> Self {
        Self {
            partition: message.partition,
            offset: message.offset,
            written: message.written,
            value: message.value.into(),
        }
    }
}

impl Queued for Held {
    fn size(&self) -> usize {
        self.value.len()
    }

    fn time(&self) -> Timestamp {
        self.message().time()
    }
}
