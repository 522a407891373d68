//! Where a second run begins.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use retail_kafka::Settings;

use crate::cluster::Cluster;
use crate::runs::{assert_same, batches, consume, fill, records, rows, run};

fn client(settings: &Settings) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    config.set("group.id", &settings.group);
    config.set("partition.assignment.strategy", "cooperative-sticky");
    config.set("enable.auto.commit", "false");
    for (key, value) in &settings.client {
        config.set(key, value);
    }
    config.create().expect("a client")
}

fn partition_0(settings: &Settings, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let added = list.add_partition_offset(&settings.topic, 0, offset);
    added.expect("an offset");
    list
}

/// The offset in partition 0 that the group knows.
pub(crate) fn committed(settings: &Settings) -> Offset {
    let asked = partition_0(settings, Offset::Invalid);
    let known = client(settings).committed_offsets(asked, Duration::from_secs(5));
    let known = known.expect("an answer");
    known.elements()[0].offset()
}

/// Makes the group believe that partition 0 has been read up to here.
fn commit(settings: &Settings, offset: i64) {
    let member = client(settings);
    member.subscribe(&[&settings.topic]).expect("a topic");
    let begun = Instant::now();
    while member.assignment().expect("a list").count() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "no assignment");
        // What it reads, or fails to read, is of no interest.
        let _ = member.poll(Duration::from_millis(10));
    }
    let list = partition_0(settings, Offset::Offset(offset));
    member.commit(&list, CommitMode::Sync).expect("a commit");
}

/// Reads 900 records, lets something happen once there are 600 more, and reads these, and only these.
#[track_caller]
fn goes_on_by_its_disk(happens: impl FnOnce(&Settings)) {
    let dir = tempfile::tempdir().unwrap();
    let (direct, data) = (dir.path().join("direct"), dir.path().join("kafka"));
    let expected = run(&mut records(3, 0..1_500), &direct);
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");

    fill(&cluster, records(3, 0..900));
    let (first, _) = consume(&settings, &data);
    assert_eq!(first.rows_read, 900);
    assert_eq!(committed(&settings), Offset::Offset(900));
    let before = rows(&data);

    fill(&cluster, records(3, 900..1_500));
    happens(&settings);
    let (second, metrics) = consume(&settings, &data);
    assert_eq!(metrics.messages, 600);
    assert_same(&second, &expected);
    let after = rows(&data);
    assert!(after[..before.len()] == before, "what was saved stays");
    assert!(after == rows(&direct), "nothing twice, nothing missing");
    assert_eq!(committed(&settings), Offset::Offset(1_500));
}

#[test]
fn a_second_run_repeats_nothing_where_the_group_is_behind() {
    goes_on_by_its_disk(|settings| {
        commit(settings, 100);
        assert_eq!(committed(settings), Offset::Offset(100));
    });
}

#[test]
fn a_second_run_leaves_nothing_out_where_the_group_is_ahead() {
    goes_on_by_its_disk(|settings| {
        commit(settings, 1_200);
        assert_eq!(committed(settings), Offset::Offset(1_200));
    });
}

#[test]
fn a_second_run_over_a_topic_that_has_not_grown_reads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    fill(&cluster, records(4, 0..600));
    let (first, _) = consume(&settings, dir.path());
    let before = batches(dir.path());
    let (again, metrics) = consume(&settings, dir.path());
    assert_eq!((first.rows_read, metrics.messages), (600, 0));
    assert_same(&again, &first);
    assert!(batches(dir.path()) == before);
}

#[test]
fn a_run_whose_commits_were_all_refused_is_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    fill(&cluster, records(5, 0..600));
    let commits = RDKafkaApiKey::OffsetCommit;
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    cluster.mock().request_errors(commits, &[refused; 100]);
    let (first, _) = consume(&settings, dir.path());
    assert_eq!(first.rows_read, 600);
    assert_eq!(
        committed(&settings),
        Offset::Invalid,
        "the group knows nothing"
    );

    cluster.mock().clear_request_errors(commits);
    let (again, metrics) = consume(&settings, dir.path());
    assert_eq!(metrics.messages, 0);
    assert_same(&again, &first);
}
