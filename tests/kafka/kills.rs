//! Killed at any moment, nothing is lost and nothing is there twice.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::topics::{consume, engine_args, letters, new_topic, produce};
use super::{batches, input};
use crate::support::example;

/// Numbers from 0 to `below`, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[test]
fn killed_at_fifty_moments_batches_and_dead_letters_are_those_of_an_undisturbed_run() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 40_000);
    let (input, topic) = (input.to_str().unwrap(), new_topic("kill"));
    produce(&topic, input, 1);
    let quiet = dir.path().join("quiet");
    let undisturbed = new_topic("quiet");
    produce(&undisturbed, input, 1);
    let expected = consume(&undisturbed, quiet.to_str().unwrap());

    let data = dir.path().join("killed");
    let args = engine_args(&topic, data.to_str().unwrap());
    let mut dice = Dice(7);
    let mut cut_short = 0;
    for _ in 0..50 {
        let mut child = Command::new(example("engine"))
            .args(&args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(dice.roll(700)));
        cut_short += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(cut_short >= 10, "only {cut_short} runs were cut short");
    let summary = consume(&topic, data.to_str().unwrap());
    for key in ["rows_read", "rows_kept", "rejected", "batches"] {
        assert_eq!(summary[key], expected[key], "{key}");
    }
    assert!(batches(&data) == batches(&quiet), "the batches differ");
    let without_topic = |topic: &str| {
        let letters = letters(topic, 1).into_iter();
        letters
            .map(|l| (l.partition, l.offset, l.reason, l.value))
            .collect::<Vec<_>>()
    };
    assert!(
        without_topic(&topic) == without_topic(&undisturbed),
        "the dead letters differ"
    );
}
