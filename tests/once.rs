//! `engine --once`: every row accounted for, the same bytes every time, nothing lost when stopped.

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use support::{engine, example, sample, summary, synthetic_csv, tree};

const NAMES: [&str; 9] = [
    "linear_model_1",
    "linear_model_2",
    "linear_model_3",
    "logistic_model_batch_1",
    "logistic_model_batch_2",
    "logistic_model_batch_3",
    "rf_model_window_1",
    "rf_model_window_2",
    "rf_model_window_3",
];

fn path(path: &std::path::Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn rejected(summary: &serde_json::Value) -> u64 {
    let reasons = summary["rejected"].as_object().expect("a map of reasons");
    reasons.values().filter_map(serde_json::Value::as_u64).sum()
}

#[test]
fn every_row_is_accounted_for_and_nine_models_are_trained() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 50_000);
    let data = dir.path().join("data");
    let summary = summary(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    assert_eq!(summary["rows_read"], 50_000);
    let kept = summary["rows_kept"].as_u64().unwrap();
    assert_eq!(kept + rejected(&summary), 50_000);
    for model in summary["models"].as_array().unwrap() {
        assert_eq!(model["status"], "trained", "{model}");
        assert!(model["rows"].as_u64() > Some(0), "{model}");
        assert!(model["holdout"]["rows"].as_u64() > Some(0), "{model}");
    }
    let models = summary["models"].as_array().unwrap().iter();
    let names: Vec<_> = models.map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, NAMES);
    for name in NAMES {
        assert!(data.join("models").join(name).is_dir(), "{name}");
        assert!(data.join("logs").join(format!("{name}.log")).is_file());
    }
    // The rejects file has a line for every rejected record.
    let rejects = std::fs::read_to_string(data.join("logs/rejects.csv")).unwrap();
    assert_eq!(rejects.lines().count() as u64 - 1, rejected(&summary));
    // So have the batch files for every kept one.
    let batches = summary["batches"].as_u64().unwrap();
    let rows: usize = (1..=batches)
        .map(|n| data.join(format!("batches/batch_{n}.csv")))
        .map(|file| std::fs::read_to_string(file).unwrap().lines().count() - 1)
        .sum();
    assert_eq!(rows as u64, kept);
}

#[test]
fn words_set_on_the_command_line_need_no_quotes() {
    let sets = [
        "train.family=linfa",
        "batch.rows=500",
        "data.dir=\"some dir\"",
    ];
    let args: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = engine(&[&args[..], &["--print-config"]].concat());
    assert!(output.status.success());
    let config = String::from_utf8(output.stdout).unwrap();
    for line in ["family = \"linfa\"", "rows = 500", "dir = \"some dir\""] {
        assert!(
            config.lines().any(|found| found == line),
            "{line}: {config}"
        );
    }
}

#[test]
fn the_example_of_a_window_strategy_measures_each_of_its_windows() {
    let output = Command::new(example("custom_window")).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let windows: Vec<_> = printed.lines().filter_map(|l| l.split_once(": ")).collect();
    let names = ["newest 20000 rows", "newest 5000 rows", "newest 1000 rows"];
    assert!(windows.iter().map(|(name, _)| *name).eq(names), "{printed}");
    let measured = |(_, said): &(&str, &str)| said.starts_with("accuracy 0.");
    assert!(windows.iter().all(measured), "{printed}");
}

#[test]
fn the_same_input_and_seed_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 40_000);
    let trees: Vec<_> = ["1", "2", "8"]
        .iter()
        .map(|threads| {
            let data = dir.path().join(format!("data{threads}"));
            let threads = format!("train.threads={threads}");
            let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
            summary(&[&args[..], &["--set", &threads]].concat());
            (tree(&data.join("models")), tree(&data.join("batches")))
        })
        .collect();
    assert_eq!(
        trees[0].0.len(),
        18,
        "a revision and a pointer to it for each model"
    );
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0], trees[2]);
}

#[test]
fn running_again_reads_nothing_twice_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    let first = summary(&args);
    let before = (tree(&data.join("models")), tree(&data.join("batches")));
    let second = summary(&args);
    assert_eq!(first["rows_read"], second["rows_read"]);
    assert_eq!(first["rejected"], second["rejected"]);
    assert_eq!(
        before,
        (tree(&data.join("models")), tree(&data.join("batches")))
    );
}

#[test]
fn rows_appended_to_the_file_are_the_next_of_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    let whole = synthetic_csv(dir.path(), 20_000);
    let text = std::fs::read(&whole).unwrap();
    let cut = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(12_345)
        .map(|(at, _)| at + 1)
        .unwrap();
    let growing = dir.path().join("growing.csv");
    let data = dir.path().join("data");
    let args = [
        "--once",
        "--input",
        path(&growing),
        "--data-dir",
        path(&data),
    ];
    std::fs::write(&growing, &text[..cut]).unwrap();
    assert_eq!(summary(&args)["rows_read"], 12_345);
    std::fs::write(&growing, &text).unwrap();
    assert_eq!(summary(&args)["rows_read"], 20_000);
}

#[test]
fn another_stream_does_not_touch_what_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 5_000);
    let data = dir.path().join("data");
    summary(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    let before = tree(&data.join("batches"));
    let other = ["--once", "--rows", "7000", "--data-dir", path(&data)];
    let output = engine(&other);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("the source was a CSV and is simulated now") && said.contains("--fresh"),
        "{said}"
    );
    assert_eq!(tree(&data.join("batches")), before);
    summary(&[&other[..], &["--fresh"]].concat());
    assert_eq!(tree(&data.join("archive/0001/batches")), before);
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 60_000);
    let undisturbed = dir.path().join("undisturbed");
    let args = |data: &std::path::Path| {
        ["--once", "--input", path(&input), "--data-dir", path(data)].map(String::from)
    };
    let strs = |args: &[String]| summary(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let expected = strs(&args(&undisturbed));
    let disturbed = dir.path().join("disturbed");
    // Small batches would be other batches; a short life is what cuts a run at any step.
    for life in [5_u64, 9, 14, 20, 27, 35, 50, 80, 120] {
        let mut child = Command::new(example("engine"))
            .args(args(&disturbed))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(life));
        let _ = child.kill();
        let _ = child.wait();
    }
    let after = strs(&args(&disturbed));
    assert_eq!(after["rows_read"], expected["rows_read"]);
    assert_eq!(after["rejected"], expected["rejected"]);
    assert_eq!(
        tree(&disturbed.join("batches")),
        tree(&undisturbed.join("batches"))
    );
    let rejects = |data: &std::path::Path| std::fs::read(data.join("logs/rejects.csv")).unwrap();
    assert_eq!(rejects(&disturbed), rejects(&undisturbed));
    for (name, bytes) in tree(&undisturbed.join("models")) {
        if name.ends_with("revision_1.json") {
            let mine = std::fs::read(disturbed.join("models").join(&name)).unwrap();
            assert!(mine == bytes, "{} differs", name.display());
        }
    }
}

#[test]
fn without_batch_files_the_models_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let (with, without) = (dir.path().join("with"), dir.path().join("without"));
    let args = |data| ["--once", "--input", path(&input), "--data-dir", data];
    summary(&args(path(&with)));
    summary(&[&args(path(&without))[..], &["--batch-format", "none"]].concat());
    assert!(!without.join("batches").exists());
    assert_eq!(tree(&with.join("models")), tree(&without.join("models")));
}

#[test]
fn a_stream_too_short_for_a_model_still_trains_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 1_900);
    let data = dir.path().join("data");
    let summary = summary(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    let status = |name: &str| {
        let models = summary["models"].as_array().unwrap();
        let model = models.iter().find(|m| m["name"] == name).unwrap();
        (model["status"].clone(), model["why"]["reason"].clone())
    };
    assert_eq!(status("linear_model_3").0, "trained");
    assert_eq!(
        status("logistic_model_batch_3"),
        ("not_trained".into(), "no_window".into())
    );
}

#[test]
fn the_real_sample_is_cleaned_as_the_rules_say() {
    let Some(input) = sample() else {
        eprintln!("RETAIL_SAMPLE is not set: the real sample was not read");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let summary = summary(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    assert_eq!(summary["rows_read"], 320_705);
    assert_eq!(summary["rows_kept"], 226_467);
    let expected = serde_json::json!({
        "wrong_column_count": 0, "unparsable_field": 0, "overlap": 0, "cancelled": 5847, "adjustment": 3,
        "missing_customer": 88367, "non_positive_quantity": 0, "non_positive_price": 21,
    });
    assert_eq!(summary["rejected"], expected);
    for model in summary["models"].as_array().unwrap() {
        assert_eq!(model["status"], "trained", "{model}");
    }
}

#[test]
fn help_names_every_flag() {
    let output = engine(&["--help"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for flag in [
        "--input",
        "--once",
        "--data-dir",
        "--config",
        "--batch-format",
    ] {
        assert!(text.contains(flag), "{flag}");
    }
}
