//! Consumers of one group, one after the other, each with a folder of its own. Two at the same time
//! are for a real broker: this one refuses commits while its members are counted, and waits for none.

use std::time::Duration;

use rdkafka::Offset;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use retail_core::Error;
use retail_core::source::{Position, Source};
use retail_kafka::{KafkaSource, Until};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::letters::letters;
use crate::resuming::committed;
use crate::runs::{consume, engine, fill, records, rows, run, sorted};

#[test]
fn consumers_that_take_turns_read_each_record_once() {
    let dir = tempfile::tempdir().unwrap();
    let [direct, a, b] = ["direct", "a", "b"].map(|name| dir.path().join(name));
    let expected = run(&mut records(10, 0..2_400), &direct);
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    let turns = [(&a, 0..800), (&b, 800..1_600), (&a, 1_600..2_400)];
    for (data, part) in turns {
        fill(&cluster, records(10, part));
        let (_, metrics) = consume(&settings, data);
        assert_eq!(metrics.messages, 800, "what the other one has not read");
    }
    let together = [rows(&a), rows(&b)].concat();
    assert!(sorted(together) == sorted(rows(&direct)), "the same rows");
    let rejected = expected.rejected.total() as usize;
    assert_eq!(letters(&settings).len(), rejected);
}

#[test]
fn one_that_is_ended_before_it_has_answered_the_group_does_end() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 2);
    let settings = cluster.settings("sales");
    fill(&cluster, records(12, 0..60));
    let (ended, wait) = std::sync::mpsc::channel();
    let data = dir.path().to_owned();
    std::thread::spawn(move || {
        let mut source = KafkaSource::open(&settings, Until::Stopped, Some(&data)).unwrap();
        source.seek(&Position::default()).unwrap();
        // Time for the group to give it partitions, which it does not look at.
        std::thread::sleep(Duration::from_millis(500));
        drop(source);
        ended.send(()).unwrap();
    });
    wait.recv_timeout(Duration::from_secs(30))
        .expect("it ends within moments");
}

#[test]
fn one_that_was_read_after_without_its_knowledge_says_so_and_reads_nothing() {
    // This cluster refuses commits while it counts its members, which may take until the second consumer
    // is gone. Then the group knows of neither, and there is nothing to be said.
    let (dir, cluster) = (0..20)
        .find_map(|_| read_twice())
        .expect("the group learns of the second consumer");
    let a = dir.path().join("a");
    let before = rows(&a);
    let settings = cluster.settings("sales");
    let mut source = KafkaSource::open(&settings, Until::Caught, Some(&a)).unwrap();
    let error = engine(&a).run(&mut source).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error}");
    let said = "sales, partition 0: saved up to 600 here, but another consumer of the group has \
                taken over from 0";
    assert!(error.to_string().contains(said), "{error}");
    assert!(rows(&a) == before);
}

/// A cluster whose records two consumers have read, because the first could not tell the group; `None` if
/// the second could not, either.
fn read_twice() -> Option<(TempDir, Cluster)> {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    fill(&cluster, records(11, 0..600));
    // As if it had died before it could tell the group.
    let commits = RDKafkaApiKey::OffsetCommit;
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    cluster.mock().request_errors(commits, &[refused; 100]);
    consume(&settings, &a);
    cluster.mock().clear_request_errors(commits);
    let (other, _) = consume(&settings, &b);
    assert_eq!(other.rows_read, 600, "the group knew nothing");
    (committed(&settings) == Offset::Offset(600)).then_some((dir, cluster))
}
