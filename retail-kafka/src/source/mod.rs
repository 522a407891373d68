mod assignment;
mod client;
mod commit;
mod dates;
mod partition;
mod reading;
mod waiting;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use retail_core::source::{
    JsonDecoder, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use retail_core::time::{DateOrder, Timestamp};

use self::assignment::list;
use self::client::consumer;
use self::dates::TopicDates;
use self::partition::Partition;
use self::reading::Heard;
use self::waiting::Waiting;
use crate::dead_letters::DeadLetters;
use crate::group::Group;
use crate::merge::Merge;
use crate::message::Held;
use crate::notes::{DateNotes, Notes};
use crate::queue::MessageQueue;
use crate::settings::PATIENCE;
use crate::{KafkaError, Metrics, Settings, topic};

/// How long to wait for a message before saying that there is none.
const WAIT: Duration = Duration::from_millis(50);

/// How long to read before the caller has a look at other things.
const TURN: Duration = Duration::from_millis(200);

/// How long records of a stream without an end wait for those of a partition that is silent.
const SET_ASIDE: Duration = Duration::from_secs(2);

/// How often the group is told what has been saved. The disk knows sooner.
const TELL: Duration = Duration::from_secs(1);

/// How long nothing follows rejected records before they are saved by themselves.
const REST: Duration = Duration::from_secs(5);

/// When a [`KafkaSource`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Once each partition of the topic is saved up to where it ended when reading began, by this
    /// consumer or, as the group knows, by another one. Partitions that nobody reads are waited for
    /// until this consumer gets them. If nothing is saved for too long
    /// ([`Settings::once_timeout_seconds`]), that is [`KafkaError::Unfinished`].
    Caught,
    /// Never.
    Stopped,
}

/// A topic as a source, read as a member of a consumer group.
///
/// Partitions of the topic are partitions of the source. Records of several of them are given in
/// the order of their stream times, ties by partition; one that has nothing to give is waited for
/// until it has been read to its end, or, in a stream without one, has been silent for two seconds.
/// So what is read [until it is caught up](Until::Caught) depends on the topic alone, not on how it
/// was fetched.
///
/// Reading begins where the saved batches end, even if the group says otherwise. In a partition that
/// another consumer has read meanwhile, it begins where the group says, and in one that nobody has
/// read, at its beginning. An engine without a folder, or whose folder has been removed, begins where
/// the group says.
///
/// A consumer with a folder is known to the group by a name that it keeps there, in
/// `logs/kafka.json`. Its partitions wait for it when it ends or is killed, until its session times
/// out after ten seconds (`session.timeout.ms`); only then others take them over. Started again, it
/// goes on at once. If a second consumer comes by the same name, from a copy of the folder, the first
/// one ends with [`KafkaError::Fenced`]. A `group.instance.id` among [`Settings::client`] is another
/// name, and an empty one is none: then the partitions of a consumer that ends go to others at once,
/// and those of one that was killed wait until its session is over, even if it is started again.
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
    consumer: Arc<BaseConsumer<Group>>,
    /// Where the messages come from; the consumer itself has the news of the group.
    queue: MessageQueue,
    cluster: String,
    metrics: Arc<Metrics>,
    notes: Notes,
    dead_letters: Option<DeadLetters>,
    /// Where the saved batches end.
    saved: Position,
    partitions: BTreeMap<u32, Partition>,
    merge: Merge<Held>,
    /// Partitions that are being taken over.
    taking: Option<Vec<u32>>,
    /// Partitions to be given up once what was read of them is saved.
    leaving: Option<Vec<u32>>,
    /// How many partitions the topic has.
    partition_count: u32,
    /// What the end of the topic depends on, if there is one.
    waiting: Option<Waiting>,
    /// Whether only records that others read are missing.
    waits_for_others: bool,
    /// Whether there has been an assignment, even one of no partitions.
    joined: bool,
    /// When the partitions were routed to the queue last.
    routed: Instant,
    /// When the group was told last.
    told: Option<Instant>,
    /// The latest stream time given, and when that was.
    latest: Option<(Timestamp, Instant)>,
    decoder: JsonDecoder,
    dates: TopicDates,
}

impl KafkaSource {
    /// Joins the group. `data` is the folder of the engine that will read, if it has one. Its `logs`
    /// hold notes about the records that have been saved, which tell a topic that was deleted and
    /// created again, and the rejected records that may still be missing among the dead letters.
    ///
    /// # Errors
    /// [`KafkaError::Unreachable`] within seconds if no broker answers, [`KafkaError::NoTopic`],
    /// and what is wrong with the settings.
    pub fn open(
        settings: &Settings,
        until: Until,
        data: Option<&Path>,
    ) -> Result<Self, KafkaError> {
        settings.check()?;
        let metrics = Arc::new(Metrics::default());
        let logs = data.map(|data| data.join("logs"));
        let notes = logs
            .as_deref()
            .map_or_else(|| Ok(Notes::new()), Notes::open)?;
        let instance = logs.is_some().then_some(notes.instance.as_str());
        let consumer = Arc::new(consumer(settings, &metrics, instance)?);
        let last_error = || consumer.context().context.last_error();
        let partitions =
            topic::partitions(consumer.client(), settings, &settings.topic, last_error)?
                .ok_or_else(|| KafkaError::NoTopic {
                    topic: settings.topic.clone(),
                    brokers: settings.brokers.clone(),
                })?;
        let queue = MessageQueue::new(Arc::clone(&consumer)).ok_or_else(|| {
            let cause = ClientError::ClientCreation("no memory for a queue".to_owned());
            KafkaError::client("start a consumer")(cause)
        })?;
        let cluster = consumer.client().fetch_cluster_id(PATIENCE);
        let dead_letters = match settings.dead_letters.as_str() {
            "" => None,
            _ => Some(DeadLetters::open(settings, partitions)?),
        };
        Ok(Self {
            settings: settings.clone(),
            until,
            logs,
            cluster: cluster.unwrap_or_default(),
            queue,
            consumer,
            metrics,
            notes,
            dead_letters,
            saved: Position::default(),
            partitions: BTreeMap::new(),
            merge: Merge::new(match until {
                // Each will come to its end: what is read does not depend on how fast.
                Until::Caught => Duration::MAX,
                Until::Stopped => SET_ASIDE,
            }),
            taking: None,
            leaving: None,
            partition_count: partitions,
            waiting: None,
            waits_for_others: false,
            joined: false,
            routed: Instant::now(),
            told: None,
            latest: None,
            decoder: JsonDecoder::new().watching(),
            dates: TopicDates::assumed(&settings.topic, until == Until::Caught),
        })
    }

    /// Reads dates whose year comes last in this order. A date that is only possible in another order
    /// is rejected; the first one is reported on the log.
    ///
    /// By default the month comes first, which is an assumption: the first date that could be read in
    /// another order is reported. If a date shows up that is only possible in another order, and none
    /// has proven this one, dates may have been misread: a run to the end of the topic
    /// ([`Until::Caught`]) ends with [`KafkaError::DateOrder`], and one without an end says so on the
    /// log, as an error.
    #[must_use]
    pub fn with_dates(mut self, order: DateOrder) -> Self {
        self.decoder = JsonDecoder::with_dates(order);
        self.dates.give(order);
        self
    }

    /// Who may read what this consumer notes in its folder of logs; by default its owner alone. The
    /// engine that saves its batches has a setting of its own.
    #[must_use]
    pub fn with_mode(mut self, mode: retail_core::DataMode) -> Self {
        self.notes.mode = mode;
        self
    }

    /// What this consumer has done so far; stays valid while it runs.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }
}

impl Source for KafkaSource {
    fn id(&self) -> SourceId {
        let parts = [
            ("kind", "kafka"),
            ("cluster", self.cluster.as_str()),
            ("topic", self.settings.topic.as_str()),
            ("dates", self.dates.order.name()),
        ];
        SourceId(
            parts
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        )
    }

    /// The topic.
    fn label(&self) -> Option<&str> {
        Some(&self.settings.topic)
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.saved = position.clone();
        if position.iter().next().is_none() {
            // What an earlier stream has shown, before a fresh start, says nothing about this one.
            self.notes.dates = DateNotes::default();
        }
        self.dates.resume(self.notes.dates.clone())?;
        if let Some(logs) = &self.logs {
            self.notes.save(logs)?;
        }
        self.note_ends()?;
        self.consumer
            .subscribe(&[&self.settings.topic])
            .map_err(KafkaError::client("join the group"))?;
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.tell()?;
        let begun = Instant::now();
        if begun.duration_since(self.routed) >= TURN {
            self.routed = begun;
            for &partition in self.partitions.keys() {
                self.queue.route(&self.settings.topic, partition);
            }
        }
        loop {
            self.listen()?;
            self.hand_over(sink)?;
            if self.leaving.is_some() {
                // What was given has to be saved first.
                return Ok(ReadStatus::Idle);
            }
            if self.give(sink)?.is_break() {
                return Ok(ReadStatus::Paused);
            }
            if self.has_ended(sink)? {
                return Ok(ReadStatus::End);
            }
            self.throttle()?;
            // Without partitions there is nothing to wait for here.
            let heard = match self.partitions.is_empty() {
                true => Heard::Nothing,
                false => self.poll(WAIT, sink)?,
            };
            match heard {
                Heard::Nothing => {
                    if let Some(letters) = &self.dead_letters {
                        letters.look()?;
                    }
                    self.save_rejected(sink);
                    self.be_patient()?;
                    return Ok(ReadStatus::Idle);
                }
                // Records that came after the run began are not what it waits for.
                Heard::Enough | Heard::Some if self.waits_for_others => self.be_patient()?,
                Heard::Enough | Heard::Some => self.heard(),
            }
            if matches!(heard, Heard::Enough) || begun.elapsed() >= TURN {
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
    fn stream_now(&self, _: Timestamp, _: Duration) -> Option<Timestamp> {
        let (latest, given) = self.latest?;
        Some(latest.saturating_add(given.elapsed()))
    }
}
