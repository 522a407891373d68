//! A broker that goes away and comes back, and a topic that does not.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::broken::delete;
use super::groups::{Consumer, direct_rows, finish, produce_slowly, wait_for_a_batch};
use super::topics::{brokers, letters_at, new_topic, produce};
use super::{input, rows};

/// A broker of the test's own.
struct Broker {
    folder: PathBuf,
    address: String,
}

impl Broker {
    fn start(folder: &Path) -> Self {
        // A port that is free, as is the one after it, most likely.
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port().min(65_000);
        drop(socket);
        let broker = Self {
            folder: folder.to_owned(),
            address: format!("127.0.0.1:{port}"),
        };
        broker.command("start");
        broker
    }

    fn command(&self, command: &str) {
        let port = self.address.rsplit(':').next().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/broker");
        let status = Command::new(script)
            .arg(command)
            .arg(&self.folder)
            .arg(port)
            .status();
        assert!(status.unwrap().success(), "tests/broker {command}");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/broker");
        let _ = Command::new(script)
            .arg("remove")
            .arg(&self.folder)
            .status();
    }
}

#[test]
fn a_broker_killed_for_twenty_seconds_costs_no_record() {
    const RATE: &str = "2000";
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 20_000);
    let expected = direct_rows(&input, &dir.path().join("direct"), RATE);
    let broker = Broker::start(&dir.path().join("broker"));
    let (topic, data) = (new_topic("outage"), dir.path().join("data"));
    let settings = retail_kafka::Settings::new(&broker.address);
    retail_kafka::ensure_topic(&settings, &topic, 4).unwrap();
    let consumer = Consumer::start(&broker.address, &topic, &data);
    let mut producer = produce_slowly(&broker.address, &topic, &input, RATE);
    wait_for_a_batch(&data, &consumer);
    broker.command("kill");
    std::thread::sleep(Duration::from_secs(20));
    assert!(
        producer.try_wait().unwrap().is_none(),
        "the producer waits for the broker"
    );
    broker.command("start");
    wait_for_a_batch(&data, &consumer);
    assert!(producer.wait().unwrap().success(), "the producer goes on");
    consumer.stop();
    finish(&broker.address, &topic, &data);
    let saved = rows(&data);
    assert_eq!(saved.len(), expected.len());
    assert!(saved == expected, "the same rows");
    let letters = letters_at(&broker.address, &topic, 4);
    let read = std::fs::read_to_string(&input).unwrap().lines().count() - 1;
    assert_eq!(
        letters.len(),
        read - expected.len(),
        "a letter for every other record"
    );
}

#[test]
fn a_topic_deleted_while_it_is_read_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 5_000);
    let (topic, data) = (new_topic("deleted"), dir.path().join("data"));
    produce(&topic, input.to_str().unwrap(), 2);
    let mut consumer = Consumer::start(&brokers(), &topic, &data);
    wait_for_a_batch(&data, &consumer);
    delete(&topic);
    let status = consumer.wait();
    let log = consumer.log();
    assert!(!status.success(), "{log}");
    assert!(
        log.contains(&format!("there is no topic {topic} at {}", brokers())),
        "{log}"
    );
}
