//! The end of a run: tables on a terminal, a line of JSON for programs.

#![cfg(unix)]

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use std::path::Path;
use std::process::{Command, Stdio};

use support::{engine, example, summary, synthetic_csv};
use terminal::Stream;

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What the engine prints on a terminal, up to its end.
fn on_a_terminal(args: &[&str]) -> String {
    let mut command = Command::new(example("engine"));
    command.args(args).stderr(Stdio::null());
    let (code, said) = terminal::run(command, Stream::Output);
    assert_eq!(code, Some(0));
    said
}

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn a_terminal_gets_tables_with_the_numbers_of_the_json_line() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 3_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    let json = summary(&args);
    let said = on_a_terminal(&args);
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let lines: Vec<&str> = said.lines().collect();
    let head = format!(
        "3000 records read, {} kept in {} batches; ",
        json["rows_kept"], json["batches"]
    );
    assert!(lines[0].starts_with(&head), "{said}");
    let names = "model target version rows measure score baseline seconds";
    assert_eq!(words(lines[2]), words(names), "{said}");
    let models = json["models"].as_array().unwrap();
    assert_eq!(models.len(), 9);
    let mut measured = 0;
    for (model, line) in models.iter().zip(&lines[3..]) {
        let words = words(line);
        assert_eq!(words[0], model["name"], "{line}");
        let version = model["name"].as_str().unwrap().rsplit('_').next().unwrap();
        assert_eq!(words[2], format!("v{version}"), "{line}");
        assert_eq!(words[3], model["rows"].to_string(), "{line}");
        if model["status"] == "not_trained" {
            let message = model["message"].as_str().unwrap();
            assert!(line.ends_with(&format!("not trained: {message}")), "{line}");
            continue;
        }
        measured += 1;
        let measure = match words[1] {
            "total_amount" => "rmse",
            "quantity_category" | "high_value_customer" => "accuracy",
            other => panic!("{other}"),
        };
        let [score, baseline] = ["holdout", "baseline"].map(|of| {
            let value = model[of][measure].as_f64();
            format!("{:.4}", value.unwrap_or_else(|| panic!("{model}")))
        });
        assert_eq!(words[4..7], [measure, &score, &baseline], "{line}");
        assert_eq!(model["baseline"]["rows"], model["holdout"]["rows"]);
    }
    assert!(measured >= 6, "{said}");
    let reasons = lines
        .iter()
        .position(|line| line.starts_with("rejected for"));
    let listed: Vec<Vec<&str>> = lines[reasons.unwrap() + 1..]
        .iter()
        .map(|line| words(line))
        .collect();
    let rejected = json["rejected"].as_object().unwrap();
    let counts = rejected
        .iter()
        .filter(|(_, count)| count.as_u64() > Some(0));
    let mut expected: Vec<_> = counts
        .map(|(key, count)| (key, count.to_string()))
        .collect();
    assert!(expected.len() > 1);
    // The order of JSON is that of names, the one of the table that of precedence.
    let mut got: Vec<_> = listed.iter().map(|words| (words[0], words[1])).collect();
    got.sort_unstable();
    expected.sort_unstable();
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, n)| (key.as_str(), n.as_str()))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn either_form_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let args = ["--once", "--rows", "100", "--data-dir", path(&data)];
    let json = on_a_terminal(&[&args[..], &["--output", "json"]].concat());
    assert_eq!(json.lines().count(), 1, "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows_read"], 100);
    let output = engine(&[&args[..], &["--output", "table"]].concat());
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("100 records read, "), "{table}");
    let reason = "not trained: ";
    assert!(table.contains(reason), "{table}");
    let without = engine(&["--rows", "100", "--output", "table"]);
    assert_eq!(without.status.code(), Some(2), "only --once has a summary");
}
