//! Schemas of truths that clients report.

use retail_core::label::Task;
use serde_json::{Map, Value, json};

use super::models::Target;
use super::operations::{BODY, one_or_many, schema, set};
use crate::paths::{FEEDBACK, version_text};
use crate::state::Limits;

/// Says what truths there are of the models that are served. Returns the schemas for it.
pub(super) fn show(
    document: &mut Value,
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
    for (target, row) in targets {
        let Some(task) = target.tasks().first().copied() else {
            continue;
        };
        let name = format!("{}Truth", target.title);
        forms.push(schema(&name));
        schemas.insert(name, of_features(target, task));
        if let (Some(examples), Value::Object(row)) = (examples.as_object_mut(), row.clone()) {
            let mut truth = row;
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

/// The truth that goes with features.
fn of_features(target: &Target<'_>, task: &Task) -> Value {
    let truth = match task {
        Task::Regression => json!({ "type": "number" }),
        Task::Binary => json!({ "type": "boolean" }),
        Task::Multiclass { classes } => json!({ "type": "string", "enum": classes }),
    };
    let versions = target.trained_versions().into_iter().map(version_text);
    let versions: Vec<String> = versions.collect();
    json!({ "allOf": [
        schema(&format!("{}Row", target.title)),
        {
            "type": "object",
            "properties": {
                "target": { "type": "string", "enum": [target.name] },
                "truth": truth,
                "version": {
                    "type": "string", "enum": versions,
                    "description": "Of which model; of all of the target if it is left out.",
                },
                "request_id": { "type": "null", "description": "There is none: these are features." },
            },
            "required": ["target", "truth"],
        },
    ]})
}

fn example(task: &Task) -> Value {
    match task {
        Task::Regression => json!(250.0),
        Task::Binary => json!(true),
        Task::Multiclass { classes } => json!(classes.first()),
    }
}
