//! Topics of the test's own, and the programs that write to them and read from them.

use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::support::example;

pub(crate) fn brokers() -> String {
    std::env::var("RETAIL_TEST_BROKERS")
        .expect("RETAIL_TEST_BROKERS names a broker; `tests/broker start` starts one")
}

/// A name that no other test, and no earlier run, has used.
pub(crate) fn new_topic(purpose: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970");
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test-{purpose}-{}-{number}", now.as_millis())
}

/// Runs an example to its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Output {
    Command::new(example(program))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// Runs an example to its end, expects success and reads its line of JSON.
pub(crate) fn answer(program: &str, args: &[&str]) -> serde_json::Value {
    let output = run(program, args);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?} failed: {log}");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Replays a CSV into a topic.
pub(crate) fn produce(topic: &str, input: &str, partitions: u32) -> serde_json::Value {
    let partitions = partitions.to_string();
    let brokers = brokers();
    answer(
        "producer",
        &[
            "--brokers",
            &brokers,
            "--topic",
            topic,
            "--input",
            input,
            "--partitions",
            &partitions,
        ],
    )
}

/// The arguments with which the engine reads a topic to its end.
pub(crate) fn engine_args(topic: &str, data: &str) -> Vec<String> {
    let mut args = vec!["--once".to_owned(), "--kafka".to_owned(), brokers()];
    for set in [
        format!("kafka.topic=\"{topic}\""),
        format!("kafka.group=\"{topic}\""),
        format!("kafka.dead_letters=\"{topic}.dlq\""),
    ] {
        args.extend(["--set".to_owned(), set]);
    }
    args.extend(["--data-dir".to_owned(), data.to_owned()]);
    args
}

/// Reads a topic to its end, training included.
pub(crate) fn consume(topic: &str, data: &str) -> serde_json::Value {
    let args = engine_args(topic, data);
    answer(
        "engine",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

/// Writes values to partition 0 of a topic, which is created if it is missing.
pub(crate) fn write(topic: &str, values: &[Option<Vec<u8>>]) {
    let settings = retail_kafka::Settings::new(brokers());
    retail_kafka::ensure_topic(&settings, topic, 1).expect("the topic can be created");
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .set("message.max.bytes", "8000000")
        .create()
        .expect("a producer");
    for value in values {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(0);
        record.payload = value.as_deref();
        producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("room for a message");
    }
    producer
        .flush(Duration::from_secs(30))
        .expect("the broker takes the messages");
}

/// A message of a topic of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Letter {
    pub(crate) partition: u64,
    pub(crate) offset: u64,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) topic: String,
    pub(crate) value: Vec<u8>,
}

/// All dead letters of a topic, by the place that they come from.
pub(crate) fn letters(topic: &str, partitions: i32) -> Vec<Letter> {
    letters_at(&brokers(), topic, partitions)
}

/// The same, at these brokers.
pub(crate) fn letters_at(brokers: &str, topic: &str, partitions: i32) -> Vec<Letter> {
    let dlq = format!("{topic}.dlq");
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{topic}.test"))
        .set("enable.partition.eof", "true")
        .set("fetch.message.max.bytes", "8000000")
        .create()
        .expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(&dlq, partition, Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("the topic is there");
    let (mut letters, mut ended) = (Vec::new(), 0);
    let begun = Instant::now();
    while ended < partitions {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "dead letters take too long"
        );
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => panic!("{error}"),
            Some(Ok(message)) => {
                let headers = message.headers().expect("a dead letter has headers");
                let text = |key: &str| {
                    let header = headers.iter().find(|header| header.key == key);
                    let value = header.and_then(|header| header.value).unwrap_or_default();
                    String::from_utf8(value.to_vec()).expect("headers are text")
                };
                letters.push(Letter {
                    partition: text("retail.origin.partition").parse().expect("a number"),
                    offset: text("retail.origin.offset").parse().expect("a number"),
                    reason: text("retail.reason"),
                    detail: text("retail.detail"),
                    topic: text("retail.origin.topic"),
                    value: message.payload().unwrap_or_default().to_vec(),
                });
            }
        }
    }
    letters.sort();
    letters
}
