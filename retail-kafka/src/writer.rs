use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::context::Context;
use crate::{ClientCause, KafkaError, Settings, topic};

/// Messages between two looks at what has been delivered.
const LOOK: u64 = 1_024;

/// How long delivered messages may take to be so, once no more are written.
const FLUSH: Duration = Duration::from_secs(120);

/// One message to be written.
pub(crate) struct Message<'a> {
    /// The partition; chosen by the key if there is none.
    pub(crate) partition: Option<u32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
    pub(crate) headers: Option<OwnedHeaders>,
}

/// Writes messages to a topic: each once and in order within its partition, as long as the broker
/// can be reached again before `message.timeout.ms` has passed.
pub(crate) struct Writer {
    producer: BaseProducer<Deliveries>,
    topic: String,
    written: u64,
}

/// What became of messages.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    context: Context,
    delivered: AtomicU64,
    failed: AtomicU64,
    first_failure: Mutex<Option<ClientError>>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.delivered.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                let first = self.first_failure.lock();
                first
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert_with(|| error.clone());
                self.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

impl Writer {
    pub(crate) fn open(settings: &Settings, topic: &str) -> Result<Self, KafkaError> {
        let mut config = settings.config();
        config.set("enable.idempotence", "true");
        for (key, value) in [
            ("compression.type", "lz4"),
            ("linger.ms", "20"),
            ("batch.size", "1000000"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "65536"),
            // The partition of a key is the one that clients in Java choose.
            ("partitioner", "murmur2_random"),
            ("message.max.bytes", "8000000"),
        ] {
            if !settings.client.contains_key(key) {
                config.set(key, value);
            }
        }
        let producer = config
            .create_with_context(Deliveries::default())
            .map_err(KafkaError::client("start a producer"))?;
        Ok(Self {
            producer,
            topic: topic.to_owned(),
            written: 0,
        })
    }

    /// Makes sure that the topic is there.
    pub(crate) fn find_topic(&self, settings: &Settings) -> Result<(), KafkaError> {
        let client = self.producer.client();
        let last_error = || client.context().context.last_error();
        match topic::partitions(client, settings, &self.topic, last_error)? {
            Some(_) => Ok(()),
            None => Err(KafkaError::NoTopic {
                topic: self.topic.clone(),
                brokers: settings.brokers.clone(),
            }),
        }
    }

    /// Hands a message to the client, and waits if that has too many already.
    pub(crate) fn write(&mut self, message: Message<'_>) -> Result<(), KafkaError> {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).payload(message.value);
        record.key = message.key;
        record.partition = message.partition.map(|partition| partition as i32);
        record.headers = message.headers;
        while let Err((cause, refused)) = self.producer.send(record) {
            if cause.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(KafkaError::client("write a message")(cause));
            }
            self.producer.poll(Duration::from_millis(50));
            self.check()?;
            record = refused;
        }
        self.written += 1;
        if self.written.is_multiple_of(LOOK) {
            self.look()?;
        }
        Ok(())
    }

    /// Takes note of deliveries, without waiting.
    pub(crate) fn look(&self) -> Result<(), KafkaError> {
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    /// Waits until everything written is delivered.
    pub(crate) fn flush(&self) -> Result<(), KafkaError> {
        let begun = Instant::now();
        while self.in_flight() > 0 && begun.elapsed() < FLUSH {
            // Unlike a poll alone, it does not wait for batches to fill; what it did not manage is
            // looked at below.
            let _ = self.producer.flush(Duration::from_millis(100));
            // The client's own news count as in flight, too, and flushing leaves them if there is
            // nothing else.
            self.producer.poll(Duration::ZERO);
            self.check()?;
        }
        self.check()?;
        match self.in_flight() {
            0 => Ok(()),
            failed => Err(KafkaError::Delivery {
                topic: self.topic.clone(),
                failed,
                source: self.last_error("no answer from the broker"),
            }),
        }
    }

    fn check(&self) -> Result<(), KafkaError> {
        let context = self.producer.client().context();
        let failed = context.failed.load(Ordering::Relaxed);
        if failed == 0 {
            return Ok(());
        }
        let first = context.first_failure.lock();
        let first = first.unwrap_or_else(PoisonError::into_inner);
        Err(KafkaError::Delivery {
            topic: self.topic.clone(),
            failed,
            source: match &*first {
                Some(error) => error.clone().into(),
                None => self.last_error("no reason given"),
            },
        })
    }

    fn last_error(&self, otherwise: &str) -> ClientCause {
        let said = self.producer.client().context().context.last_error();
        ClientCause::words(said, &otherwise)
    }

    /// Messages delivered so far.
    pub(crate) fn delivered(&self) -> u64 {
        let context = self.producer.client().context();
        context.delivered.load(Ordering::Relaxed)
    }

    /// Messages on their way.
    pub(crate) fn in_flight(&self) -> u64 {
        u64::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }
}
