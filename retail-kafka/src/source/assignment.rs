//! Which partitions are read, and from where.

use std::time::Instant;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_core::source::Sink;

use super::{KafkaSource, Partition, WAIT};
use crate::group::{Handover, give_up, take_over};
use crate::look::looker;
use crate::missing::Missing;
use crate::notes::Seen;
use crate::settings::{PATIENCE, patiently};
use crate::start::{Known, Owner, Start};
use crate::{KafkaError, TopicChange, topic};

/// Partitions of a topic, as the client has them.
pub(super) fn list(topic: &str, partitions: &[u32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for &partition in partitions {
        list.add_partition(topic, partition as i32);
    }
    list
}

impl KafkaSource {
    /// Does what the group has asked for since the last time, as far as it can be done now.
    pub(super) fn hand_over(&mut self, sink: &mut dyn Sink) -> Result<(), KafkaError> {
        for wanted in self.consumer.context().take_wanted() {
            match wanted {
                Handover::Take(partitions) => {
                    self.taking = Some(partitions.clone());
                    let taken = self.take(&partitions, sink);
                    taken.map_err(|error| self.or_no_topic(error))?;
                    self.taking = None;
                }
                Handover::Give(partitions) => {
                    // Read, but not given: others will read it. The client remembers a pause beyond
                    // the handover, and would never read the partition again if it came back.
                    let mut paused = partitions.clone();
                    paused.retain(|&partition| self.merge.remove(partition));
                    self.resume(&paused)?;
                    self.leaving.get_or_insert_default().extend(partitions);
                    sink.flush();
                }
            }
        }
        // Even if the partitions are lost already: what was given is on its way to the disk, and if
        // they come back, they have to go on behind it.
        let given_up = |leaving: &Vec<u32>| leaving.iter().all(|one| self.is_saved(*one));
        if self.leaving.as_ref().is_some_and(given_up) {
            self.leave()?;
        }
        Ok(())
    }

    /// Says that the topic is gone, if that is why the broker refused.
    fn or_no_topic(&self, error: KafkaError) -> KafkaError {
        match &error {
            KafkaError::Client { source, .. }
                if source.code() == Some(RDKafkaErrorCode::UnknownTopicOrPartition) =>
            {
                KafkaError::NoTopic {
                    topic: self.settings.topic.clone(),
                    brokers: self.settings.brokers.clone(),
                }
            }
            _ => error,
        }
    }

    /// Whether all that was given of a partition has been saved.
    fn is_saved(&self, partition: u32) -> bool {
        let given = self.partitions.get(&partition).map_or(0, |one| one.next);
        self.saved.next_offset(partition) >= given
    }

    /// Gives up the partitions that the group wants back.
    fn leave(&mut self) -> Result<(), KafkaError> {
        if !self.consumer.assignment_lost() {
            let committed = self.commit_last(false);
            // Others then read again what is saved here; that is found out later, see `start`.
            committed.or_else(|error| match error {
                KafkaError::Client { .. } => {
                    tracing::warn!("giving up partitions: {error}");
                    Ok(())
                }
                other => Err(other),
            })?;
        }
        let leaving = self.leaving.take().unwrap_or_default();
        for partition in &leaving {
            self.partitions.remove(partition);
        }
        give_up(&self.consumer, &self.list(&leaving));
        tracing::info!("gave up partitions {leaving:?} of {}", self.settings.topic);
        Ok(())
    }

    /// Answers what the group has asked for, in any way: until then the consumer cannot be closed.
    pub(super) fn answer_all(&mut self) {
        let context = self.consumer.context();
        let mut wanted = context.take_wanted();
        wanted.extend(self.taking.take().map(Handover::Take));
        wanted.extend(self.leaving.take().map(Handover::Give));
        for wanted in wanted {
            match wanted {
                Handover::Take(partitions) => {
                    if let Err(error) = take_over(&self.consumer, &self.list(&partitions)) {
                        tracing::debug!("taking over partitions: {error}");
                    }
                }
                Handover::Give(partitions) => give_up(&self.consumer, &self.list(&partitions)),
            }
        }
    }

    pub(super) fn list(&self, partitions: &[u32]) -> TopicPartitionList {
        list(&self.settings.topic, partitions)
    }

    /// Takes over partitions, each from where it has been saved to.
    fn take(&mut self, partitions: &[u32], sink: &mut dyn Sink) -> Result<(), KafkaError> {
        let list = self.list(partitions);
        let committed = patiently(|| {
            self.consumer
                .committed_offsets(list.clone(), PATIENCE)
                .map_err(KafkaError::client("ask the group for its offsets"))
        })?;
        let mut from = TopicPartitionList::new();
        for &partition in partitions {
            let (start, missing) = patiently(|| self.start(partition, &committed))?;
            sink.jump(partition, start.next);
            self.saved.set(partition, start.next);
            from.add_partition_offset(
                &self.settings.topic,
                partition as i32,
                Offset::Offset(start.fetch as i64),
            )
            .map_err(KafkaError::client("take over partitions"))?;
            self.queue.route(&self.settings.topic, partition);
            self.merge.add(partition);
            if start.fetch >= start.end {
                self.merge.at_end(partition);
            }
            let waiting = self.waiting.as_ref();
            let held = waiting.and_then(|waiting| waiting.held.get(&partition));
            let end = held.map_or(start.end, |held| held.end);
            let one = Partition::new(&start, end, missing);
            self.partitions.insert(partition, one);
        }
        take_over(&self.consumer, &from).map_err(KafkaError::client("take over partitions"))?;
        self.joined = true;
        self.waits_for_others = false;
        if !partitions.is_empty() {
            tracing::info!("reads partitions {partitions:?} of {}", self.settings.topic);
        }
        Ok(())
    }

    /// Where to begin in a partition, and which rejected records before may have no dead letter.
    fn start(
        &self,
        partition: u32,
        committed: &TopicPartitionList,
    ) -> Result<(Start, Option<Missing>), KafkaError> {
        let topic = &self.settings.topic;
        let (low, high) = topic::ends(&self.consumer, topic, partition)
            .map_err(KafkaError::client("ask for the ends of a partition"))?;
        let by_group = committed
            .find_partition(topic, partition as i32)
            .and_then(|one| match one.offset() {
                Offset::Offset(offset) => {
                    Some((u64::try_from(offset).ok()?, Owner::parse(one.metadata())))
                }
                _ => None,
            });
        let mut saved = self.saved.iter();
        let known = Known {
            topic,
            partition,
            instance: &self.notes.instance,
            saved: saved.find(|(one, _)| *one == partition).map(|(_, at)| at),
            seen: self.notes.partitions.get(&partition).copied(),
            by_group,
            low: low.max(0) as u64,
            high: high.max(0) as u64,
        };
        let mut start = known.start()?;
        if let Some(seen) = known.to_be_recognised(&start)
            && !self.is_there(partition, seen)?
        {
            return Err(KafkaError::Replaced {
                topic: topic.clone(),
                partition,
                change: TopicChange::Other {
                    offset: seen.offset,
                },
            });
        }
        let mut missing = None;
        if let Some(letters) = &self.dead_letters {
            // Letters may be those of an earlier topic of this name.
            let written = match letters.newest(partition)? {
                Some(seen) if seen.offset < known.low => seen.offset + 1,
                Some(seen) if seen.offset < known.high && self.is_there(partition, seen)? => {
                    seen.offset + 1
                }
                _ => 0,
            };
            if let Some(logs) = &self.logs {
                missing = Some(Missing::open(logs, partition, written)?);
            }
            start.with_letters(written, missing.as_ref().and_then(Missing::offset));
        }
        Ok((start, missing))
    }

    /// Whether a record is still the one that was seen, as far as it can be looked at.
    fn is_there(&self, partition: u32, seen: Seen) -> Result<bool, KafkaError> {
        let looker = looker(&self.settings)?;
        let mut list = TopicPartitionList::new();
        let from = Offset::Offset(seen.offset as i64);
        list.add_partition_offset(&self.settings.topic, partition as i32, from)
            .and_then(|()| looker.assign(&list))
            .map_err(KafkaError::client("read a record again"))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match looker.poll(WAIT) {
                None => {}
                Some(Ok(message)) => {
                    let crc32 = crc32fast::hash(message.payload().unwrap_or_default());
                    // Another one if it has been removed, for example by compaction.
                    let other = message.offset() != seen.offset as i64;
                    return Ok(other || crc32 == seen.crc32);
                }
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(true),
                Some(Err(cause)) => return Err(KafkaError::client("read a record again")(cause)),
            }
        }
        let slow = ClientError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        Err(KafkaError::client("read a record again")(slow))
    }
}
