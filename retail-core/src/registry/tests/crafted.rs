//! Files made by hand, with a checksum that is right.

use serde_json::{Value, json};

use super::*;
use crate::feature::FeatureSet;
use crate::train::{Dataset, RandomForest, Trainer};

/// An artefact with a model of three classes, which this trainer makes, as the JSON of its second
/// line.
fn trained(trainer: &dyn Trainer) -> Value {
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    let mut artefact = artefact(0.0);
    artefact.info.task = Task::Multiclass { classes };
    artefact.info.features = FeatureSet::standard(&StandardFeature::CLASSIFICATION).schema();
    let data = Dataset {
        features: ndarray::Array2::from_shape_fn((60, 6), |(row, column)| {
            (row * (column + 1) % 7) as f64
        }),
        feature_names: artefact.info.features.names().map(String::from).collect(),
        target: (0..60).map(|row| f64::from(row % 3)).collect(),
        row_numbers: (0..60).collect(),
        task: artefact.info.task.clone(),
    };
    artefact.model = trainer.fit(&data).unwrap();
    body(&artefact.encode().unwrap())
}

fn forest() -> Value {
    trained(&RandomForest::params().n_trees(2).check().unwrap())
}

fn body(bytes: &[u8]) -> Value {
    let line = bytes.split(|&byte| byte == b'\n').nth(1).unwrap();
    serde_json::from_slice(line).unwrap()
}

/// Reads a second line under a first one that fits it.
fn read(body: &Value) -> Result<Artefact, StorageError> {
    let line = format!("{body}\n");
    let header = json!({
        "magic": "retail-model", "format_version": 1,
        "crc32": crate::storage::checksum(line.as_bytes()), "bytes": line.len(),
    });
    let file = format!("{header}\n{line}");
    Artefact::decode(
        file.as_bytes(),
        Path::new("model.json"),
        &ModelFormats::default(),
    )
}

fn refused(body: &Value, why: &str) {
    match read(body) {
        Err(StorageError::Corrupt { detail, .. }) => {
            assert!(detail.contains(why), "{why}: {detail}");
        }
        Err(other) => panic!("{why}: {other}"),
        Ok(_) => panic!("{why}: it was accepted"),
    }
}

#[test]
fn what_was_not_made_by_hand_is_read() {
    read(&forest()).unwrap();
}

#[test]
fn a_task_that_is_not_the_models_is_refused() {
    for (task, why) in [
        (json!({"kind": "regression"}), "its task wants a number"),
        (json!({"kind": "binary"}), "probabilities of 2 classes"),
        (
            json!({"kind": "multiclass", "classes": ["a", "b", "c", "d"]}),
            "probabilities of 4 classes, and the model answers with probabilities of 3",
        ),
        (
            json!({"kind": "multiclass", "classes": []}),
            "1 to 1024 classes, got 0",
        ),
        (
            json!({"kind": "multiclass", "classes": ["a", "b", "b"]}),
            "the class b is there twice",
        ),
    ] {
        let mut body = forest();
        body["info"]["task"] = task;
        refused(&body, why);
    }
}

#[test]
fn what_is_larger_than_can_be_served_is_refused() {
    let mut many_features = forest();
    let spec = many_features["info"]["features"][0].clone();
    let specs: Vec<Value> = (0..20_000)
        .map(|number| {
            let mut spec = spec.clone();
            spec["name"] = json!(format!("f{number}"));
            spec["product_of"] = json!(["quantity", "price"]);
            spec
        })
        .collect();
    many_features["info"]["features"] = json!(specs);
    many_features["model"]["n_features"] = json!(20_000);
    many_features["model"]["importances"] = json!(vec![0.0; 20_000]);
    refused(&many_features, "at most 1024 features");

    let mut many_trees = forest();
    let tree =
        json!({"child": [0], "feature": [], "threshold": [], "probability": [1.0, 0.0, 0.0]});
    many_trees["model"]["trees"] = json!(vec![tree; 100_001]);
    refused(&many_trees, "100000 trees");

    // A tree that is one long branch: node 2n has the children 2n + 1 and 2n + 2.
    let mut deep = forest();
    let splits = 65;
    let child: Vec<usize> = (0..=2 * splits)
        .map(|node| {
            if node % 2 == 0 && node < 2 * splits {
                node + 1
            } else {
                0
            }
        })
        .collect();
    let leaves = [1.0, 0.0, 0.0].repeat(splits + 1);
    deep["model"]["trees"] = json!([{
        "child": child, "feature": vec![0; splits], "threshold": vec![0.5; splits],
        "probability": leaves,
    }]);
    refused(&deep, "at most 64 splits");

    for classes in [1_025_u64, 1_000_000, 1 << 60] {
        let mut many_classes = forest();
        many_classes["model"]["n_classes"] = json!(classes);
        refused(&many_classes, "1024 classes");
    }
}

#[cfg(feature = "linfa")]
#[test]
fn a_tree_of_linfa_with_a_million_classes_is_refused() {
    let mut body = trained(&crate::train::linfa::LinfaTree::params().check().unwrap());
    read(&body).unwrap();
    body["model"]["n_classes"] = json!(1_000_000);
    refused(&body, "1024 classes");
}

#[test]
fn names_and_ranges_that_make_no_sense_are_refused() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 6] = [
        ("is there twice", |body| {
            body["info"]["features"][1]["name"] = body["info"]["features"][0]["name"].clone();
        }),
        ("expected 1 to 256 bytes, got 0", |body| {
            body["info"]["features"][0]["name"] = json!("");
        }),
        ("expected 1 to 256 bytes, got 300", |body| {
            body["info"]["target"] = json!("x".repeat(300));
        }),
        ("a range of finite numbers, got 5 to 4", |body| {
            body["info"]["features"][0]["min"] = json!(5.0);
            body["info"]["features"][0]["max"] = json!(4.0);
        }),
        ("6 features, its schema 5", |body| {
            body["info"]["features"].as_array_mut().unwrap().pop();
        }),
        ("features", |body| {
            body["info"]["features"] = json!([]);
        }),
    ];
    for (why, change) in changes {
        let mut body = forest();
        change(&mut body);
        refused(&body, why);
    }
}
