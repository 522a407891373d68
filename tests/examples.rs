//! The example programs that end by themselves: each runs, and prints what it promises.

mod support;

use std::process::Command;

use support::example;

fn printed(name: &str) -> String {
    let output = Command::new(example(name)).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed: {log}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks that `models` lines begin with `prefix`, and that each model was trained.
#[track_caller]
fn assert_trained(printed: &str, prefix: &str, models: usize) {
    let of_prefix = |line: &&str| line.starts_with(prefix);
    let lines: Vec<_> = printed.lines().filter(of_prefix).collect();
    assert_eq!(lines.len(), models, "{printed}");
    for line in lines {
        assert!(line.contains(r#""status":"trained""#), "{line}");
    }
}

#[test]
fn embed_pushes_rows_and_asks_a_model_without_a_server() {
    assert_eq!(
        printed("embed"),
        "5000 rows in 5 batches\nten are High\n10 trees\n"
    );
}

#[test]
fn custom_trains_a_model_of_its_own_beside_the_nine() {
    let printed = printed("custom");
    assert_eq!(printed.lines().count(), 11, "{printed}");
    assert_trained(&printed, "large_line_week", 2);
}

#[test]
fn custom_source_feeds_the_engine() {
    let printed = printed("custom_source");
    assert!(printed.starts_with("20000 sales in"), "{printed}");
    assert_trained(&printed, "linear_model", 3);
    assert_trained(&printed, "rf_model_window", 3);
}

#[test]
fn custom_trainer_is_measured_beside_the_engine_s_own() {
    let printed = printed("custom_trainer");
    assert_trained(&printed, "median", 3);
    assert_trained(&printed, "linear_model", 3);
}

#[test]
fn forest_tells_a_circle_from_its_outside() {
    let printed = printed("forest");
    let right: f64 = printed.split(' ').next().unwrap().parse().unwrap();
    assert!(right > 180.0, "{printed}");
}
