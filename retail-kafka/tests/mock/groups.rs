//! Consumers that share a topic.

use std::path::Path;
use std::time::{Duration, Instant};

use retail_core::engine::{RunReport, StopHandle};
use retail_kafka::{KafkaSource, Metrics, Settings, Until};

use crate::cluster::Cluster;
use crate::letters::letters;
use crate::runs::{engine, produce, records, rows, run, sorted};

/// An engine that reads until it is stopped, in a thread of its own.
struct Running {
    metrics: std::sync::Arc<Metrics>,
    stop: StopHandle,
    thread: std::thread::JoinHandle<RunReport>,
}

impl Running {
    fn start(settings: &Settings, data: &Path) -> Self {
        let source = KafkaSource::open(settings, Until::Stopped, Some(data));
        let mut source = source.expect("a topic");
        let mut engine = engine(data);
        Self {
            metrics: source.metrics(),
            stop: engine.stop_handle(),
            thread: std::thread::spawn(move || engine.run(&mut source).expect("a run")),
        }
    }

    fn messages(&self) -> u64 {
        self.metrics.snapshot().messages
    }

    fn stop(self) -> RunReport {
        self.stop.stop();
        self.thread.join().expect("it has ended well")
    }
}

#[track_caller]
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn one_that_joins_and_one_that_leaves_share_the_records_without_loss_or_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let [direct, a, b] = ["direct", "a", "b"].map(|name| dir.path().join(name));
    let expected = run(&mut records(10, 0..3_000), &direct);
    let cluster = Cluster::with_topic("sales", 4);
    let mut settings = cluster.settings("sales");
    // Time enough for both to come back when partitions change hands.
    settings
        .client
        .insert("session.timeout.ms".into(), "1500".into());
    let part = |from: usize| {
        produce(&mut records(10, from..from + 1_000), &settings, 4);
    };

    part(0);
    let first = Running::start(&settings, &a);
    wait("the first one reads", || first.messages() == 1_000);
    let second = Running::start(&settings, &b);
    wait("the second one has partitions", || {
        second.metrics.snapshot().rebalances > 0
    });
    part(1_000);
    wait("both read", || {
        first.messages() + second.messages() >= 2_000
    });
    assert!(second.messages() > 0, "both have a share");
    let first = first.stop();
    part(2_000);
    wait("the second one reads all", || {
        first.rows_read + second.messages() >= 3_000
    });
    let second = second.stop();

    assert_eq!(first.rows_read + second.rows_read, 3_000);
    assert_eq!(first.rows_kept + second.rows_kept, expected.rows_kept);
    let together = [rows(&a), rows(&b)].concat();
    assert!(sorted(together) == sorted(rows(&direct)), "the same rows");
    let rejected = expected.rejected.total() as usize;
    assert_eq!(letters(&settings).len(), rejected);
}
