//! The nine models against scikit-learn: the engine runs on a file, and its artefacts and metrics
//! are held against `tests/golden/*.json`, which `tests/golden/make_reference.py` made from the
//! same file.

mod support;

use std::path::Path;

use retail_core::registry::{Registry, RegistryOptions, standard_slots};
use retail_core::train::ModelFormats;
use serde_json::Value;
use support::{sample, summary, synthetic_csv};

/// Largest relative difference of linear coefficients and of metrics that follow from them.
const LINEAR: f64 = 1e-6;

/// The same for logistic models. Their optimum is found by iteration.
const LOGISTIC: f64 = 1e-4;

/// Largest difference of a forest's accuracy from the mean of scikit-learn's over its seeds.
const FOREST_ACCURACY: f64 = 0.005;

struct Run {
    reference: Value,
    summary: Value,
    registry: Registry,
}

fn run(input: &Path, reference: &str) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let input = input.to_str().unwrap();
    let summary = summary(&["--once", "--input", input, "--data-dir", data]);
    let options = RegistryOptions {
        dir: Some(dir.path().join("models")),
        keep_revisions: 1,
        formats: ModelFormats::default(),
        recover: false,
        ..RegistryOptions::default()
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(reference);
    Run {
        reference: serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(),
        summary,
        registry: Registry::open(standard_slots(), options).unwrap(),
    }
}

#[track_caller]
fn assert_close(got: &Value, expected: &Value, tolerance: f64, what: &str) {
    match (got.as_f64(), expected.as_f64()) {
        (Some(got), Some(expected)) => {
            let scale = expected.abs().max(1e-9);
            let difference = (got - expected).abs() / scale;
            assert!(
                difference <= tolerance,
                "{what}: expected {expected}, got {got}, off by {difference:e}"
            );
        }
        _ => assert_eq!(got, expected, "{what}"),
    }
}

fn assert_all_close(got: &Value, expected: &Value, tolerance: f64, what: &str) {
    let (got, expected) = (got.as_array().unwrap(), expected.as_array().unwrap());
    assert_eq!(got.len(), expected.len(), "{what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_close(got, expected, tolerance, &format!("{what} {index}"));
    }
}

fn compare(run: &Run) {
    for key in ["rows_read", "rows_kept", "rejected", "batches"] {
        assert_eq!(run.summary[key], run.reference[key], "{key}");
    }
    for (name, expected) in run.reference["models"].as_object().unwrap() {
        let served = run.registry.get(name).unwrap();
        let model = served.artefact.model.to_json().unwrap();
        let slice = &served.artefact.info.slice;
        assert_eq!(expected["rows"], slice.rows, "{name}");
        assert_eq!(expected["first_row"], slice.first_row, "{name}");
        let models = run.summary["models"].as_array().unwrap();
        let got = &models.iter().find(|m| m["name"] == *name).unwrap()["holdout"];
        let holdout = &expected["holdout"];
        if let Some(why) = holdout.get("not_trained") {
            assert_eq!(got["not_trained"]["reason"], *why, "{name}");
            continue;
        }
        assert_eq!(got["rows"], holdout["test_rows"], "{name}");
        let (tolerance, metrics): (f64, &[&str]) = match name.split('_').next() {
            Some("linear") => (LINEAR, &["rmse", "mae", "r2"]),
            Some("logistic") => (LOGISTIC, &["accuracy", "auc", "log_loss", "brier"]),
            _ => {
                let difference = got["accuracy"].as_f64().unwrap()
                    - holdout["accuracy"]["mean"].as_f64().unwrap();
                assert!(difference.abs() <= FOREST_ACCURACY, "{name}: {difference}");
                continue;
            }
        };
        for metric in metrics {
            let what = format!("{name} {metric}");
            assert_close(&got[metric], &holdout[metric], tolerance, &what);
        }
        assert_close(&model["intercept"], &expected["intercept"], tolerance, name);
        assert_all_close(
            &model["coefficients"],
            &expected["coefficients"],
            tolerance,
            name,
        );
        if let Some(threshold) = expected["spend_threshold"].as_f64() {
            let got = served.artefact.info.label["spend_threshold"];
            assert!((got - threshold).abs() < 1e-9, "{name}: {got}");
        }
    }
}

#[test]
fn synthetic_rows_give_the_models_that_scikit_learn_finds() {
    let dir = tempfile::tempdir().unwrap();
    compare(&run(&synthetic_csv(dir.path(), 60_000), "synthetic.json"));
}

#[test]
fn the_real_sample_gives_the_models_that_scikit_learn_finds() {
    match sample() {
        Some(input) => compare(&run(&input, "sample.json")),
        None => eprintln!("RETAIL_SAMPLE is not set: only synthetic rows were compared"),
    }
}
