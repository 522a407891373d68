//! Schemas of truths that clients report.

use retail_core::label::Task;
use serde_json::{Map, Value, json};

use super::models::Target;
use super::operations::{BODY, one_or_many, schema, set};
use crate::paths::{FEEDBACK, version_text};
use crate::state::Limits;

/// Says what truths there are of the models that are served, whose rows have these schemas. Returns the
/// schemas for it.
pub(super) fn show(
    document: &mut Value,
    rows: &Map<String, Value>,
    targets: &[(Target<'_>, Value)],
    limits: Limits,
) -> Map<String, Value> {
    let mut schemas = Map::new();
    let feedback = document
        .get_mut("paths")
        .and_then(|paths| paths.get_mut(FEEDBACK));
    let Some(feedback) = feedback else {
        return schemas;
    };
    let mut forms = vec![schema("TruthOfAnswer")];
    let mut examples = json!({
        "answer": {
            "summary": "The truth of an earlier answer",
            "value": { "request_id": "order-4711", "target": "total_amount", "truth": 250.0 },
        },
    });
    for (target, features) in targets {
        let Some(task) = target.tasks().first().copied() else {
            continue;
        };
        let name = format!("{}Truth", target.title);
        forms.push(schema(&name));
        let row = rows.get(&format!("{}Row", target.title)).cloned();
        schemas.insert(name, of_features(target, task, row.unwrap_or_default()));
        if let (Some(examples), Value::Object(mut truth)) =
            (examples.as_object_mut(), features.clone())
        {
            truth.insert("target".to_owned(), json!(target.name));
            truth.insert("truth".to_owned(), example(task));
            let one = Value::Object(truth);
            let summary = format!("The truth of {} for these features", target.name);
            examples.insert(
                target.name.to_owned(),
                json!({ "summary": summary, "value": one }),
            );
        }
    }
    schemas.insert("Truth".to_owned(), json!({ "anyOf": forms }));
    let body = json!({ "schema": one_or_many("Truth", limits.max_rows), "examples": examples });
    set(feedback, BODY, body);
    schemas
}

/// A row of features, and the truth that goes with it.
fn of_features(target: &Target<'_>, task: &Task, mut row: Value) -> Value {
    let truth = match task {
        Task::Regression => json!({ "type": "number" }),
        Task::Binary => json!({ "type": "boolean" }),
        Task::Multiclass { classes } => json!({ "type": "string", "enum": classes }),
    };
    let versions = target.trained_versions().into_iter().map(version_text);
    let versions: Vec<Value> = versions.map(Value::from).chain([Value::Null]).collect();
    let version = json!({
        "type": ["string", "null"], "enum": versions,
        "description": "Of which model; of all of the target if it is left out.",
    });
    let no_id = json!({ "type": "null", "description": "There is none: these are features." });
    let more = [
        ("target", json!({ "type": "string", "enum": [target.name] })),
        ("truth", truth),
        ("version", version),
        ("request_id", no_id),
    ];
    if let Some(Value::Object(properties)) = row.get_mut("properties") {
        properties.extend(more.map(|(key, schema)| (key.to_owned(), schema)));
    }
    if let Some(Value::Array(required)) = row.get_mut("required") {
        required.extend([json!("target"), json!("truth")]);
    }
    if let Some(row) = row.as_object_mut() {
        // Its examples have no truth.
        row.remove("examples");
    }
    row
}

fn example(task: &Task) -> Value {
    match task {
        Task::Regression => json!(250.0),
        Task::Binary => json!(true),
        Task::Multiclass { classes } => json!(classes.first()),
    }
}
