//! What is not there is named.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use retail_kafka::{
    KafkaError, KafkaSource, Settings, Until, ensure_topic, read_dead_letters, replay, resend,
};

use crate::cluster::Cluster;
use crate::runs::records;

const SALE: &str = r#"{"invoice":"536365","stock_code":"85123A","quantity":6,"price":2.55,
    "invoice_date":"2010-12-01 08:26:00","customer_id":17850,"country":"United Kingdom"}"#;

type Try = fn(&Settings) -> Result<(), KafkaError>;

fn open(settings: &Settings) -> Result<(), KafkaError> {
    KafkaSource::open(settings, Until::Caught, None).map(|_| ())
}

#[track_caller]
fn assert_missing<T: std::fmt::Debug>(result: Result<T, KafkaError>, missing: &str) {
    match result {
        Err(KafkaError::NoTopic { topic, .. }) => assert_eq!(topic, missing),
        other => panic!("{missing} is not there, yet {other:?}"),
    }
}

#[test]
fn a_topic_that_is_missing_is_an_error_and_still_missing_afterwards() {
    let cluster = Cluster::new();
    let settings = cluster.settings("sales");
    for _ in 0..2 {
        assert_missing(open(&settings), "sales");
        assert_missing(read_dead_letters(&settings, |_| {}), "sales.dlq");
        assert_missing(resend(&settings, &[SALE]), "sales");
    }
}

#[test]
fn a_missing_topic_is_created_with_as_many_partitions_as_are_asked_for_or_not_at_all() {
    let cluster = Cluster::new();
    let mut settings = cluster.settings("sales");
    let patience = ("socket.timeout.ms".into(), "1000".into());
    settings.client.extend([patience]);
    // This broker creates a topic of four partitions when somebody only asks about it, and cannot
    // create one when told to.
    let error = ensure_topic(&settings, "sales", 3).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot create a topic"),
        "{error}"
    );
    assert_missing(open(&settings), "sales");

    cluster.mock().create_topic("sales", 2, 1).unwrap();
    assert_eq!(ensure_topic(&settings, "sales", 3).unwrap(), 2);
}

#[test]
fn an_address_where_nobody_answers_is_named_within_seconds() {
    // Nobody may listen there but the system.
    const ADDRESS: &str = "127.0.0.1:1";
    let begun = Instant::now();
    let settings = Settings::new(ADDRESS);
    let tries: [(&str, Try); 5] = [
        ("open", open),
        ("ensure_topic", |settings| {
            ensure_topic(settings, "sales", 1).map(|_| ())
        }),
        ("read_dead_letters", |settings| {
            read_dead_letters(settings, |_| {}).map(|_| ())
        }),
        ("resend", |settings| resend(settings, &[SALE]).map(|_| ())),
        ("replay", |settings| {
            let (mut source, stop) = (records(1, 0..10), AtomicBool::new(false));
            replay(&mut source, settings, 1, &stop, |_, _| {}, |_| {}).map(|_| ())
        }),
    ];
    std::thread::scope(|scope| {
        for (name, act) in tries {
            let settings = &settings;
            scope.spawn(move || match act(settings) {
                Err(error @ KafkaError::Unreachable { .. }) => {
                    let text = error.to_string();
                    assert!(text.contains(ADDRESS), "{name}: {text}");
                    assert!(error.is_retryable(), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            });
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(30));
}
