use axum::http::{HeaderMap, header};

use crate::error::ApiError;

/// Passes a body that says it is JSON, or does not say what it is. Any other type is refused: it
/// says what is wrong better than an error of syntax would, and a page of another origin can send
/// nothing but forms and plain text without being asked who it is.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let values = headers.get_all(header::CONTENT_TYPE).into_iter();
    for value in values.filter(|value| *value != "application/json") {
        let text = String::from_utf8_lossy(value.as_bytes());
        let essence = text.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        if !essence.is_empty() && !is_json(&essence) {
            return Err(ApiError::UnsupportedType {
                hint: hint(&essence),
                got: essence,
            });
        }
    }
    Ok(())
}

fn is_json(essence: &str) -> bool {
    match essence.split_once('/') {
        Some(("application" | "text", "json")) => true,
        Some((_, subtype)) => subtype.ends_with("+json"),
        None => false,
    }
}

/// What a client that sends this type probably has to change.
fn hint(essence: &str) -> Option<&'static str> {
    match essence {
        "application/x-www-form-urlencoded" => {
            Some("send {\"quantity\": 10, …} instead of a form; curl sends JSON with --json")
        }
        "multipart/form-data" => Some("send {\"quantity\": 10, …} instead of a form"),
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines"
        | "application/json-seq" => Some("put the rows into one array: [{…}, {…}]"),
        "text/csv" => Some("send each row as an object: [{\"quantity\": 10, …}, {…}]"),
        _ => None,
    }
}
