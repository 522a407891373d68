//! The running examples: nine endpoints from trained models, clean stop, restart, following, models
//! of users, rolling back.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Server, example, summary, synthetic_csv};

const SALE: &str =
    r#"{"quantity":10,"price":25.5,"total_amount":255.0,"month":6,"day":11,"hour":14}"#;

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn wait_until_trained(server: &Server) {
    for _ in 0..600 {
        let (_, health) = server.get("/health");
        if health["models_trained"] == 9 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("not all models were trained in time");
}

fn nine_answers(server: &Server) -> Vec<serde_json::Value> {
    let mut answers = Vec::new();
    for (target, model) in [
        ("total_amount", "linear_model"),
        ("quantity_category", "rf_model_window"),
        ("high_value_customer", "logistic_model_batch"),
    ] {
        for version in 1..=3 {
            let (status, answer) = server.post(&format!("/predict/{target}/v{version}"), SALE);
            assert_eq!(status, 200, "{target} v{version}: {answer}");
            assert_eq!(answer["model"], format!("{model}_{version}"), "{answer}");
            assert_eq!(answer["model_version"], format!("v{version}"), "{answer}");
            answers.push(answer);
        }
    }
    answers
}

#[test]
fn the_running_engine_answers_all_nine_endpoints_from_trained_models() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start("engine", &["--rows", "20000", "--data-dir", path(&data)]);
    wait_until_trained(&server);
    let answers = nine_answers(&server);
    assert!(answers[0]["prediction"].is_number(), "{}", answers[0]);
    assert_eq!(answers[3]["predicted_category"], "High", "{}", answers[3]);
    assert!(answers[6]["probability"].is_number(), "{}", answers[6]);
    let (status, batches) = server.get("/status/batches");
    assert_eq!((status, &batches["rows_read"]), (200, &20_000.into()));
    let (code, log) = server.signal("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_stopped_engine_has_saved_its_open_batch_and_goes_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let input = synthetic_csv(dir.path(), 6_000);
    // At 100 records a second of stream time, 20 times as fast: about three seconds in all.
    let args = ["--input", path(&input), "--data-dir", path(&data)];
    let paced = [&args[..], &["--speed", "20"]].concat();
    let server = Server::start("engine", &paced);
    while server.get("/status/batches").1["batches"].as_u64() < Some(1) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (code, log) = server.signal("-INT");
    assert_eq!(code, Some(0), "{log}");
    let manifest = std::fs::read_to_string(data.join("batches/manifest.jsonl")).unwrap();
    let last = manifest
        .lines()
        .rfind(|line| line.starts_with("{\"batch\""))
        .unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["closed_by"], "stop", "{last}");
    let whole = summary(&[&["--once"], &args[..]].concat());
    assert_eq!(whole["rows_read"], 6_000);
}

#[test]
fn the_http_server_serves_and_follows_what_an_engine_trains() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let models = data.join("models");
    summary(&["--once", "--rows", "9000", "--data-dir", path(&data)]);
    let args = ["--models", path(&models), "--refresh", "1"];
    let server = Server::start("http_server", &args);
    let before = nine_answers(&server);
    assert!(before.iter().all(|answer| answer["revision"] == 1));
    // A longer stream under the same names: other models, as their next revisions.
    let other = dir.path().join("other");
    summary(&["--once", "--rows", "12000", "--data-dir", path(&other)]);
    let slot = models.join("linear_model_3");
    std::fs::copy(
        other.join("models/linear_model_3/revision_1.json"),
        slot.join("revision_2.json"),
    )
    .unwrap();
    std::fs::write(slot.join("current"), "2\n").unwrap();
    for _ in 0..200 {
        let (_, answer) = server.post("/predict/total_amount/v3", SALE);
        if answer["revision"] == 2 {
            assert_ne!(answer["prediction"], before[2]["prediction"]);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the new revision was not served in time");
}

#[test]
fn a_model_that_is_not_trained_yet_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(
        "engine",
        &[
            "--rows",
            "1000",
            "--speed",
            "0.01",
            "--data-dir",
            path(&data),
        ],
    );
    let (status, answer) = server.post("/predict/total_amount/v1", SALE);
    assert_eq!(status, 503, "{answer}");
}

/// What [`http_server`] prints when it rolls a model back.
fn roll_back(models: &Path, model: &str) -> String {
    let output = Command::new(example("http_server"))
        .args(["--models", path(models), "--roll-back", model])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_model_that_is_rolled_back_is_served_by_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let models = data.join("models");
    let input = synthetic_csv(dir.path(), 6_000);
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    // Retraining after every batch gives several revisions.
    summary(&[&args[..], &["--set", "train.policy='every_batch'"]].concat());
    let args = ["--models", path(&models), "--refresh", "1"];
    let server = Server::start("http_server", &args);
    let revision = || server.post("/predict/total_amount/v3", SALE).1["revision"].as_u64();
    let newest = revision().unwrap();
    assert!(newest > 1);
    assert_eq!(
        roll_back(&models, "linear_model_3"),
        format!(
            "linear_model_3: revision {} is current again, after {newest}\n",
            newest - 1
        )
    );
    for _ in 0..200 {
        if revision() == Some(newest - 1) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the earlier revision was not served in time");
}

/// Both servers find the model of `examples/custom.rs` by what its artefact says.
#[test]
fn a_model_of_users_is_served_wherever_it_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let custom = Command::new(example("custom")).arg(&data).output().unwrap();
    assert!(custom.status.success());
    let given = r#"{"price":2.5,"hour":14,"abroad":1}"#;
    let raw = r#"{"price":2.5,"invoice_date":"2010-12-01 14:26:00","country":"France"}"#;
    // The stream that the example reads: the engine goes on with its folder.
    let same_stream = ["--rows", "50000", "--data-dir", path(&data)];
    let models = data.join("models");
    for (name, args, total) in [
        ("http_server", &["--models", path(&models)][..], 11),
        ("engine", &same_stream[..], 11),
    ] {
        let server = Server::start(name, args);
        for version in ["v1", "v2"] {
            let path = format!("/predict/large_line/{version}");
            let (status, answer) = server.post(&path, given);
            assert_eq!(status, 200, "{name}: {answer}");
            assert!(answer["is_large_line"].is_boolean(), "{answer}");
            // Neither knows the extractor of `abroad`.
            let (status, answer) = server.post(&path, raw);
            assert_eq!(status, 400, "{name}: {answer}");
            assert_eq!(answer["error"]["field"], "abroad", "{answer}");
        }
        let (_, listed) = server.get("/models");
        let listed = listed["models"].as_array().unwrap();
        let of_users = |model: &&serde_json::Value| model["target"] == "large_line";
        assert_eq!(listed.iter().filter(of_users).count(), 2);
        assert_eq!(listed.len(), total, "{name}");
    }
}
