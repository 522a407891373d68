//! Brokers that refuse, cut and delay.

use std::time::Duration;

use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaApiKey::{self as Api};
use rdkafka::types::RDKafkaRespErr::{
    self as Code, RD_KAFKA_RESP_ERR__TRANSPORT as CUT,
    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS as LOADING,
    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE as NO_LEADER,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS as TOO_FEW,
    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION as NOT_LEADER,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT as TIMED_OUT,
};
use retail_kafka::{MetricsSnapshot, Settings};

use crate::cluster::Cluster;
use crate::letters::letters;
use crate::resuming::committed;
use crate::runs::{assert_same, batches, consume, fill, produce, records, run};

/// Writes and reads records while `trouble` is made before
/// each of the two; what comes out has to be what comes out without Kafka.
#[track_caller]
fn nothing_is_lost_or_repeated(
    cluster: &Cluster,
    settings: &Settings,
    trouble: [&[(Api, &[Code])]; 2],
) -> MetricsSnapshot {
    let dir = tempfile::tempdir().unwrap();
    let (direct, data) = (dir.path().join("direct"), dir.path().join("kafka"));
    let expected = run(&mut records(9, 0..1_500), &direct);
    let [writing, reading] = trouble;
    let refuse = |trouble: &[(Api, &[Code])]| {
        for (requests, errors) in trouble {
            cluster.refuse(*requests, errors);
        }
    };
    let met = |trouble: &[(Api, &[Code])]| {
        for (requests, _) in trouble {
            assert_eq!(cluster.left(*requests), 0, "{requests:?} met all errors");
        }
    };
    refuse(writing);
    if writing.is_empty() {
        fill(cluster, records(9, 0..1_500));
    } else {
        let produced = produce(&mut records(9, 0..1_500), settings, 1);
        assert_eq!(produced.delivered, 1_500);
    }
    met(writing);

    refuse(reading);
    let (got, metrics) = consume(settings, &data);
    assert_same(&got, &expected);
    assert!(batches(&data) == batches(&direct), "the same batches");
    met(reading);
    assert_eq!(metrics.messages, 1_500);
    assert_eq!(letters(settings).len() as u64, got.rejected.total());
    assert_eq!(committed(settings), Offset::Offset(1_500));
    metrics
}

#[test]
fn a_broker_that_refuses_messages_for_a_while_gets_each_once_and_in_order() {
    let cluster = Cluster::with_topic("sales", 1);
    let writing: &[(Api, &[Code])] = &[
        (Api::InitProducerId, &[LOADING]),
        (Api::Produce, &[NOT_LEADER, TIMED_OUT, TOO_FEW, CUT]),
    ];
    nothing_is_lost_or_repeated(&cluster, &cluster.settings("sales"), [writing, &[]]);
}

#[test]
fn a_broker_that_refuses_to_give_messages_for_a_while_is_asked_again() {
    let cluster = Cluster::with_topic("sales", 1);
    let reading: &[(Api, &[Code])] = &[(Api::Fetch, &[NOT_LEADER, NO_LEADER, TIMED_OUT])];
    nothing_is_lost_or_repeated(&cluster, &cluster.settings("sales"), [&[], reading]);
}

#[test]
fn a_group_that_is_not_ready_is_joined_and_told_later() {
    let cluster = Cluster::with_topic("sales", 1);
    let reading: &[(Api, &[Code])] = &[
        (Api::JoinGroup, &[LOADING]),
        (Api::OffsetFetch, &[LOADING]),
        (Api::OffsetCommit, &[LOADING, TIMED_OUT]),
    ];
    nothing_is_lost_or_repeated(&cluster, &cluster.settings("sales"), [&[], reading]);
}

#[test]
fn a_connection_that_is_cut_while_reading_is_made_again_and_counted() {
    let cluster = Cluster::with_topic("sales", 1);
    let reading: &[(Api, &[Code])] = &[(Api::Fetch, &[CUT, CUT])];
    let settings = cluster.settings("sales");
    let metrics = nothing_is_lost_or_repeated(&cluster, &settings, [&[], reading]);
    assert!(metrics.retries > 0);
}

#[test]
fn a_slow_broker_changes_nothing() {
    let cluster = Cluster::with_topic("sales", 1);
    let slow = Duration::from_millis(30);
    cluster.mock().broker_round_trip_time(-1, slow).unwrap();
    let mut settings = cluster.settings("sales");
    // Few requests.
    settings.client.remove("batch.num.messages");
    // A heartbeat must have come back before the next one is due.
    settings
        .client
        .insert("heartbeat.interval.ms".into(), "200".into());
    settings
        .client
        .insert("session.timeout.ms".into(), "1500".into());
    nothing_is_lost_or_repeated(&cluster, &settings, [&[], &[]]);
}
