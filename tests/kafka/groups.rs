//! Consumers that join and leave a group while records arrive.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::topics::{answer, brokers, letters, new_topic};
use super::{input, rows};
use crate::support::example;

/// A consumer that runs until it is stopped.
pub(crate) struct Consumer {
    child: Child,
    log: PathBuf,
}

impl Consumer {
    pub(crate) fn start(brokers: &str, topic: &str, data: &Path) -> Self {
        Self::start_with(brokers, topic, data, &[])
    }

    /// One whose partitions go to others as soon as it ends, and not only when its session is over.
    fn start_without_name(brokers: &str, topic: &str, data: &Path) -> Self {
        Self::start_with(brokers, topic, data, &["--set", "group.instance.id="])
    }

    fn start_with(brokers: &str, topic: &str, data: &Path, more: &[&str]) -> Self {
        let log = data.with_extension("log");
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = Command::new(example("consumer"))
            .args([
                "--brokers",
                brokers,
                "--topic",
                topic,
                "--group",
                topic,
                "--data-dir",
            ])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is a batch more than now.
pub(crate) fn wait_for_a_batch(data: &Path, who: &Consumer) {
    let manifest = data.join("batches").join("manifest.jsonl");
    let size = || std::fs::metadata(&manifest).map_or(0, |file| file.len());
    let (before, begun) = (size(), Instant::now());
    while size() == before {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "no batch is saved: {}",
            who.log()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes so many records a second, with the stream times that they have in a direct run.
pub(crate) fn produce_slowly(brokers: &str, topic: &str, input: &Path, rate: &str) -> Child {
    Command::new(example("producer"))
        .args(["--brokers", brokers, "--topic", topic, "--partitions", "4"])
        .args(["--rate", rate, "--speed-up", "1", "--input"])
        .arg(input)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The rows that a run without Kafka saves.
pub(crate) fn direct_rows(input: &Path, data: &Path, rate: &str) -> Vec<String> {
    let (input, data_dir) = (input.to_str().unwrap(), data.to_str().unwrap());
    answer(
        "engine",
        &[
            "--once",
            "--input",
            input,
            "--rate",
            rate,
            "--data-dir",
            data_dir,
        ],
    );
    rows(data)
}

/// Reads what is left with a consumer that has read before.
pub(crate) fn finish(brokers: &str, topic: &str, data: &Path) -> serde_json::Value {
    let data = data.to_str().unwrap();
    answer(
        "consumer",
        &[
            "--once",
            "--brokers",
            brokers,
            "--topic",
            topic,
            "--group",
            topic,
            "--data-dir",
            data,
        ],
    )
}

#[test]
fn consumers_that_join_and_leave_share_the_records_without_loss_or_repeat() {
    const RATE: &str = "2000";
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 36_000);
    let expected = direct_rows(&input, &dir.path().join("direct"), RATE);
    let (brokers, topic) = (brokers(), new_topic("group"));
    let settings = retail_kafka::Settings::new(&brokers);
    retail_kafka::ensure_topic(&settings, &topic, 4).unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));

    let first = Consumer::start_without_name(&brokers, &topic, &a);
    let mut producer = produce_slowly(&brokers, &topic, &input, RATE);
    wait_for_a_batch(&a, &first);
    let second = Consumer::start_without_name(&brokers, &topic, &b);
    wait_for_a_batch(&b, &second);
    first.stop();
    wait_for_a_batch(&b, &second);
    let first = Consumer::start_without_name(&brokers, &topic, &a);
    wait_for_a_batch(&a, &first);
    wait_for_a_batch(&b, &second);
    let running = producer.try_wait().unwrap().is_none();
    assert!(running, "all of this happens while records arrive");
    assert!(producer.wait().unwrap().success());
    second.stop();
    first.stop();
    finish(&brokers, &topic, &a);

    let mut together = rows(&a);
    assert!(together.len() < expected.len(), "both have read");
    together.extend(rows(&b));
    together.sort_unstable();
    assert_eq!(together.len(), expected.len());
    assert!(together == expected, "the same rows");
    let letters = letters(&topic, 4);
    let mut places: Vec<_> = letters.iter().map(|l| (l.partition, l.offset)).collect();
    places.dedup();
    assert_eq!(places.len(), letters.len(), "no letter twice");
    let read = std::fs::read_to_string(&input).unwrap().lines().count() - 1;
    assert_eq!(
        letters.len(),
        read - expected.len(),
        "every other record is a letter"
    );
}

#[test]
fn a_consumer_stopped_while_another_joins_leaves_nothing_to_be_read_twice() {
    const RATE: &str = "1500";
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 36_000);
    let expected = direct_rows(&input, &dir.path().join("direct"), RATE);
    let (brokers, topic) = (brokers(), new_topic("hurry"));
    let settings = retail_kafka::Settings::new(&brokers);
    retail_kafka::ensure_topic(&settings, &topic, 4).unwrap();
    let folders = [dir.path().join("a"), dir.path().join("b")];

    let mut current = Consumer::start_without_name(&brokers, &topic, &folders[0]);
    let mut producer = produce_slowly(&brokers, &topic, &input, RATE);
    for (round, pause) in [400, 700, 1_000, 2_000].into_iter().enumerate() {
        wait_for_a_batch(&folders[round % 2], &current);
        let next = Consumer::start_without_name(&brokers, &topic, &folders[(round + 1) % 2]);
        std::thread::sleep(Duration::from_millis(pause));
        current.stop();
        current = next;
    }
    assert!(producer.wait().unwrap().success());
    current.stop();
    finish(&brokers, &topic, &folders[0]);
    let mut together = rows(&folders[0]);
    together.extend(rows(&folders[1]));
    together.sort_unstable();
    assert_eq!(together.len(), expected.len());
    assert!(together == expected, "the same rows");
}
