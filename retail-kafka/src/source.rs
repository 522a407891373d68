use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _, Timestamp as MessageTime};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_core::clean;
use retail_core::source::{
    JsonDecoder, Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use retail_core::time::Timestamp;

use crate::dead_letters::DeadLetters;
use crate::group::{Group, Handover, give_up, take_over};
use crate::merge::{Due, Merge};
use crate::notes::{Notes, Seen};
use crate::settings::PATIENCE;
use crate::start::{Known, Start, first_rejected};
use crate::{KafkaError, Metrics, Settings, topic};

/// How long to wait for a message before saying that there is none.
const WAIT: Duration = Duration::from_millis(50);

/// When a [`KafkaSource`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Once each partition has reached the end that it had when it was taken over.
    Caught,
    /// Never.
    Stopped,
}

/// A topic as a source, read as a member of a consumer group.
///
/// Partitions of the topic are partitions of the source. Records of several of them are given in
/// the order of their messages' times, ties by partition; one that has nothing to give is waited for
/// until it has been read to its end, or has been silent for two seconds. So what is read from a
/// topic that does not grow depends on the topic alone, not on how it was fetched.
///
/// Where reading begins: where the saved batches end, also where the group says otherwise; in a
/// partition that another consumer has read meanwhile, where the group says; in one that nobody has
/// read, at its beginning. An engine whose folder has been removed, or that has none, begins where
/// the group says.
///
/// ```no_run
/// use retail_core::engine::{Engine, EngineConfig};
/// use retail_kafka::{KafkaSource, Settings, Until};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = Settings::new("127.0.0.1:9092");
/// let mut source = KafkaSource::open(&settings, Until::Caught, Some("data".as_ref()))?;
/// let mut engine = Engine::builder(EngineConfig::default())?.dir("data").open()?;
/// println!("{} records kept", engine.run(&mut source)?.rows_kept);
/// # Ok(())
/// # }
/// ```
pub struct KafkaSource {
    settings: Settings,
    until: Until,
    logs: Option<PathBuf>,
    consumer: BaseConsumer<Group>,
    cluster: String,
    metrics: Arc<Metrics>,
    notes: Notes,
    dead_letters: Option<DeadLetters>,
    /// Where the saved batches end.
    saved: Position,
    partitions: BTreeMap<u32, Partition>,
    merge: Merge,
    /// Partitions to be given up once what was read of them is saved.
    leaving: Vec<u32>,
    /// Whether there has been an assignment, be it of nothing.
    joined: bool,
    decoder: JsonDecoder,
}

/// A partition being read.
#[derive(Debug)]
struct Partition {
    /// The offset of the next record to give.
    next: u64,
    /// The offset of the next record that may have to be written as a dead letter; behind `next`
    /// after a crash, never otherwise.
    next_letter: u64,
    /// Where it ended when it was taken over.
    end: u64,
    /// Offset up to which the group knows.
    committed: u64,
    /// Checksums of records that are given but not saved: of the last one before each possible end
    /// of a batch there is one here.
    given: Vec<(u64, u32)>,
}

impl KafkaSource {
    /// Joins the group. `data` is the folder of the engine that will read, where it has one: its
    /// `logs` hold notes about the records that have been saved, by which a topic that was created
    /// anew is recognised, and the rejected records that may still be missing among the dead
    /// letters.
    ///
    /// # Errors
    /// [`KafkaError::Unreachable`] within seconds where no broker answers, [`KafkaError::NoTopic`],
    /// and what is wrong with the settings.
    pub fn open(
        settings: &Settings,
        until: Until,
        data: Option<&Path>,
    ) -> Result<Self, KafkaError> {
        settings.check()?;
        let metrics = Arc::new(Metrics::default());
        let consumer = consumer(settings, &metrics)?;
        let last_error = || consumer.context().context.last_error();
        let partitions =
            topic::partitions(consumer.client(), settings, &settings.topic, last_error)?
                .ok_or_else(|| KafkaError::NoTopic {
                    topic: settings.topic.clone(),
                    brokers: settings.brokers.clone(),
                })?;
        let cluster = consumer.client().fetch_cluster_id(PATIENCE);
        let logs = data.map(|data| data.join("logs"));
        let notes = logs.as_deref().map_or_else(|| Ok(Notes::new()), Notes::open)?;
        let dead_letters = match settings.dead_letters.as_str() {
            "" => None,
            _ => Some(DeadLetters::open(settings, partitions)?),
        };
        Ok(Self {
            settings: settings.clone(),
            until,
            logs,
            cluster: cluster.unwrap_or_default(),
            consumer,
            metrics,
            notes,
            dead_letters,
            saved: Position::default(),
            partitions: BTreeMap::new(),
            merge: Merge::default(),
            leaving: Vec::new(),
            joined: false,
            decoder: JsonDecoder::new(),
        })
    }

    /// What this consumer has done so far; stays valid while it runs.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Does what the group has asked for since the last time, as far as it can be done now.
    fn hand_over(&mut self, sink: &mut dyn Sink) -> Result<(), KafkaError> {
        for wanted in self.consumer.context().take_wanted() {
            match wanted {
                Handover::Take(partitions) => self.take(&partitions, sink)?,
                Handover::Give(partitions) => {
                    for &partition in &partitions {
                        // Read, but not given: others will read it.
                        self.merge.remove(partition);
                    }
                    self.leaving.extend(partitions);
                    sink.flush();
                }
            }
        }
        let given_up = !self.leaving.is_empty() && self.leaving.iter().all(|p| self.is_saved(*p));
        if given_up || (!self.leaving.is_empty() && self.consumer.assignment_lost()) {
            self.leave()?;
        }
        Ok(())
    }

    /// Whether all that was given of a partition has been saved.
    fn is_saved(&self, partition: u32) -> bool {
        let given = self.partitions.get(&partition).map_or(0, |one| one.next);
        self.saved.next_offset(partition) >= given
    }

    /// Gives up the partitions that the group wants back.
    fn leave(&mut self) -> Result<(), KafkaError> {
        if let Some(letters) = &self.dead_letters {
            letters.flush()?;
        }
        if !self.consumer.assignment_lost() {
            self.commit(CommitMode::Sync)?;
        }
        let leaving = std::mem::take(&mut self.leaving);
        for partition in &leaving {
            self.partitions.remove(partition);
            self.merge.remove(*partition);
        }
        give_up(&self.consumer, &self.list(&leaving));
        tracing::info!("gave up partitions {leaving:?} of {}", self.settings.topic);
        Ok(())
    }

    fn list(&self, partitions: &[u32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for &partition in partitions {
            list.add_partition(&self.settings.topic, partition as i32);
        }
        list
    }

    /// Takes over partitions, each from where it has been saved to.
    fn take(&mut self, partitions: &[u32], sink: &mut dyn Sink) -> Result<(), KafkaError> {
        self.joined = true;
        let committed = self
            .consumer
            .committed_offsets(self.list(partitions), PATIENCE)
            .map_err(KafkaError::client("ask the group for its offsets"))?;
        let mut from = TopicPartitionList::new();
        for &partition in partitions {
            let start = self.start(partition, &committed)?;
            sink.jump(partition, start.next);
            self.saved.set(partition, start.next);
            from.add_partition_offset(
                &self.settings.topic,
                partition as i32,
                Offset::Offset(start.fetch as i64),
            )
            .map_err(KafkaError::client("take over partitions"))?;
            self.merge.add(partition);
            if start.fetch >= start.end {
                self.merge.at_end(partition);
            }
            self.partitions.insert(
                partition,
                Partition {
                    next: start.next,
                    next_letter: start.letters,
                    end: start.end,
                    committed: start.committed,
                    given: Vec::new(),
                },
            );
        }
        take_over(&self.consumer, &from).map_err(KafkaError::client("take over partitions"))?;
        if !partitions.is_empty() {
            tracing::info!("reads partitions {partitions:?} of {}", self.settings.topic);
        }
        Ok(())
    }

    /// Where to begin in a partition.
    fn start(
        &self,
        partition: u32,
        committed: &TopicPartitionList,
    ) -> Result<Start, KafkaError> {
        let topic = &self.settings.topic;
        let (low, high) = self
            .consumer
            .fetch_watermarks(topic, partition as i32, PATIENCE)
            .map_err(KafkaError::client("ask for the ends of a partition"))?;
        let by_group = committed
            .find_partition(topic, partition as i32)
            .and_then(|one| match one.offset() {
                Offset::Offset(offset) => {
                    Some((u64::try_from(offset).ok()?, one.metadata().to_owned()))
                }
                _ => None,
            });
        let known = Known {
            topic,
            partition,
            instance: &self.notes.instance,
            saved: self.saved.iter().find(|(one, _)| *one == partition).map(|(_, at)| at),
            seen: self.notes.partitions.get(&partition).copied(),
            by_group,
            low: low.max(0) as u64,
            high: high.max(0) as u64,
        };
        let mut start = known.start()?;
        if let Some(seen) = known.to_be_recognised(&start) {
            self.recognise(partition, seen)?;
        }
        if let Some(letters) = &self.dead_letters {
            let written = letters.written_up_to(partition)?;
            let missing = match &self.logs {
                Some(logs) => first_rejected(&logs.join("rejects.csv"), partition, written)?,
                None => None,
            };
            start.with_letters(written, missing);
        }
        Ok(start)
    }

    /// Makes sure that a record is still the one that was saved.
    fn recognise(&self, partition: u32, seen: Seen) -> Result<(), KafkaError> {
        let topic = &self.settings.topic;
        let looker = consumer(
            &Settings {
                group: format!("{}.look", self.settings.group),
                ..self.settings.clone()
            },
            &Arc::default(),
        )?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition as i32, Offset::Offset(seen.offset as i64))
            .and_then(|()| looker.assign(&list))
            .map_err(KafkaError::client("read a record again"))?;
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            match looker.poll(WAIT) {
                None => {}
                Some(Ok(message)) => {
                    let crc32 = crc32fast::hash(message.payload().unwrap_or_default());
                    let same = message.offset() == seen.offset as i64 && crc32 == seen.crc32;
                    return if same {
                        Ok(())
                    } else {
                        Err(KafkaError::Replaced {
                            topic: topic.clone(),
                            partition,
                            detail: format!(
                                "the record at offset {} is not the one that was saved",
                                seen.offset
                            ),
                        })
                    };
                }
                // The record has been removed, by compaction for example.
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(()),
                Some(Err(cause)) => return Err(KafkaError::client("read a record again")(cause)),
            }
        }
        Ok(())
    }

    /// Tells the group what has been saved of the partitions that are read here.
    fn commit(&mut self, mode: CommitMode) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        for (&partition, one) in &mut self.partitions {
            let saved = self.saved.next_offset(partition);
            if saved <= one.committed {
                continue;
            }
            let mut element = list.add_partition(&self.settings.topic, partition as i32);
            element
                .set_offset(Offset::Offset(saved as i64))
                .map_err(KafkaError::client("commit offsets"))?;
            element.set_metadata(&self.notes.instance);
            one.committed = saved;
            if let Some(seen) = self.notes.partitions.get_mut(&partition) {
                seen.committed = saved;
            }
        }
        if list.count() == 0 {
            return Ok(());
        }
        match self.consumer.commit(&list, mode) {
            Ok(()) => Ok(()),
            // The disk knows; the group learns with the next commit.
            Err(error) if matches!(mode, CommitMode::Async) => {
                tracing::debug!("committing offsets: {error}");
                Ok(())
            }
            Err(cause) => Err(KafkaError::client("commit offsets")(cause)),
        }
    }

    /// Gives what is due, until the sink has enough.
    fn give(&mut self, sink: &mut dyn Sink) -> Result<ControlFlow<()>, KafkaError> {
        while let Some(due) = self.merge.due() {
            let partition = due.partition;
            let flow = match self.partitions.get_mut(&partition) {
                Some(one) => give(
                    &due,
                    one,
                    &mut self.decoder,
                    self.dead_letters.as_mut(),
                    &self.metrics,
                    sink,
                )?,
                None => ControlFlow::Continue(()),
            };
            self.merge.pop(partition);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether everything has been given that there was at the beginning.
    fn is_caught_up(&self) -> bool {
        self.until == Until::Caught
            && self.joined
            && self.leaving.is_empty()
            && self.partitions.iter().all(|(&partition, one)| {
                one.next >= one.end || self.merge.is_drained(partition)
            })
    }

    /// Keeps memory bounded where one partition is far ahead of another.
    fn throttle(&mut self) -> Result<(), KafkaError> {
        let flow = self.merge.flow();
        if !flow.pause.is_empty() {
            self.consumer
                .pause(&self.list(&flow.pause))
                .map_err(KafkaError::client("pause a partition"))?;
        }
        if !flow.resume.is_empty() {
            self.consumer
                .resume(&self.list(&flow.resume))
                .map_err(KafkaError::client("resume a partition"))?;
        }
        Ok(())
    }

    /// Whether reading can go on after an error.
    fn survive(&self, error: ClientError) -> Result<(), KafkaError> {
        let topic = &self.settings.topic;
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition,
            ) => Err(KafkaError::NoTopic {
                topic: topic.clone(),
                brokers: self.settings.brokers.clone(),
            }),
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                let behind = self.partitions.iter().next();
                Err(KafkaError::Replaced {
                    topic: topic.clone(),
                    partition: behind.map_or(0, |(&partition, _)| partition),
                    detail: format!("the records to be read next are not there ({error})"),
                })
            }
            Some(RDKafkaErrorCode::Fatal) => Err(KafkaError::client("read messages")(error)),
            _ => {
                self.metrics.count_retry();
                tracing::debug!("reading: {error}");
                Ok(())
            }
        }
    }

    fn note(&mut self, position: &Position) {
        for (&partition, one) in &mut self.partitions {
            let saved = position.next_offset(partition);
            let upto = one.given.partition_point(|&(offset, _)| offset < saved);
            if let Some((offset, crc32)) = one.given.drain(..upto).next_back() {
                let committed = one.committed;
                let seen = Seen {
                    offset,
                    crc32,
                    committed,
                };
                self.notes.partitions.insert(partition, seen);
            }
        }
    }
}

/// Gives one record, and writes it as a dead letter where it cannot be used.
fn give(
    due: &Due<'_>,
    one: &mut Partition,
    decoder: &mut JsonDecoder,
    letters: Option<&mut DeadLetters>,
    metrics: &Metrics,
    sink: &mut dyn Sink,
) -> Result<ControlFlow<()>, KafkaError> {
    let arrived = Timestamp::from_micros(due.time.saturating_mul(1_000));
    let record = decoder.decode(due.value, arrived);
    let checked = match &record {
        Ok(row) => clean::check(row).err(),
        Err(reason) => Some(reason.clone()),
    };
    if due.offset >= one.next_letter {
        one.next_letter = due.offset + 1;
        if let (Some(reason), Some(letters)) = (&checked, letters) {
            letters.write(due, reason)?;
        }
    }
    // After a crash, read again for its dead letter alone.
    if due.offset < one.next {
        return Ok(ControlFlow::Continue(()));
    }
    if let Some(reason) = &checked {
        metrics.count_dead_letter(reason.key());
    }
    metrics.count_messages(1, due.value.len() as u64);
    one.next = due.offset + 1;
    let origin = Origin {
        partition: due.partition,
        offset: due.offset,
        line: None,
    };
    let flow = sink.push(origin, record);
    // A batch may end here, and only here.
    if flow.is_break() || one.given.is_empty() {
        one.given.push((due.offset, crc32fast::hash(due.value)));
    }
    Ok(flow)
}

fn consumer(
    settings: &Settings,
    metrics: &Arc<Metrics>,
) -> Result<BaseConsumer<Group>, KafkaError> {
    let mut config = settings.config();
    for (key, value) in [
        ("group.id", settings.group.as_str()),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "error"),
        ("partition.assignment.strategy", "cooperative-sticky"),
    ] {
        config.set(key, value);
    }
    for (key, value) in [
        ("queued.max.messages.kbytes", "32768"),
        ("fetch.wait.max.ms", "50"),
        ("statistics.interval.ms", "1000"),
        ("session.timeout.ms", "20000"),
    ] {
        if !settings.client.contains_key(key) {
            config.set(key, value);
        }
    }
    config
        .create_with_context(Group::new(Arc::clone(metrics)))
        .map_err(KafkaError::client("start a consumer"))
}

fn due<'a>(message: &'a BorrowedMessage<'_>) -> Option<Due<'a>> {
    Some(Due {
        partition: u32::try_from(message.partition()).ok()?,
        offset: u64::try_from(message.offset()).ok()?,
        time: match message.timestamp() {
            MessageTime::CreateTime(time) | MessageTime::LogAppendTime(time) => time,
            MessageTime::NotAvailable => 0,
        },
        value: message.payload().unwrap_or_default(),
    })
}

impl Source for KafkaSource {
    fn id(&self) -> SourceId {
        let parts = [
            ("kind", "kafka"),
            ("cluster", self.cluster.as_str()),
            ("topic", self.settings.topic.as_str()),
        ];
        SourceId(parts.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.saved = position.clone();
        if !self.joined {
            self.consumer
                .subscribe(&[&self.settings.topic])
                .map_err(KafkaError::client("join the group"))?;
        }
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            self.hand_over(sink)?;
            if !self.leaving.is_empty() {
                // What was given has to be saved first.
                let _ = self.consumer.poll(Duration::ZERO);
                return Ok(ReadStatus::Idle);
            }
            if self.give(sink)?.is_break() {
                return Ok(ReadStatus::Paused);
            }
            if self.is_caught_up() {
                if let Some(letters) = &self.dead_letters {
                    letters.flush()?;
                }
                return Ok(ReadStatus::End);
            }
            self.throttle()?;
            match self.consumer.poll(WAIT) {
                None => {
                    if let Some(letters) = &self.dead_letters {
                        letters.look()?;
                    }
                    return Ok(ReadStatus::Idle);
                }
                Some(Ok(message)) => {
                    if let Some(due) = due(&message) {
                        self.merge.push(due);
                    }
                }
                Some(Err(ClientError::PartitionEOF(partition))) => {
                    self.merge.at_end(partition as u32);
                }
                Some(Err(error)) => self.survive(error)?,
            }
        }
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.note(position);
        for (&partition, _) in &self.partitions {
            self.saved.set(partition, position.next_offset(partition));
        }
        self.commit(CommitMode::Async)?;
        if let Some(logs) = &self.logs {
            self.notes.save(logs)?;
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let done = self.metrics.snapshot();
        Progress {
            done: done.messages,
            total: match self.until {
                Until::Caught => Some(done.messages + done.lag.values().sum::<u64>()),
                Until::Stopped => None,
            },
            unit: "records",
        }
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        if let Some(letters) = &self.dead_letters
            && let Err(error) = letters.flush()
        {
            tracing::warn!("{error}");
        }
        if let Err(error) = self.commit_last() {
            tracing::warn!("{error}");
        }
        self.consumer.context().leave();
    }
}

impl KafkaSource {
    /// Commits once more and waits for it: what was committed before may still be on its way.
    fn commit_last(&mut self) -> Result<(), KafkaError> {
        for one in self.partitions.values_mut() {
            one.committed = 0;
        }
        self.commit(CommitMode::Sync)?;
        match &self.logs {
            Some(logs) if self.joined => self.notes.save(logs),
            _ => Ok(()),
        }
    }
}
