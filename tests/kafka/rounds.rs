//! Killed at random moments and started again at once, a run to the end of a topic leaves nothing
//! unread and nothing twice, though the group still counts on members that are dead.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::kills::Dice;
use super::topics::{answer, brokers, letters, new_topic, produce};
use super::{input, rows};
use crate::support::example;

/// For each number of partitions.
const ROUNDS: u32 = 10;
const KILLS: u32 = 4;

/// The arguments with which the engine reads a topic to its end, in a group and with dead letters of
/// that name.
fn args(topic: &str, name: &str, data: &Path) -> Vec<String> {
    let mut args: Vec<String> = ["--once", "--kafka", &brokers(), "--data-dir"]
        .map(String::from)
        .into();
    args.push(data.to_str().unwrap().to_owned());
    for set in [
        format!("kafka.topic=\"{topic}\""),
        format!("kafka.group=\"{name}\""),
        format!("kafka.dead_letters=\"{name}.dlq\""),
        // Small batches, so that there is something to be cut short.
        "batch.rows=50".to_owned(),
        "train.policy=\"manual\"".to_owned(),
    ] {
        args.extend(["--set".to_owned(), set]);
    }
    args
}

/// Runs the engine to its end; how many records it has read, and how long that took.
fn finish(args: &[String]) -> (u64, Duration) {
    let begun = Instant::now();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let summary = answer("engine", &args);
    let read = summary["rows_read"].as_u64().expect("a number");
    (read, begun.elapsed())
}

#[test]
fn in_thirty_rounds_of_kills_each_record_of_1_3_and_12_partitions_is_saved_once() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 3_000);
    let mut dice = Dice(5);
    for partitions in [1, 3, 12] {
        let topic = new_topic("rounds");
        let produced = produce(&topic, input.to_str().unwrap(), partitions);
        let quiet = dir.path().join(format!("quiet-{partitions}"));
        let undisturbed = format!("{topic}-quiet");
        let (read, mut whole) = finish(&args(&topic, &undisturbed, &quiet));
        assert_eq!(Some(read), produced["delivered"].as_u64());
        let expected = rows(&quiet);
        let rejected = letters(&undisturbed, partitions as i32);
        assert_eq!(expected.len() + rejected.len(), read as usize);

        let mut cut_short = 0;
        for round in 0..ROUNDS {
            let name = format!("{topic}-{round}");
            let data = dir.path().join(&name);
            let args = args(&topic, &name, &data);
            for _ in 0..KILLS {
                let mut child = Command::new(example("engine"))
                    .args(&args)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                std::thread::sleep(Duration::from_millis(dice.roll(whole.as_millis() as u64)));
                cut_short += u32::from(child.try_wait().unwrap().is_none());
                let _ = child.kill();
                child.wait().unwrap();
            }
            let what = format!("round {round} over {partitions} partitions");
            let (read_here, took) = finish(&args);
            // Moments are chosen within the shortest run so far: most of them are those of a run at work.
            whole = whole.min(took);
            assert_eq!(read_here, read, "{what}");
            assert!(rows(&data) == expected, "other rows: {what}");
            let letters = letters(&name, partitions as i32);
            assert!(letters == rejected, "other dead letters: {what}");
        }
        eprintln!("{partitions} partitions: {cut_short} runs were cut short");
        assert!(cut_short > 0, "nothing was killed at work");
    }
}
