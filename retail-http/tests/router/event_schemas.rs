//! The data of events is as the OpenAPI document says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use retail_core::engine::{Engine, EngineConfig, Observer};
use retail_core::source::SyntheticSource;
use retail_http::{AppState, Events, ServeOptions, router};
use serde_json::{Value, json};

use crate::event_reader::Reader;
use crate::events::trained;
use crate::openapi::document;
use crate::schema::Schemas;
use crate::server::start;
use crate::support::{artefact, known, slot};

/// The schema of the data of each event, by its name.
fn kinds(document: &Value) -> BTreeMap<String, Value> {
    let content = &document["paths"]["/events"]["get"]["responses"]["200"]["content"];
    let stream = &content["text/event-stream"]["schema"];
    assert_eq!(stream["$ref"], "#/components/schemas/EventStream");
    let schemas = &document["components"]["schemas"];
    let stream = &schemas["EventStream"];
    assert_eq!(stream["contentMediaType"], "text/event-stream");
    let event = &stream["contentSchema"]["items"]["$ref"];
    assert_eq!(event, "#/components/schemas/ServerSentEvent");
    let kinds = schemas["ServerSentEvent"]["oneOf"].as_array().unwrap();
    let kinds = kinds.iter().map(|kind| {
        let properties = &kind["properties"];
        assert_eq!(kind["required"], json!(["id", "event", "data"]));
        assert_eq!(properties["data"]["contentMediaType"], "application/json");
        let name = properties["event"]["enum"][0].as_str().unwrap();
        (name.to_owned(), properties["data"]["contentSchema"].clone())
    });
    kinds.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_run_are_as_described() {
    let events = Events::default();
    let mut engine = Engine::builder(EngineConfig::default())
        .unwrap()
        .observer(events.clone())
        .open()
        .unwrap();
    let registry = engine.registry();
    let state = AppState::new(Arc::clone(&registry)).with_events(events.clone());
    let app = router(state.with_source(|| json!({ "lag": { "0": 12, "1": 30 } })));
    let document = document(&app).await;
    let kinds = kinds(&document);
    let server = start(app, ServeOptions::default()).await;
    let mut reader = Reader::new(&server).await;
    let ran = tokio::task::spawn_blocking(move || {
        let params = SyntheticSource::params().rows(6_000).check().unwrap();
        engine.run(&mut SyntheticSource::new(params)).unwrap();
    });
    ran.await.unwrap();
    // What there may not have been.
    events.event(&trained("linear_model_1", 1, false));
    // The last swap that is told, whatever the engine has done before it.
    let linear = slot("linear_model_1");
    let last = artefact(&linear, Arc::new(known(&linear)));
    let last = registry.publish(last).unwrap().unwrap().revision;
    let schemas = Schemas(&document);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut outcomes: BTreeSet<String> = BTreeSet::new();
    let mut is_over = false;
    while !is_over || seen.len() < kinds.len() {
        let told = reader.next().await.unwrap();
        let schema = &kinds[&told.name];
        schemas.check(schema, &told.data, &told.name);
        schemas.describes(schema, &told.data, &told.name);
        if told.name == "training" {
            outcomes.insert(told.data["status"].as_str().unwrap().to_owned());
        }
        is_over |= told.name == "swap"
            && told.data["model"] == linear.name.as_str()
            && told.data["revision"] == last;
        seen.insert(told.name);
    }
    server.stop().await;
    assert_eq!(Vec::from_iter(outcomes), ["not_trained", "trained"]);
    // Other data is not.
    for (name, schema) in &kinds {
        let fault = schemas.fault(schema, &json!({ "model": 1, "batch": "x" }), name);
        assert!(fault.is_err(), "{name}");
    }
}

#[tokio::test]
async fn each_event_has_an_example_in_the_stream() {
    let document = document(&crate::support::app()).await;
    let kinds = kinds(&document);
    let content = &document["paths"]["/events"]["get"]["responses"]["200"]["content"];
    let examples = content["text/event-stream"]["examples"]
        .as_object()
        .unwrap();
    assert_eq!(examples.len(), 6);
    assert_eq!(kinds.len(), 6);
    let schemas = Schemas(&document);
    for (name, example) in examples {
        let text = example["value"].as_str().unwrap();
        let (head, data) = text.split_once("data: ").unwrap();
        assert!(head.ends_with(&format!("\nevent: {name}\n")), "{text}");
        let data: Value = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
        schemas.check(&kinds[name], &data, name);
        schemas.describes(&kinds[name], &data, name);
    }
}
