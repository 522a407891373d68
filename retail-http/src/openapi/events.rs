//! Schemas of events. OpenAPI 3.1 has no words for a stream of them: to a client that knows no more, it is a text.
//! `contentSchema` of JSON Schema says what is in it.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::engine::{NotTrainedShape, PrequentialShape, TrainedShape};
use super::operations::{schema, set};
use crate::paths::EVENTS;

/// How well a model predicted batches before any model learned from them.
#[derive(Serialize, ToSchema)]
#[schema(
    as = MetricEvent,
    examples(json!({
        "model": "linear_model_1", "batches": 3,
        "recent": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 2900},
        "overall": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 2900},
    })),
)]
pub(crate) struct MetricEventShape {
    /// The slot.
    model: String,
    #[serde(flatten)]
    prequential: PrequentialShape,
}

/// A model was trained, or could not be.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(
    as = TrainingEvent,
    examples(json!({
        "model": "linear_model_1", "changed": true, "rows": 2900, "status": "trained",
        "holdout": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 580},
        "revision": 2, "seconds": 0.002, "prequential": null,
    })),
)]
#[expect(dead_code, reason = "it is read for its schema only")]
pub(crate) enum TrainingEventShape {
    Trained(TrainedEventShape),
    NotTrained(NotTrainedEventShape),
}

/// A model was trained.
#[derive(Serialize, ToSchema)]
#[schema(as = TrainedEvent)]
pub(crate) struct TrainedEventShape {
    /// The slot.
    model: String,
    /// Whether a new revision is served.
    changed: bool,
    #[serde(flatten)]
    status: TrainedShape,
}

/// A model could not be trained.
#[derive(Serialize, ToSchema)]
#[schema(as = NotTrainedEvent)]
pub(crate) struct NotTrainedEventShape {
    /// The slot.
    model: String,
    /// Whether a new revision is served.
    changed: bool,
    #[serde(flatten)]
    status: NotTrainedShape,
}

/// Each kind of event, what it says, and the schema of its data.
const KINDS: [(&str, &str, &str); 6] = [
    ("batch", "A batch is saved", "BatchStatus"),
    (
        "reject",
        "A batch is saved for which records were dropped",
        "RejectEvent",
    ),
    ("metric", "A model was scored on new batches", "MetricEvent"),
    (
        "training",
        "A model was trained, or could not be",
        "TrainingEvent",
    ),
    ("swap", "Another revision is being served", "SwapEvent"),
    ("lag", "How far behind the source is", "LagEvent"),
];

/// Where the stream is described.
const STREAM: &str = "/get/responses/200/content/text~1event-stream";

/// Describes the stream, with the example that each schema has. Returns the schemas for it.
pub(super) fn show(document: &mut Value) -> Map<String, Value> {
    let (mut forms, mut examples) = (Vec::new(), Map::new());
    for (id, (name, summary, data)) in (7..).zip(KINDS) {
        forms.push(json!({
            "type": "object",
            "description": summary,
            "required": ["id", "event", "data"],
            "properties": {
                "id": { "type": "string", "description": "A whole number, one more than that of the event before." },
                "event": { "type": "string", "enum": [name] },
                "data": {
                    "type": "string", "contentMediaType": "application/json", "contentSchema": schema(data),
                },
            },
        }));
        let example = document.pointer(&format!("/components/schemas/{data}/examples/0"));
        if let Some(example) = example {
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = write!(text, "id: {id}\nevent: {name}\ndata: {example}\n\n");
            examples.insert(
                name.to_owned(),
                json!({ "summary": summary, "value": text }),
            );
        }
    }
    let events = document
        .get_mut("paths")
        .and_then(|paths| paths.get_mut(EVENTS));
    let Some(events) = events else {
        return Map::new();
    };
    set(
        events,
        STREAM,
        json!({ "schema": schema("EventStream"), "examples": examples }),
    );
    let stream = json!({
        "type": "string",
        "description": "Server-sent events without an end, and empty comments while nothing happens.",
        "contentMediaType": "text/event-stream",
        "contentSchema": { "type": "array", "items": schema("ServerSentEvent") },
    });
    let event = json!({ "description": "One of the events, by its name.", "oneOf": forms });
    Map::from_iter([
        ("EventStream".to_owned(), stream),
        ("ServerSentEvent".to_owned(), event),
    ])
}
