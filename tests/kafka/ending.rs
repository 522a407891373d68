//! A run to the end of a topic ends once all of it is saved, by whichever member of the group.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};

use super::groups::{Consumer, wait_for_a_batch};
use super::topics::{brokers, engine_args, new_topic, produce, run};
use super::{input, rows};
use crate::support::example;

/// A member of the topic's group that is not ours, and takes its time.
struct Other {
    topic: String,
    client: BaseConsumer,
}

impl Other {
    fn join(topic: &str) -> Self {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers())
            .set("group.id", topic)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false")
            .set("heartbeat.interval.ms", "200")
            .create()
            .expect("a client");
        client.subscribe(&[topic]).expect("a topic");
        let topic = topic.to_owned();
        Self { topic, client }
    }

    /// The partitions that it has.
    fn partitions(&self) -> Vec<i32> {
        let assigned = self.client.assignment().expect("a list");
        let elements = assigned.elements();
        elements
            .iter()
            .map(TopicPartitionListElem::partition)
            .collect()
    }

    /// Takes part in the group until it has so many partitions.
    fn live_until_it_has(&self, partitions: usize) {
        let begun = Instant::now();
        while self.partitions().len() != partitions {
            assert!(begun.elapsed() < Duration::from_secs(30), "no such share");
            self.live(Duration::from_millis(20));
        }
    }

    /// Takes part in the group, and ignores what it reads.
    fn live(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let _ = self.client.poll(Duration::from_millis(10));
        }
    }

    /// Says that it has read its partitions up to their ends.
    fn finish(&self) {
        let mut list = TopicPartitionList::new();
        for partition in self.partitions() {
            let ends = self
                .client
                .fetch_watermarks(&self.topic, partition, Duration::from_secs(5));
            let (_, end) = ends.expect("an answer");
            list.add_partition_offset(&self.topic, partition, Offset::Offset(end))
                .expect("an offset");
        }
        self.client
            .commit(&list, CommitMode::Sync)
            .expect("a commit");
    }
}

/// Starts the engine on a topic, to its end.
fn start(topic: &str, data: &Path, more: &[&str]) -> Child {
    Command::new(example("engine"))
        .args(engine_args(topic, data.to_str().unwrap()))
        .args(["--set", "train.policy=\"manual\""])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the engine starts")
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The batches of a run that has ended well.
fn saved(output: &Output, data: &Path) -> Vec<String> {
    assert!(output.status.success(), "{}", log(output));
    rows(data)
}

#[test]
fn what_another_member_reads_is_waited_for_until_the_group_knows_that_it_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let (input, topic) = (input(dir.path(), 3_000), new_topic("others"));
    produce(&topic, input.to_str().unwrap(), 2);
    let data = dir.path().join("data");
    let other = Other::join(&topic);
    other.live_until_it_has(2);
    let mut engine = start(&topic, &data, &[]);
    other.live_until_it_has(1);
    // The engine is done with its share long before.
    other.live(Duration::from_secs(4));
    assert!(engine.try_wait().unwrap().is_none(), "it does not wait");
    let theirs = other.partitions()[0];
    other.finish();
    let output = engine.wait_with_output().unwrap();
    let said = log(&output);
    let waits = said.lines().any(|line| {
        line.contains("that nobody has saved yet: ")
            && line.contains(&format!("partition {theirs}, offsets 0 to "))
    });
    assert!(waits, "{said}");
    let together = saved(&output, &data);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        summary["rows_kept"].as_u64(),
        Some(together.len() as u64),
        "its share"
    );
    assert!(!together.is_empty());
}

#[test]
fn a_member_that_never_finishes_makes_the_run_fail_and_name_its_partitions() {
    let dir = tempfile::tempdir().unwrap();
    let (input, topic) = (input(dir.path(), 3_000), new_topic("never"));
    produce(&topic, input.to_str().unwrap(), 3);
    let data = dir.path().join("data");
    let other = Other::join(&topic);
    other.live_until_it_has(3);
    // Longer than the group takes to share the partitions.
    let limit = ["--set", "kafka.once_timeout_seconds=8"];
    let mut engine = start(&topic, &data, &limit);
    let begun = Instant::now();
    while engine.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never ends");
        other.live(Duration::from_millis(50));
    }
    let mut theirs = other.partitions();
    theirs.sort_unstable();
    let output = engine.wait_with_output().unwrap();
    let said = log(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let error = said.lines().find(|line| line.starts_with("error: "));
    let error = error.expect("an error");
    assert!(
        error.contains("nothing has changed for 8 s (kafka.once_timeout_seconds)"),
        "{error}"
    );
    // The engine leaves as it ends, so that the other one may have more by now, but not less.
    let named: Vec<i32> = (0..3)
        .filter(|partition| error.contains(&format!("partition {partition}, offsets 0 to ")))
        .collect();
    assert!(!named.is_empty() && named.len() < 3, "{error}");
    assert!(
        named.iter().all(|one| theirs.contains(one)),
        "{theirs:?}: {error}"
    );
    // What it has read is saved.
    assert!(!rows(&data).is_empty());
}

#[test]
fn records_that_a_dead_member_would_have_read_are_read_once_the_group_gives_it_up() {
    let dir = tempfile::tempdir().unwrap();
    let (input, topic) = (input(dir.path(), 3_000), new_topic("dead"));
    produce(&topic, input.to_str().unwrap(), 2);
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    let first = Consumer::start(&brokers(), &topic, &a);
    wait_for_a_batch(&a, &first);
    first.stop();
    // It counts as a member that may come back.
    produce(&topic, input.to_str().unwrap(), 2);
    let args = [
        "--brokers",
        &brokers(),
        "--topic",
        &topic,
        "--group",
        &topic,
    ];
    let output = run(
        "consumer",
        &[&args[..], &["--once", "--data-dir", b.to_str().unwrap()]].concat(),
    );
    let before = rows(&a);
    let after = saved(&output, &b);
    let said = log(&output);
    assert!(said.contains("that nobody has saved yet: "), "{said}");
    let all: usize = std::fs::read_to_string(&input).unwrap().lines().count() - 1;
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first_read = read_in(&a);
    let read = summary["rows_read"].as_u64().unwrap();
    assert_eq!(first_read + read, 2 * all as u64, "each record once");
    assert_eq!(before.len() + after.len(), 2 * kept(&input, dir.path()));
}

/// How many records the batches of a folder were read from.
fn read_in(data: &Path) -> u64 {
    let manifest = std::fs::read_to_string(data.join("batches").join("manifest.jsonl")).unwrap();
    let read = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line.split('\t').next()?).ok()?;
        value["read"].as_u64()
    };
    manifest.lines().filter_map(read).sum()
}

/// How many of the records of a file are kept.
fn kept(input: &Path, dir: &Path) -> usize {
    let data = dir.join("direct");
    let output = run(
        "engine",
        &[
            "--once",
            "--input",
            input.to_str().unwrap(),
            "--data-dir",
            data.to_str().unwrap(),
        ],
    );
    saved(&output, &data).len()
}

#[test]
fn the_marks_of_transactions_at_the_end_of_a_topic_are_no_records_to_wait_for() {
    const SALE: &str = r#"{"invoice":"536365","stock_code":"85123A","description":"HOLDER","quantity":6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,"country":"France","timestamp":"2024-01-01T00:00:00.010000"}"#;
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("marks");
    let settings = retail_kafka::Settings::new(brokers());
    retail_kafka::ensure_topic(&settings, &topic, 1).unwrap();
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .set("transactional.id", &topic)
        .create()
        .unwrap();
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience).unwrap();
    producer.begin_transaction().unwrap();
    for _ in 0..5 {
        let record = BaseRecord::<[u8], [u8]>::to(&topic).payload(SALE.as_bytes());
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.commit_transaction(patience).unwrap();

    // Both are of one group; the second one finds that the first one has read it all, though the last
    // record is not at the end.
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    for (data, read) in [(&a, 5), (&b, 0)] {
        let args = ["--once", "--brokers", &brokers(), "--topic", &topic];
        let more = ["--group", &topic, "--data-dir", data.to_str().unwrap()];
        let output = run("consumer", &[&args[..], &more[..]].concat());
        assert!(output.status.success(), "{}", log(&output));
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["rows_read"], read);
        let said = log(&output);
        assert!(!said.contains("nobody has saved yet"), "{said}");
    }
}

#[test]
fn a_copy_of_a_data_folder_takes_the_place_of_the_first_which_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (input, topic) = (input(dir.path(), 2_000), new_topic("copy"));
    produce(&topic, input.to_str().unwrap(), 2);
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    let mut first = Consumer::start(&brokers(), &topic, &a);
    wait_for_a_batch(&a, &first);
    std::fs::create_dir_all(b.join("logs")).unwrap();
    std::fs::copy(a.join("logs/kafka.json"), b.join("logs/kafka.json")).unwrap();
    let second = Consumer::start(&brokers(), &topic, &b);
    let status = first.wait();
    let said = first.log();
    assert!(!status.success(), "{said}");
    for part in [
        "error: another consumer has joined the group",
        "in this one's place",
        "logs/kafka.json",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    second.stop();
}
