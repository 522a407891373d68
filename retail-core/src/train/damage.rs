//! Damaged JSON, to show that readers refuse it with a message instead of panicking.

use ndarray::Array2;
use serde_json::{Value, json};

use super::ReadModel;

/// Every version of `json` in which one value, at any depth, is removed or is another one.
pub(super) fn damaged(json: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!([]),
        json!([null]),
        json!([1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]),
        json!({}),
    ]
    .into();
    match json {
        Value::Object(fields) => {
            for (key, value) in fields {
                let mut without = fields.clone();
                without.remove(key);
                all.push(Value::Object(without));
                for other in damaged(value) {
                    let mut with = fields.clone();
                    with.insert(key.clone(), other);
                    all.push(Value::Object(with));
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let mut without = values.clone();
                without.remove(index);
                all.push(Value::Array(without));
                for other in damaged(value) {
                    let mut with = values.clone();
                    with[index] = other;
                    all.push(Value::Array(with));
                }
            }
        }
        _ => {}
    }
    all
}

/// Reads every damaged version of `json`; what is accepted all the same must predict without a
/// panic. Returns how many versions were refused, and how many there were.
pub(super) fn refused(json: &Value, read: ReadModel) -> (usize, usize) {
    let versions = damaged(json);
    let refused = versions.iter().filter(|version| match read(version) {
        Ok(model) => {
            let rows = model.n_features().min(1_000);
            for value in [0.0, -1.0, 1e9, f64::MAX] {
                let _ = model.predict(Array2::from_elem((3, rows), value).view());
            }
            false
        }
        Err(message) => {
            assert!(!message.to_string().is_empty());
            true
        }
    });
    (refused.count(), versions.len())
}
