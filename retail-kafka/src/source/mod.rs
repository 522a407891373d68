mod assignment;
mod commit;
mod partition;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use retail_core::source::{
    JsonDecoder, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use retail_core::time::Timestamp;

use self::partition::{Partition, To, stream_time};
use crate::dead_letters::DeadLetters;
use crate::group::Group;
use crate::merge::{Due, Merge};
use crate::notes::Notes;
use crate::settings::PATIENCE;
use crate::{KafkaError, Metrics, Settings, topic};

/// How long to wait for a message before saying that there is none.
const WAIT: Duration = Duration::from_millis(50);

/// How long to read before the caller has a look at other things.
const TURN: Duration = Duration::from_millis(200);

/// How many messages to take before giving any of them.
const BURST: u32 = 256;

/// How often the group is told what has been saved. The disk knows sooner.
const TELL: Duration = Duration::from_secs(1);

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
/// the order of their stream times, ties by partition; one that has nothing to give is waited for
/// until it has been read to its end, or has been silent for two seconds. So what is read from a
/// topic that does not grow depends on the topic alone, not on how it was fetched.
///
/// Where reading begins: where the saved batches end, also where the group says otherwise; in a
/// partition that another consumer has read meanwhile, where the group says; in one that nobody has
/// read, at its beginning. An engine whose folder has been removed, or that has none, begins where
/// the group says.
///
/// A consumer that is killed counts as a member of the group until its session times out, ten
/// seconds by default, and its partitions wait for it as long; with a `group.instance.id` of its own
/// among [`Settings::client`] it goes on at once, and in turn others wait so long when it has ended.
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
    /// Partitions that are being taken over.
    taking: Option<Vec<u32>>,
    /// Partitions to be given up once what was read of them is saved.
    leaving: Option<Vec<u32>>,
    /// Whether there has been an assignment, be it of nothing.
    joined: bool,
    /// When the group was told last.
    told: Option<Instant>,
    /// The latest stream time given, and when that was.
    latest: Option<(Timestamp, Instant)>,
    decoder: JsonDecoder,
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
        let notes = logs
            .as_deref()
            .map_or_else(|| Ok(Notes::new()), Notes::open)?;
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
            taking: None,
            leaving: None,
            joined: false,
            told: None,
            latest: None,
            decoder: JsonDecoder::new(),
        })
    }

    /// What this consumer has done so far; stays valid while it runs.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Gives what is due, until the sink has enough.
    fn give(&mut self, sink: &mut dyn Sink) -> Result<ControlFlow<()>, KafkaError> {
        while let Some(due) = self.merge.due() {
            let (partition, time) = (due.partition, due.time);
            let flow = match self.partitions.get_mut(&partition) {
                Some(one) => one.give(
                    &due,
                    To {
                        decoder: &mut self.decoder,
                        letters: self.dead_letters.as_mut(),
                        metrics: &self.metrics,
                        sink,
                    },
                )?,
                None => ControlFlow::Continue(()),
            };
            self.merge.pop(partition);
            if self.until == Until::Stopped {
                let latest = self.latest.map_or(time, |(latest, _)| latest.max(time));
                self.latest = Some((latest, Instant::now()));
            }
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
            && self.leaving.is_none()
            && self
                .partitions
                .iter()
                .all(|(&partition, one)| one.has_ended() || self.merge.is_drained(partition))
    }

    /// Waits for something from the broker, and takes it; `false` where there is nothing.
    fn poll(&mut self, wait: Duration) -> Result<bool, KafkaError> {
        let listening = self.merge.is_waiting().then(Instant::now);
        let polled = self.consumer.poll(wait);
        if let Some(since) = listening {
            self.merge.listened(since.elapsed());
        }
        match polled {
            None => return Ok(false),
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
        Ok(true)
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
        // With a full queue the client rests for a second; the queue is empty long before.
        ("fetch.queue.backoff.ms", "5"),
        ("statistics.interval.ms", "1000"),
        ("session.timeout.ms", "10000"),
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
    let value = message.payload().unwrap_or_default();
    Some(Due {
        partition: u32::try_from(message.partition()).ok()?,
        offset: u64::try_from(message.offset()).ok()?,
        time: stream_time(value, message.timestamp().to_millis()),
        value,
    })
}

impl Source for KafkaSource {
    fn id(&self) -> SourceId {
        let parts = [
            ("kind", "kafka"),
            ("cluster", self.cluster.as_str()),
            ("topic", self.settings.topic.as_str()),
        ];
        SourceId(
            parts
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        )
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.saved = position.clone();
        if let Some(logs) = &self.logs {
            self.notes.save(logs)?;
        }
        self.consumer
            .subscribe(&[&self.settings.topic])
            .map_err(KafkaError::client("join the group"))?;
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.tell()?;
        let begun = Instant::now();
        loop {
            self.hand_over(sink)?;
            if self.leaving.is_some() {
                // What was given has to be saved first.
                self.poll(Duration::ZERO)?;
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
            if !self.poll(WAIT)? {
                if let Some(letters) = &self.dead_letters {
                    letters.look()?;
                }
                return Ok(ReadStatus::Idle);
            }
            // More that is there already costs less than one by one.
            for _ in 1..BURST {
                if !self.poll(Duration::ZERO)? {
                    break;
                }
            }
            if begun.elapsed() >= TURN {
                return Ok(ReadStatus::Paused);
            }
        }
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        for (&partition, one) in &mut self.partitions {
            // After a handover the batches before it are saved before those behind it.
            let saved = self.saved.next_offset(partition);
            let saved = saved.max(position.next_offset(partition));
            self.saved.set(partition, saved);
            if let Some(seen) = one.seen(saved) {
                self.notes.partitions.insert(partition, seen);
            }
        }
        Ok(self.tell()?)
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

    /// While nothing arrives, stream time goes on as fast as the clock does.
    fn stream_now(&self) -> Option<Timestamp> {
        let (latest, given) = self.latest?;
        Some(latest.saturating_add(given.elapsed()))
    }
}
