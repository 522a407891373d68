//! What operations say of the models that are served.

use retail_core::label::Task;
use serde_json::{Map, Value, json};

use super::models::Target;
use crate::paths::{COMPARE, PREDICT, admin, inference, version_text};
use crate::state::Limits;

/// Where the body of an operation is.
pub(super) const BODY: &str = "/post/requestBody/content/application~1json";

/// Where its answer is.
const ANSWER: &str = "/post/responses/200/content/application~1json";

/// Replaces what is there.
pub(super) fn set(value: &mut Value, at: &str, new: Value) {
    if let Some(old) = value.pointer_mut(at) {
        *old = new;
    }
}

pub(super) fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// One row, or an array of rows. Without a limit there is none to tell.
pub(super) fn one_or_many(name: &str, max_rows: usize) -> Value {
    json!({ "oneOf": [
        schema(name),
        { "type": "array", "items": schema(name), "minItems": 1, "maxItems": max_rows },
    ]})
}

/// The paths of a document, and the operations of each by method.
fn items(document: &mut Value) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flatten();
    items.filter_map(|(path, item)| Some((path, item.as_object_mut()?)))
}

/// The operations of a document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    items(document).flat_map(|(_, item)| item.values_mut())
}

/// Adds to all answers of the router the header that they have.
pub(super) fn add_request_ids(document: &mut Value) {
    let id = json!({
        "description": "The id of the request: its own `x-request-id`, if that is one, or a new one.",
        "schema": { "type": "string" },
    });
    for operation in operations(document) {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let responses = responses.into_iter().flatten();
        // These are answered before the router has the request.
        let of_router =
            responses.filter(|(status, _)| !["421", "429", "501"].contains(&status.as_str()));
        for response in of_router.filter_map(|(_, response)| response.as_object_mut()) {
            let headers = response.entry("headers").or_insert_with(|| json!({}));
            if let Some(headers) = headers.as_object_mut() {
                headers.insert(
                    "x-request-id".to_owned(),
                    json!({ "$ref": "#/components/headers/RequestId" }),
                );
            }
        }
    }
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.insert("headers".to_owned(), json!({ "RequestId": id }));
    }
}

/// Puts one path for each target in place of the one for any: bodies and answers differ between targets.
/// Without targets there is still the one, for models may be found later.
pub(super) fn split_predict(document: &mut Value, targets: &[(Target<'_>, Value)], limits: Limits) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(any) = paths.get(PREDICT).filter(|_| !targets.is_empty()).cloned() else {
        return;
    };
    paths.remove(PREDICT);
    for (target, example) in targets {
        let path = PREDICT.replace("{target}", &encoded(target.name));
        paths.insert(path, predict(any.clone(), target, example, limits));
    }
}

fn predict(mut item: Value, target: &Target<'_>, example: &Value, limits: Limits) -> Value {
    let Target { name, title, .. } = target;
    let (row, answer) = (format!("{title}Row"), format!("{title}Answer"));
    let max_rows = limits.max_rows;
    set(
        &mut item,
        "/post/operationId",
        json!(format!("predict{title}")),
    );
    set(&mut item, "/post/summary", json!(format!("Predict {name}")));
    let body = json!({
        "schema": one_or_many(&row, max_rows),
        "examples": {
            "row": { "summary": "One row", "value": example },
            "rows": { "summary": "Several rows", "value": [example, example] },
        },
    });
    set(&mut item, BODY, body);
    let one = target.example(example);
    let answers = json!({
        "schema": one_or_many(&answer, max_rows),
        "examples": {
            "row": { "summary": "One row", "value": one },
            "rows": { "summary": "Several rows", "value": [one, one] },
        },
    });
    set(&mut item, ANSWER, answers);
    let tasks = target.tasks();
    let may_have_interval = tasks.is_empty() || tasks.contains(&&Task::Regression);
    let versions = target.versions.iter().copied().map(version_text);
    let versions: Vec<String> = versions.collect();
    if let Some(Value::Array(parameters)) = item.pointer_mut("/post/parameters") {
        parameters.retain(|parameter| match parameter.get("name") {
            Some(name) if name == "target" => false,
            Some(name) if name == "interval" => may_have_interval,
            _ => true,
        });
        name_values(parameters, "version", &versions);
    }
    item
}

/// Lists the values that a parameter takes.
fn name_values(parameters: &mut [Value], name: &str, values: &[String]) {
    for parameter in parameters {
        if parameter.get("name").is_some_and(|known| known == name) {
            let example = values.first();
            set(
                parameter,
                "/schema",
                json!({ "type": "string", "enum": values }),
            );
            set(parameter, "/example", json!(example));
        }
    }
}

/// Lists targets and versions where the Open Inference Protocol names a model.
pub(super) fn name_models(document: &mut Value, targets: &[(Target<'_>, Value)]) {
    let names: Vec<String> = targets
        .iter()
        .map(|(target, _)| target.name.to_owned())
        .collect();
    let mut versions: Vec<u32> = targets
        .iter()
        .flat_map(|(target, _)| target.versions.clone())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    let versions: Vec<String> = versions.iter().map(u32::to_string).collect();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for (_, item) in paths
        .iter_mut()
        .filter(|(path, _)| path.starts_with(inference::MODEL))
    {
        for operation in item
            .as_object_mut()
            .into_iter()
            .flat_map(|item| item.values_mut())
        {
            if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
                name_values(parameters, "name", &names);
                name_values(parameters, "version", &versions);
            }
        }
    }
}

/// Lists the slots where the administration names a model.
pub(super) fn name_slots<'s>(document: &mut Value, slots: impl Iterator<Item = &'s str>) {
    let names: Vec<String> = slots.map(str::to_owned).collect();
    if names.is_empty() {
        return;
    }
    let of_admin = items(document).filter(|(path, _)| path.starts_with(admin::MODELS));
    for operation in of_admin.flat_map(|(_, item)| item.values_mut()) {
        if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
            name_values(parameters, "model", &names);
        }
    }
}

/// Shows a row that all models take, and answers to it.
pub(super) fn show_comparison(document: &mut Value, targets: &[(Target<'_>, Value)], row: &Value) {
    let Some(compare) = document
        .get_mut("paths")
        .and_then(|paths| paths.get_mut(COMPARE))
    else {
        return;
    };
    let entries = |target: &Target<'_>| -> Value {
        let mut entry = target.example(row);
        let versions = target.versions.iter().copied().map(version_text);
        let entries = versions.map(|version| {
            set(&mut entry, "/model_version", json!(version));
            (version, entry.clone())
        });
        entries.collect()
    };
    let predictions = targets
        .iter()
        .map(|(target, _)| (target.name.to_owned(), entries(target)));
    let answer = json!({ "predictions": predictions.collect::<Value>() });
    set(
        compare,
        BODY,
        json!({ "schema": schema("RowForAll"), "example": row }),
    );
    set(
        compare,
        ANSWER,
        json!({ "schema": schema("Comparison"), "example": answer }),
    );
}

/// Shows a row as tensors, one for each feature.
pub(super) fn show_tensors(document: &mut Value, row: &Value) {
    let tensor =
        |(name, value)| json!({ "name": name, "shape": [1], "datatype": "FP64", "data": [value] });
    let inputs: Vec<Value> = row.as_object().into_iter().flatten().map(tensor).collect();
    let request = json!({ "id": "1", "inputs": inputs });
    for path in [inference::MODEL_INFER, inference::VERSION_INFER] {
        let paths = document.get_mut("paths");
        if let Some(infer) = paths.and_then(|paths| paths.get_mut(path)) {
            set(infer, &format!("{BODY}/example"), request.clone());
        }
    }
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes()
        .map(|byte| match is_plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
