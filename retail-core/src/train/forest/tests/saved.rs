use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{ForestModel, MaxFeatures, RandomForest, read_forest};
use super::{fit, probabilities, sales};
use crate::train::{Model, ModelFormats};

/// Two trees: a split with two leaves, and a leaf.
fn small() -> Value {
    json!({
        "n_features": 2, "n_classes": 2, "importances": [0.25, 0.75],
        "trees": [
            {"child": [1, 3, 0, 0, 0], "feature": [1, 0], "threshold": [2.5, -1.0],
             "probability": [0.0, 1.0, 1.0, 0.0, 0.5, 0.5]},
            {"child": [0], "feature": [], "threshold": [], "probability": [0.25, 0.75]},
        ],
    })
}

#[test]
fn a_forest_survives_json_and_text_exactly() {
    let params = RandomForest::params()
        .max_depth(12)
        .max_features(MaxFeatures::Count(4));
    let data = sales(2_000, 1);
    let model = fit(params, &data);
    assert_eq!(model.format(), "forest");
    let text = model.to_json().unwrap().to_string();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        serde_json::from_value::<ForestModel>(json.clone()).unwrap(),
        model
    );
    let formats = ModelFormats::empty().with(ForestModel::FORMAT, read_forest);
    let read = formats.read("forest", &json).unwrap();
    assert_eq!(read.to_json().unwrap().to_string(), text);
    assert_eq!(read.n_features(), 6);
    assert_eq!(
        probabilities(read.as_ref(), &data.features),
        probabilities(&model, &data.features)
    );
}

#[test]
fn leaves_keep_their_order_among_splits() {
    let model = read_forest(&small()).unwrap();
    let rows = ndarray::array![[-2.0, 0.0], [0.0, 2.5], [0.0, 3.0]];
    let expected = ndarray::array![[0.625, 0.375], [0.375, 0.625], [0.125, 0.875]];
    assert_eq!(probabilities(model.as_ref(), &rows), expected);
}

#[test]
fn json_that_is_no_sound_forest_is_refused() {
    // Where, what to put there, and what the message says of it.
    let cases = [
        ("/n_features", json!(0), "a forest needs a feature"),
        ("/n_classes", json!(0), "a forest needs a feature"),
        ("/n_classes", json!(3), "probabilities"),
        ("/n_classes", json!(u64::MAX), "1024 classes"),
        ("/n_features", json!(-6), "-6"),
        ("/n_features", json!(1), "importances of 2"),
        ("/trees", json!([]), "a forest needs"),
        ("/trees", json!("none"), "none"),
        ("/importances/0", json!(-0.25), "importance 0"),
        ("/importances", json!([0.5]), "importances of 1"),
        ("/trees/0/child", json!([]), "nodes"),
        ("/trees/0/child/0", json!(0), "nodes"),
        ("/trees/0/child/1", json!(1), "node 1: its left child"),
        ("/trees/0/child/1", json!(4), "node 1: its left child"),
        (
            "/trees/0/child/1",
            json!(4_294_967_295_u32),
            "node 1: its left child",
        ),
        ("/trees/0/child/1", json!(4_294_967_296_u64), "4294967296"),
        ("/trees/0/child/0", json!(3), "child of exactly one"),
        ("/trees/0/child/0", json!(2), "child of exactly one"),
        ("/trees/0/feature/0", json!(2), "a feature below 2, got 2"),
        ("/trees/0/feature/1", json!(1.5), "1.5"),
        ("/trees/0/feature", json!([1]), "features"),
        ("/trees/0/threshold", json!([1.0, 2.0, 3.0]), "thresholds"),
        ("/trees/0/threshold/0", Value::Null, "null"),
        ("/trees/0/probability/0", json!(-0.5), "leaf 0"),
        ("/trees/0/probability/3", json!(1.5), "leaf 1"),
        ("/trees/0/probability/2", json!(0.5), "leaf 1"),
        (
            "/trees/1/probability",
            json!([]),
            "tree 1: expected as many probabilities",
        ),
        ("/trees/1/probability", json!("x"), "x"),
    ];
    assert!(read_forest(&small()).is_ok());
    for (place, value, says) in cases {
        let mut json = small();
        *json.pointer_mut(place).unwrap() = value.clone();
        match read_forest(&json) {
            Ok(_) => panic!("{place} = {value} was accepted"),
            Err(message) => assert!(
                message.to_string().contains(says),
                "{place} = {value}: {message}"
            ),
        }
    }
    let other =
        json!({"n_features": 2, "n_classes": 2, "importances": [0, 1], "trees": [], "x": 1});
    for json in [
        Value::Null,
        json!([]),
        json!({}),
        json!("forest"),
        json!(7),
        other,
    ] {
        assert!(read_forest(&json).is_err(), "{json}");
    }
}

/// All numbers and lists within some JSON.
fn places(json: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(items) => {
            for (name, item) in items {
                places(item, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_change_makes_reading_or_predicting_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, -2_i64..8), 1..4),
    ) {
        let mut json = small();
        for (place, kind, number) in changes {
            let mut found = Vec::new();
            places(&json, "", &mut found);
            let target = json.pointer_mut(&found[place.index(found.len())]).unwrap();
            *target = match kind {
                0 => Value::Null,
                1 => json!([]),
                2 => json!([number, number]),
                3 => json!(u64::MAX),
                4 => json!(1e300),
                5 => json!("text"),
                _ => json!(number),
            };
        }
        if let Ok(model) = read_forest(&json) {
            let features = ndarray::Array2::from_elem((3, model.n_features().min(100)), 1.0);
            if let Ok(crate::train::Prediction::Probabilities(p)) = model.predict(features.view()) {
                prop_assert!(p.outer_iter().all(|row| (row.sum() - 1.0).abs() < 1e-6));
            }
        }
    }
}
