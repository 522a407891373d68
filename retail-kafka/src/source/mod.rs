mod assignment;
mod client;
mod commit;
mod partition;
mod reading;

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

use self::client::consumer;
use self::partition::Partition;
use self::reading::Heard;
use crate::dead_letters::DeadLetters;
use crate::group::Group;
use crate::merge::Merge;
use crate::message::Held;
use crate::notes::Notes;
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
/// until it has been read to its end, or, in a stream without one, has been silent for two seconds.
/// So what is read [until it is caught up](Until::Caught) depends on the topic alone, not on how it
/// was fetched.
///
/// Reading begins where the saved batches end, even if the group says otherwise. In a partition that
/// another consumer has read meanwhile, it begins where the group says, and in one that nobody has
/// read, at its beginning. An engine without a folder, or whose folder has been removed, begins where
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
    /// Whether there has been an assignment, even one of no partitions.
    joined: bool,
    /// When the partitions were routed to the queue last.
    routed: Instant,
    /// When the group was told last.
    told: Option<Instant>,
    /// The latest stream time given, and when that was.
    latest: Option<(Timestamp, Instant)>,
    decoder: JsonDecoder,
    dates: DateOrder,
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
        let consumer = Arc::new(consumer(settings, &metrics)?);
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
            joined: false,
            routed: Instant::now(),
            told: None,
            latest: None,
            decoder: JsonDecoder::new(),
            dates: DateOrder::MonthFirst,
        })
    }

    /// Reads dates whose year comes last in this order. By default the month comes first. A date that is
    /// only possible in another order is rejected.
    #[must_use]
    pub fn with_dates(mut self, order: DateOrder) -> Self {
        self.decoder = JsonDecoder::with_dates(order);
        self.dates = order;
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
            ("dates", self.dates.name()),
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
            if self.is_caught_up() {
                if let Some(letters) = &self.dead_letters {
                    letters.flush()?;
                }
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
                    return Ok(ReadStatus::Idle);
                }
                Heard::Enough => return Ok(ReadStatus::Paused),
                Heard::Some if begun.elapsed() >= TURN => return Ok(ReadStatus::Paused),
                Heard::Some => {}
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
