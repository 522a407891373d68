//! Writing to a topic and reading from it, against a client of librdkafka that does nothing else.
//!
//! ```text
//! bench-kafka write BROKERS FILE.csv TOPIC     # fills the topic that is to be read
//! bench-kafka measure BROKERS FILE.csv TOPIC   # see `retail_benches::answer`
//! ```
//!
//! Writing goes to a new topic of one partition each time, until everything is acknowledged. The
//! engine reads the CSV, encodes each record and writes it; librdkafka writes values that lie ready
//! in memory, with the same settings. Reading is of the topic that was filled, from its beginning to
//! its end: the engine, a new group, decodes, cleans and saves batches; rdkafka drops each message, as
//! a new group like the engine, or without one, which spares it joining and leaving. Dead letters,
//! which are messages of their own, are measured apart.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_benches::{Outcome, answer};
use retail_core::engine::{Engine, EngineConfig, RetrainPolicy};
use retail_core::source::{CsvSource, VirtualTime};
use retail_kafka::{KafkaSource, Settings, Until, ensure_topic, replay};
use serde_json::{Value, json};

const WRITING: &str = "writing to a topic";
const READING: &str = "reading from a topic";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", brokers, csv, topic] => {
            write(brokers, Path::new(csv), topic)?;
            Ok(())
        }
        ["measure", brokers, csv, topic] => measure(brokers, Path::new(csv), topic),
        _ => Err("usage: bench-kafka write|measure BROKERS FILE.csv TOPIC".into()),
    }
}

fn settings(brokers: &str, topic: &str) -> Settings {
    Settings {
        topic: topic.to_owned(),
        group: format!("{topic}-{}", now()),
        dead_letters: String::new(),
        ..Settings::new(brokers)
    }
}

fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}

fn measure(brokers: &str, csv: &Path, topic: &str) -> Outcome<()> {
    let ready = read(brokers, topic, false, true)?;
    let offers = json!([
        { "group": WRITING, "name": "engine, from CSV", "ask": "write" },
        { "group": WRITING, "name": "librdkafka, from memory", "ask": "write bare" },
        { "group": READING, "name": "engine, to saved batches", "ask": "read" },
        { "group": READING, "name": "engine, dead letters too", "ask": "read letters" },
        { "group": READING, "name": "rdkafka, dropped", "ask": "read member" },
        { "group": READING, "name": "rdkafka without a group, dropped", "ask": "read bare" },
    ]);
    // Removed at the end: just after a removal ext4 is slow to create files.
    let folders = tempfile::tempdir()?;
    let folder = || folders.path().join(now().to_string());
    answer(&offers, |asked| {
        let (rows, seconds) = match asked {
            "write" => write(brokers, csv, &format!("bench-{}", now()))?,
            "write bare" => write_bare(brokers, &ready)?,
            "read" => save(&settings(brokers, topic), &folder())?,
            "read letters" => {
                let settings = Settings {
                    dead_letters: format!("bench-{}.dlq", now()),
                    ..settings(brokers, topic)
                };
                save(&settings, &folder())?
            }
            "read bare" | "read member" => {
                let begun = Instant::now();
                let messages = read(brokers, topic, asked == "read member", false)?;
                (messages.count, begun.elapsed().as_secs_f64())
            }
            _ => return Err(format!("nothing is called {asked:?}").into()),
        };
        Ok(json!({ "seconds": seconds, "measures": { "rows": rows } }))
    })
}

/// Replays a CSV into a topic; how many messages, and how long it took.
fn write(brokers: &str, csv: &Path, topic: &str) -> Outcome<(u64, f64)> {
    let settings = settings(brokers, topic);
    ensure_topic(&settings, topic, 1)?;
    let begun = Instant::now();
    let mut source = CsvSource::open(csv, VirtualTime::default())?;
    let stop = AtomicBool::new(false);
    let replayed = replay(&mut source, &settings, 1, &stop, |_, _| {}, |_| {})?;
    Ok((replayed.delivered, begun.elapsed().as_secs_f64()))
}

/// Messages of a topic.
#[derive(Default)]
struct Messages {
    count: u64,
    /// Keys and values, if they were kept.
    kept: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Writes messages that are ready, with the settings that the engine writes with.
fn write_bare(brokers: &str, ready: &Messages) -> Outcome<(u64, f64)> {
    let topic = format!("bench-{}", now());
    ensure_topic(&settings(brokers, &topic), &topic, 1)?;
    let begun = Instant::now();
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "20")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "65536")
        .create()?;
    for (number, (key, value)) in ready.kept.iter().enumerate() {
        loop {
            let mut record = BaseRecord::<[u8], [u8]>::to(&topic).payload(value);
            if !key.is_empty() {
                record = record.key(key);
            }
            match producer.send(record) {
                Ok(()) => break,
                Err((error, _))
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
                {
                    producer.poll(Duration::from_millis(50));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        if number.is_multiple_of(1_024) {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(120))?;
    Ok((ready.kept.len() as u64, begun.elapsed().as_secs_f64()))
}

/// Reads a topic of one partition to its end, as the only member of a group or without one.
fn read(brokers: &str, topic: &str, member: bool, keep: bool) -> Outcome<Messages> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("bare-{}", now()))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.queue.backoff.ms", "5")
        .create()?;
    // Otherwise the first question about offsets fails, and is asked again half a second later.
    consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    if member {
        consumer.subscribe(&[topic])?;
    } else {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Beginning)?;
        consumer.assign(&list)?;
    }
    let mut messages = Messages::default();
    let mut silent = 0;
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                messages.count += 1;
                if keep {
                    let bytes = |part: Option<&[u8]>| part.unwrap_or_default().to_vec();
                    messages
                        .kept
                        .push((bytes(message.key()), bytes(message.payload())));
                } else {
                    std::hint::black_box(message.payload());
                }
            }
            Some(Err(ClientError::PartitionEOF(_))) => return Ok(messages),
            Some(Err(error)) => return Err(error.into()),
            // Also after news of the group.
            None if silent < 100 => silent += 1,
            None => return Err(Box::<dyn Error>::from("the broker has fallen silent")),
        }
    }
}

/// Reads a topic to its end into batches saved in a new folder.
fn save(settings: &Settings, folder: &Path) -> Outcome<(u64, f64)> {
    let begun = Instant::now();
    let mut config = EngineConfig::default();
    config.train.policy = RetrainPolicy::Manual;
    let b = Engine::builder(config)?;
    let mut engine = if std::env::var("NODIR").is_ok() {
        b.open()?
    } else {
        b.dir(folder).open()?
    };
    let mut source = KafkaSource::open(settings, Until::Caught, Some(folder))?;
    let report = engine.run(&mut source)?;
    drop(source);
    let answer: Value = json!(report.rows_read);
    Ok((answer.as_u64().unwrap_or(0), begun.elapsed().as_secs_f64()))
}
