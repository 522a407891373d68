//! Every record is in exactly one batch or among the dead letters.

use std::collections::BTreeSet;

use super::topics::{answer, consume, letters, new_topic, produce};
use super::{batches, input, rows};

fn rejected(summary: &serde_json::Value) -> u64 {
    let reasons = summary["rejected"].as_object().expect("a map of reasons");
    reasons.values().filter_map(serde_json::Value::as_u64).sum()
}

#[test]
fn through_one_partition_batches_are_those_of_the_file_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 40_000);
    let (input, topic) = (input.to_str().unwrap(), new_topic("one"));
    let produced = produce(&topic, input, 1);
    assert_eq!(produced["read"], produced["delivered"]);

    let direct = dir.path().join("direct");
    let from_file = answer(
        "engine",
        &[
            "--once",
            "--input",
            input,
            "--data-dir",
            direct.to_str().unwrap(),
        ],
    );
    let data = dir.path().join("kafka");
    let from_topic = consume(&topic, data.to_str().unwrap());
    for key in ["rows_read", "rows_kept", "rejected", "batches"] {
        assert_eq!(from_topic[key], from_file[key], "{key}");
    }
    assert_eq!(batches(&data), batches(&direct));
    let metrics = |summary: &serde_json::Value| -> Vec<serde_json::Value> {
        let models = summary["models"].as_array().expect("models");
        models
            .iter()
            .map(|model| model["holdout"].clone())
            .collect()
    };
    assert_eq!(
        metrics(&from_topic),
        metrics(&from_file),
        "the same rows, the same models"
    );
}

#[test]
fn through_three_partitions_every_record_is_in_one_batch_or_a_dead_letter() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 60_000);
    let (input, topic) = (input.to_str().unwrap(), new_topic("three"));
    let produced = produce(&topic, input, 3);
    let direct = dir.path().join("direct");
    let from_file = answer(
        "engine",
        &[
            "--once",
            "--input",
            input,
            "--data-dir",
            direct.to_str().unwrap(),
        ],
    );
    let data = dir.path().join("kafka");
    let from_topic = consume(&topic, data.to_str().unwrap());
    assert_eq!(from_topic["rows_read"], produced["delivered"]);
    assert_eq!(from_topic["rejected"], from_file["rejected"]);
    assert_eq!(rows(&data), rows(&direct));

    let letters = letters(&topic, 3);
    assert_eq!(letters.len() as u64, rejected(&from_topic));
    let places: BTreeSet<_> = letters.iter().map(|l| (l.partition, l.offset)).collect();
    assert_eq!(places.len(), letters.len(), "no letter twice");
    assert!(letters.iter().all(|letter| letter.topic == topic));
    let used: BTreeSet<u64> = letters.iter().map(|letter| letter.partition).collect();
    assert_eq!(
        used.len(),
        3,
        "rejected records are spread over the partitions"
    );
    // A rejected record is there as it was.
    let cancelled = letters.iter().find(|letter| letter.reason == "cancelled");
    if let Some(letter) = cancelled {
        let value: serde_json::Value = serde_json::from_slice(&letter.value).unwrap();
        assert!(value["invoice"].as_str().unwrap().starts_with(['C', 'c']));
    }
}

#[test]
fn a_second_run_reads_on_and_finds_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 5_000);
    let (input, topic) = (input.to_str().unwrap(), new_topic("again"));
    produce(&topic, input, 2);
    let data = dir.path().join("kafka");
    let data = data.to_str().unwrap();
    let first = consume(&topic, data);
    let again = consume(&topic, data);
    assert_eq!(again["rows_read"], first["rows_read"]);
    assert_eq!(again["batches"], first["batches"]);
    let before = letters(&topic, 2);
    produce(&topic, input, 2);
    let more = consume(&topic, data);
    let twice = 2 * first["rows_read"].as_u64().unwrap();
    assert_eq!(more["rows_read"].as_u64(), Some(twice));
    assert_eq!(letters(&topic, 2).len(), 2 * before.len());
}
