//! Schemas of answers. They are written by hand, key by key and row by row, and so are their schemas.

use retail_core::feature::Column;
use retail_core::label::Task;
use retail_core::registry::SlotName;
use serde_json::{Map, Value, json};

use super::models::Target;
use crate::paths::version_text;

/// What models of a target answer to one row. `tasks` are their kinds; there is none before any is trained.
pub(super) fn answer(target: &str, tasks: &[&Task], columns: &[Column<'_>]) -> Value {
    let features = features_used(columns);
    let mut forms = tasks.iter().map(|task| of_task(target, task, &features));
    match (forms.next(), forms.next()) {
        (None, _) => of_keys(&features, &[]),
        (Some(one), None) => one,
        (Some(one), Some(other)) => {
            let all: Vec<Value> = [one, other].into_iter().chain(forms).collect();
            json!({ "anyOf": all })
        }
    }
}

fn of_task(target: &str, task: &Task, features: &Value) -> Value {
    let number = |words: &str| json!({ "type": "number", "description": words });
    let probability =
        |words: &str| json!({ "type": "number", "minimum": 0, "maximum": 1, "description": words });
    match task {
        Task::Regression => {
            let mut answer = of_keys(features, &[("prediction", number("The predicted number."))]);
            let interval = json!({ "$ref": "#/components/schemas/Interval" });
            add_property(&mut answer, "interval", interval);
            add_property(&mut answer, "explanation", sum(&["value"]));
            answer
        }
        Task::Multiclass { classes } => {
            let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
            let each = classes.iter().map(|class| (class.clone(), share.clone()));
            let each: Map<String, Value> = each.collect();
            let probabilities = json!({
                "type": "object", "properties": each, "required": classes, "additionalProperties": false,
                "description": "The probability of each class.",
            });
            let category = json!({
                "type": "string", "enum": classes,
                "description": "The most probable class; of equals the first.",
            });
            let mut answer = of_keys(
                features,
                &[
                    ("predicted_category", category),
                    ("probabilities", probabilities),
                    (
                        "confidence",
                        probability("The probability of the predicted class."),
                    ),
                ],
            );
            add_property(&mut answer, "explanation", sums(classes));
            answer
        }
        Task::Binary => {
            let is_yes = json!({
                "type": "boolean", "description": "Whether `probability` is at least `threshold`.",
            });
            let mut answer = of_keys(
                features,
                &[
                    (&format!("is_{target}"), is_yes),
                    ("probability", probability("The probability of yes.")),
                    (
                        "threshold",
                        probability("From which probability on the answer is yes."),
                    ),
                ],
            );
            let explanation = sum(&["log_odds", "probability"]);
            add_property(&mut answer, "explanation", explanation);
            answer
        }
    }
}

/// Adds a key that is there only if it is asked for.
fn add_property(answer: &mut Value, key: &str, schema: Value) {
    if let Some(Value::Object(properties)) = answer.get_mut("properties") {
        properties.insert(key.to_owned(), schema);
    }
}

/// The keys of what contributions to one number sum to.
fn base_and_contributions() -> Map<String, Value> {
    let base =
        json!({ "type": "number", "description": "What is said without knowing any feature." });
    let contributions = json!({
        "type": "object", "additionalProperties": { "type": "number" },
        "description": "What each feature adds to it, by name.",
    });
    Map::from_iter([
        ("base".to_owned(), base),
        ("contributions".to_owned(), contributions),
    ])
}

/// An explanation of one number: `base` and the contributions sum to the answer on this scale.
fn sum(scales: &[&str]) -> Value {
    let mut properties = base_and_contributions();
    let scale = json!({ "type": "string", "enum": scales, "description": "What they sum to." });
    properties.insert("scale".to_owned(), scale);
    json!({
        "type": "object", "properties": properties, "required": ["scale", "base", "contributions"],
        "description": "What each feature contributes, if that is asked for.",
    })
}

/// An explanation of the probability of each class.
fn sums(classes: &[String]) -> Value {
    let of_class = json!({
        "type": "object", "properties": base_and_contributions(), "required": ["base", "contributions"],
    });
    let each = classes
        .iter()
        .map(|class| (class.clone(), of_class.clone()));
    let each: Map<String, Value> = each.collect();
    json!({
        "type": "object",
        "properties": {
            "scale": { "type": "string", "enum": ["probability"], "description": "What they sum to." },
            "classes": { "type": "object", "properties": each, "required": classes },
        },
        "required": ["scale", "classes"],
        "description": "What each feature contributes to each probability, if that is asked for.",
    })
}

/// An object with the keys of all answers and these.
fn of_keys(features: &Value, more: &[(&str, Value)]) -> Value {
    let all = [
        (
            "model",
            json!({ "type": "string", "description": "The slot, for example `linear_model_1`." }),
        ),
        (
            "model_version",
            json!({ "type": "string", "pattern": "^v[0-9]+$" }),
        ),
        (
            "revision",
            json!({
                "type": "integer", "minimum": 1, "description": "Which training of the slot answered.",
            }),
        ),
        ("features_used", features.clone()),
    ];
    let required: Vec<&str> = all.iter().chain(more).map(|(key, _)| *key).collect();
    let keys = all.iter().chain(more).cloned();
    let properties: Map<String, Value> =
        keys.map(|(key, schema)| (key.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// What models saw, by name. Versions may differ in it.
fn features_used(columns: &[Column<'_>]) -> Value {
    let names = columns.iter().map(|column| column.spec().name.clone());
    let properties: Map<String, Value> = names
        .map(|name| (name, json!({ "type": "number" })))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": { "type": "number" },
        "description": "What the model saw, by name, in the order of its schema.",
    })
}

/// The form of an answer to `row`, with numbers that are nobody's.
pub(super) fn example(slot: &SlotName, task: Option<&Task>, row: &Value) -> Value {
    let mut answer = json!({
        "model": slot.name,
        "model_version": version_text(slot.version),
        "revision": 1,
        "features_used": row,
    });
    let own = match task {
        None => json!({}),
        Some(Task::Regression) => json!({ "prediction": 255.0 }),
        Some(Task::Multiclass { classes }) => {
            let first = classes.first().map(String::as_str).unwrap_or_default();
            let each = classes
                .iter()
                .map(|class| (class.clone(), json!(f64::from(class == first))));
            json!({
                "predicted_category": first,
                "probabilities": each.collect::<Value>(),
                "confidence": 1.0,
            })
        }
        Some(Task::Binary) => json!({
            format!("is_{}", slot.target): true, "probability": 0.75, "threshold": 0.5,
        }),
    };
    if let (Some(answer), Value::Object(own)) = (answer.as_object_mut(), own) {
        answer.extend(own);
    }
    answer
}

/// What `/compare/models` answers.
pub(super) fn comparison(targets: &[Target<'_>]) -> Value {
    let mut predictions = Map::new();
    for target in targets {
        let title = &target.title;
        let entry = json!({ "anyOf": [
            { "$ref": format!("#/components/schemas/{title}Answer") },
            { "$ref": "#/components/schemas/NotCompared" },
        ]});
        let versions: Vec<String> = target.versions.iter().copied().map(version_text).collect();
        let properties: Map<String, Value> = versions
            .iter()
            .map(|version| (version.clone(), entry.clone()))
            .collect();
        let of_target = json!({ "type": "object", "properties": properties, "required": versions });
        predictions.insert(target.name.to_owned(), of_target);
    }
    let required: Vec<String> = predictions.keys().cloned().collect();
    json!({
        "type": "object",
        "properties": {
            "predictions": { "type": "object", "required": required, "properties": predictions },
        },
        "required": ["predictions"],
    })
}
