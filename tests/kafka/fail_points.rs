//! Ended at each moment between taking a message and telling the group, nothing is lost and nothing
//! is there twice.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::topics::{brokers, letters, new_topic, produce};
use super::{batches, input};
use crate::support::example;

const PARTITIONS: u32 = 2;

/// The signal with which the engine ends when it is told to: nothing is tidied up.
const ABORTED: Option<i32> = Some(6);

/// The moments on the way of a message, in order, and at which of their occurrences the run ends: one
/// of the first, and a later one, when batches and dead letters exist already.
const MOMENTS: [(&str, [u32; 2]); 18] = [
    ("message polled", [1, 2_000]),
    ("dead letter written", [1, 700]),
    ("rejects half written", [1, 50]),
    ("rejects written", [1, 50]),
    ("file half written", [3, 70]),
    ("batch file written", [1, 75]),
    ("batch file renamed", [1, 80]),
    ("manifest half written", [2, 3]),
    ("manifest written", [2, 4]),
    ("batch file synced", [1, 90]),
    ("folder synced", [3, 1]),
    ("rejects synced", [1, 2]),
    ("manifest synced", [1, 2]),
    ("batches saved", [1, 2]),
    ("dead letters delivered", [1, 2]),
    ("offsets committed", [1, 2]),
    ("notes written", [1, 2]),
    ("notes saved", [1, 2]),
];

/// Reads the topic into a folder, as the only member of a group and with dead letters of that name.
fn engine(topic: &str, name: &str, data: &Path, fail_at: Option<&str>) -> Output {
    let mut command = Command::new(example("engine-fail-points"));
    command.args(["--once", "--kafka", &brokers()]);
    for set in [
        format!("kafka.topic=\"{topic}\""),
        format!("kafka.group=\"{name}\""),
        format!("kafka.dead_letters=\"{name}.dlq\""),
        "batch.rows=10".to_owned(),
        // Its place in the group waits for it.
        "kafka.client.\"group.instance.id\"=\"one\"".to_owned(),
        "train.policy=\"manual\"".to_owned(),
    ] {
        command.args(["--set", &set]);
    }
    command.arg("--data-dir").arg(data).stdin(Stdio::null());
    if let Some(moment) = fail_at {
        command.env("RETAIL_FAIL_AT", moment);
    }
    command.output().expect("the engine starts")
}

#[test]
fn ended_at_each_moment_batches_and_dead_letters_are_those_of_an_undisturbed_run() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 6_000);
    let topic = new_topic("moments");
    produce(&topic, input.to_str().unwrap(), PARTITIONS);
    let quiet = dir.path().join("quiet");
    let undisturbed = format!("{topic}-quiet");
    let finish = |name: &str, data: &Path| {
        let output = engine(&topic, name, data, None);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {log}");
    };
    finish(&undisturbed, &quiet);
    let (expected, rejected) = (batches(&quiet), letters(&undisturbed, PARTITIONS as i32));
    assert!(expected.len() > 300 && rejected.len() > 1_000);

    for (number, (moment, times)) in MOMENTS.into_iter().enumerate() {
        let name = format!("{topic}-{number}");
        let data = dir.path().join(&name);
        for times in times {
            let at = format!("{moment}:{times}");
            let output = engine(&topic, &name, &data, Some(&at));
            let log = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.signal(), ABORTED, "{at} is not passed: {log}");
        }
        finish(&name, &data);
        assert!(batches(&data) == expected, "the batches differ: {moment}");
        let letters = letters(&name, PARTITIONS as i32);
        assert!(letters == rejected, "the dead letters differ: {moment}");
    }
}
