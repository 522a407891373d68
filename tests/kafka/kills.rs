//! Killed at any moment, nothing is lost and nothing is there twice.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::topics::{answer, engine_args, letters, new_topic, produce};
use super::{batches, input};
use crate::support::example;

/// Numbers from 0 to `below`, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Bytes of the list of batches.
fn listed(data: &Path) -> u64 {
    let manifest = data.join("batches").join("manifest.jsonl");
    std::fs::metadata(manifest).map_or(0, |file| file.len())
}

/// Kills the engine once it has saved a batch and so many milliseconds have passed, or ends with it;
/// whether it was cut short while it was reading.
fn kill(child: &mut Child, data: &Path, millis: u64) -> bool {
    let (before, begun) = (listed(data), Instant::now());
    while listed(data) == before && child.try_wait().unwrap().is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "no batch is saved"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(millis));
    let running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    running
}

#[test]
fn killed_at_fifty_moments_batches_and_dead_letters_are_those_of_an_undisturbed_run() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 60_000);
    let (input, topic) = (input.to_str().unwrap(), new_topic("kill"));
    produce(&topic, input, 2);
    let quiet = dir.path().join("quiet");
    let undisturbed = new_topic("quiet");
    produce(&undisturbed, input, 2);
    let args = |topic: &str, data: &Path| {
        let mut args = engine_args(topic, data.to_str().unwrap());
        // Small batches, so that there is something left to be cut short.
        for set in [
            "batch.rows=10",
            "kafka.client.\"group.instance.id\"=\"one\"",
        ] {
            args.extend(["--set".to_owned(), set.to_owned()]);
        }
        args
    };
    let consume = |topic: &str, data: &Path| {
        let args = args(topic, data);
        answer(
            "engine",
            &args.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    };
    let expected = consume(&undisturbed, &quiet);

    let data = dir.path().join("killed");
    let mut dice = Dice(7);
    let mut cut_short = 0;
    for round in 0..50 {
        let mut child = Command::new(example("engine"))
            .args(args(&topic, &data))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if round % 5 == 0 {
            std::thread::sleep(Duration::from_millis(dice.roll(700)));
            let _ = child.kill();
            child.wait().unwrap();
        } else {
            cut_short += u32::from(kill(&mut child, &data, dice.roll(12)));
        }
    }
    assert!(
        cut_short >= 20,
        "only {cut_short} runs were cut short while reading"
    );
    eprintln!("{cut_short} runs were cut short while reading");
    let summary = consume(&topic, &data);
    for key in ["rows_read", "rows_kept", "rejected", "batches"] {
        assert_eq!(summary[key], expected[key], "{key}");
    }
    assert!(batches(&data) == batches(&quiet), "the batches differ");
    // A record without a customer is in any partition, but its letter is there once.
    let of = |topic: &str| {
        let letters = letters(topic, 2).into_iter();
        let mut letters: Vec<_> = letters.map(|l| (l.reason, l.value)).collect();
        letters.sort();
        letters
    };
    assert!(of(&topic) == of(&undisturbed), "the dead letters differ");
}
