//! The running examples: nine endpoints from trained models, clean stop, restart, following.

mod support;

use std::path::Path;

use support::{Server, summary, synthetic_csv};

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
