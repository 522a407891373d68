use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Message as _, OwnedHeaders};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_core::clean::RejectReason;

use crate::context::Context;
use crate::look::{header, looker};
use crate::message::Message;
use crate::notes::Seen;
use crate::settings::PATIENCE;
use crate::writer::{self, Writer};
use crate::{KafkaError, Settings, ensure_topic, topic};

/// Headers of a dead letter.
pub(crate) const REASON: &str = "retail.reason";
pub(crate) const DETAIL: &str = "retail.detail";
pub(crate) const TOPIC: &str = "retail.origin.topic";
pub(crate) const PARTITION: &str = "retail.origin.partition";
pub(crate) const OFFSET: &str = "retail.origin.offset";

/// Where records go that cannot be used: to the partition of the same number, with their bytes as
/// they were, so that the last letter of a partition says which are there already.
pub(crate) struct DeadLetters {
    writer: Writer,
    settings: Settings,
}

impl DeadLetters {
    /// Opens the topic of dead letters, and creates it if it is missing. It must have as many
    /// partitions as the stream.
    pub(crate) fn open(settings: &Settings, partitions: u32) -> Result<Self, KafkaError> {
        let topic = &settings.dead_letters;
        let got = ensure_topic(settings, topic, partitions)?;
        if got < partitions {
            return Err(KafkaError::Partitions {
                topic: topic.clone(),
                got: got as usize,
                needed: partitions as usize,
            });
        }
        Ok(Self {
            writer: Writer::open(settings, topic)?,
            settings: settings.clone(),
        })
    }

    /// Writes a letter; it has been delivered once [`DeadLetters::flush`] returns.
    pub(crate) fn write(
        &mut self,
        record: Message<'_>,
        reason: &RejectReason,
    ) -> Result<(), KafkaError> {
        let detail = reason.to_string();
        let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
        let mut headers = OwnedHeaders::new_with_capacity(5);
        for (key, value) in [
            (REASON, reason.key()),
            (DETAIL, detail.as_str()),
            (TOPIC, self.settings.topic.as_str()),
            (PARTITION, partition.as_str()),
            (OFFSET, offset.as_str()),
        ] {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        self.writer.write(writer::Message {
            partition: Some(record.partition),
            key: None,
            value: record.value,
            headers: Some(headers),
        })
    }

    pub(crate) fn look(&self) -> Result<(), KafkaError> {
        self.writer.look()
    }

    pub(crate) fn flush(&self) -> Result<(), KafkaError> {
        self.writer.flush()
    }

    /// The record of the stream that the newest letter of a partition holds: the letters of those
    /// before it have been written. `None` if there is none.
    pub(crate) fn newest(&self, partition: u32) -> Result<Option<Seen>, KafkaError> {
        let topic = &self.settings.dead_letters;
        let consumer = looker(&self.settings)?;
        let (low, high) = topic::ends(&consumer, topic, partition)
            .map_err(KafkaError::client("look for dead letters"))?;
        // The newest offset may hold no letter, because others may write to the topic.
        let mut from = high;
        while from > low {
            from = (high - (high - from + 1) * 8).max(low);
            let found = self.last_from(&consumer, partition, from, high)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The last record of the stream that one of the letters `from..high` of a partition holds.
    fn last_from(
        &self,
        consumer: &BaseConsumer<Context>,
        partition: u32,
        from: i64,
        high: i64,
    ) -> Result<Option<Seen>, KafkaError> {
        let mut list = TopicPartitionList::new();
        let topic = &self.settings.dead_letters;
        list.add_partition_offset(topic, partition as i32, Offset::Offset(from))
            .and_then(|()| consumer.assign(&list))
            .map_err(KafkaError::client("read dead letters"))?;
        let mut found: Option<Seen> = None;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match consumer.poll(Duration::from_millis(100)) {
                None => {}
                Some(Ok(letter)) => {
                    let seen = held(&letter, &self.settings.topic, partition);
                    let later = |seen: &Seen| found.is_none_or(|found| found.offset < seen.offset);
                    found = seen.filter(later).or(found);
                    if letter.offset() + 1 >= high {
                        return Ok(found);
                    }
                }
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(found),
                Some(Err(cause)) => return Err(KafkaError::client("read dead letters")(cause)),
            }
        }
        let slow = ClientError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        Err(KafkaError::client("read dead letters")(slow))
    }
}

/// The record that a letter holds, if it is one of this partition of the topic.
fn held(letter: &BorrowedMessage<'_>, topic: &str, partition: u32) -> Option<Seen> {
    let text = |key: &str| std::str::from_utf8(header(letter, key)?).ok();
    let here = text(TOPIC)? == topic && text(PARTITION)?.parse() == Ok(partition);
    let offset = text(OFFSET)?.parse().ok()?;
    let crc32 = crc32fast::hash(letter.payload().unwrap_or_default());
    here.then_some(Seen { offset, crc32 })
}
