//! What is wrong is said at once, and names what and where.

use std::time::{Duration, Instant};

use super::topics::{brokers, consume, engine_args, letters, new_topic, run, write};

#[test]
fn no_broker_at_the_address_is_an_error_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    for (program, args) in [
        (
            "engine",
            vec!["--once", "--kafka", "127.0.0.1:1", "--data-dir", data],
        ),
        (
            "consumer",
            vec!["--once", "--brokers", "127.0.0.1:1", "--data-dir", data],
        ),
    ] {
        let begun = Instant::now();
        let output = run(program, &args);
        assert!(!output.status.success(), "{program}");
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "{program} took {:?}",
            begun.elapsed()
        );
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(
            log.contains("no Kafka broker answers at 127.0.0.1:1"),
            "{program}: {log}"
        );
    }
}

#[test]
fn a_topic_that_is_missing_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("missing");
    let data = dir.path().join("data");
    let args = engine_args(&topic, data.to_str().unwrap());
    let output = run(
        "engine",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        log.contains(&format!("there is no topic {topic} at {}", brokers())),
        "{log}"
    );
}

#[test]
fn a_topic_created_again_is_not_taken_for_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("again");
    let data = dir.path().join("data");
    let sale = |invoice: u32| {
        let value = format!(
            "{{\"invoice\":\"{invoice}\",\"stock_code\":\"1\",\"quantity\":1,\"invoice_date\":\
             \"2010-12-01 08:26:00\",\"price\":1.5,\"customer_id\":3,\"timestamp\":\
             \"2024-01-01T00:00:00.010000\"}}"
        );
        Some(value.into_bytes())
    };
    write(&topic, &(0..100).map(sale).collect::<Vec<_>>());
    consume(&topic, data.to_str().unwrap());
    delete(&topic);
    for (rows, why) in [
        (50_u32, "100 records were read of it, and it has 50"),
        (150, "is not the one that was saved"),
    ] {
        write(&topic, &(1_000..1_000 + rows).map(sale).collect::<Vec<_>>());
        let args = engine_args(&topic, data.to_str().unwrap());
        let output = run(
            "engine",
            &args.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        assert!(!output.status.success(), "{rows} rows");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(log.contains(why), "{rows} rows: {log}");
        delete(&topic);
    }
}

#[test]
fn letters_of_an_earlier_topic_do_not_stand_for_those_of_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("letters");
    let broken = |what: &str, count: u32| -> Vec<_> {
        let value = |number| Some(format!("{what} {number}").into_bytes());
        (0..count).map(value).collect()
    };
    write(&topic, &broken("old", 30));
    let old = dir.path().join("old");
    keeps_nothing(&engine_args(&topic, old.to_str().unwrap()), 30);
    assert_eq!(letters(&topic, 1).len(), 30);
    delete(&topic);
    write(&topic, &broken("new", 40));
    // Another group, as the old one has offsets of the old topic.
    let data = dir.path().join("new");
    let mut args = engine_args(&topic, data.to_str().unwrap());
    args.extend(["--set".to_owned(), format!("kafka.group=\"{topic}.new\"")]);
    keeps_nothing(&args, 40);
    let letters = letters(&topic, 1);
    let new = letters
        .iter()
        .filter(|letter| letter.value.starts_with(b"new"));
    assert_eq!((letters.len(), new.count()), (70, 40));
}

/// Runs the engine on so many records, none of which can be read: it says so, and fails.
fn keeps_nothing(args: &[String], records: u64) {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = run("engine", &args);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{log}");
    let said = format!(
        "none of {records} records was kept; {records} of them for unparsable_field, the first at \
         partition 0, offset 0: record: expected a JSON object, got"
    );
    assert!(log.contains(&said), "{log}");
}

/// Deletes a topic, and waits until it is gone.
pub(crate) fn delete(topic: &str) {
    use rdkafka::ClientConfig;
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .create()
        .unwrap();
    let deleting = admin.delete_topics(&[topic], &AdminOptions::new());
    pollster::block_on(deleting).unwrap();
    let begun = Instant::now();
    loop {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{topic} is not deleted"
        );
        let metadata = admin
            .inner()
            .fetch_metadata(Some(topic), Duration::from_secs(5))
            .unwrap();
        let there = metadata
            .topics()
            .iter()
            .any(|t| t.name() == topic && t.error().is_none());
        if !there {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
