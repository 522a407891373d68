//! The OpenAPI document is true: of routes, errors, models, requests and answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use retail_core::engine::{Engine, EngineConfig};
use retail_core::feature::FeatureSpec;
use retail_core::registry::{Registry, RegistryOptions};
use retail_core::source::SyntheticSource;
use retail_core::train::ModelFormats;
use retail_http::{AppState, Limits, router};
use serde_json::{Value, json};

use crate::schema::Schemas;
use crate::support::{Known, app, artefact, call, empty_registry, get, known, post, slot, task};

pub(crate) async fn document(app: &Router) -> Value {
    let (status, document) = get(app, "/openapi.json").await;
    assert_eq!(status, 200);
    document
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(|(method, operation)| {
            let method = method.to_uppercase().parse().unwrap();
            (path.clone(), method, operation)
        })
    });
    operations.collect()
}

/// The path with an example for each of its parameters.
fn filled(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    parameters
        .iter()
        .filter(|p| p["in"] == "path")
        .fold(path.to_owned(), |path, parameter| {
            let name = parameter["name"].as_str().unwrap();
            let example = parameter["example"].as_str().unwrap();
            assert!(path.contains(&format!("{{{name}}}")), "{path}: {name}");
            path.replace(&format!("{{{name}}}"), example)
        })
}

/// The examples of a body or an answer.
fn examples(content: &Value) -> Vec<Value> {
    let content = &content["content"]["application/json"];
    let named = content["examples"].as_object().into_iter().flatten();
    let named = named.map(|(_, example)| example["value"].clone());
    content
        .get("example")
        .cloned()
        .into_iter()
        .chain(named)
        .collect()
}

/// The answers of all operations to their examples.
async fn answers(
    app: &Router,
    document: &Value,
) -> Vec<(String, Method, StatusCode, Value, Value)> {
    let mut all = Vec::new();
    for (path, method, operation) in operations(document) {
        let url = filled(&path, operation);
        let bodies = match operation.get("requestBody") {
            None => vec![None],
            Some(body) => examples(body).into_iter().map(Some).collect(),
        };
        assert!(!bodies.is_empty(), "{path} has no example");
        for body in bodies {
            let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
            let (status, _, answer) = call(app, method.clone(), &url, body).await;
            all.push((
                path.clone(),
                method.clone(),
                status,
                answer,
                operation.clone(),
            ));
        }
    }
    all
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let app = app();
    let document = document(&app).await;
    let mut documented = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let url = filled(&path, operation);
        // A path of the router says which methods it takes.
        let (status, headers, _) = call(&app, Method::DELETE, &url, Body::empty()).await;
        assert_eq!(status, 405, "{path}");
        let allowed = headers[header::ALLOW].to_str().unwrap();
        let allowed: BTreeSet<&str> = allowed
            .split(',')
            .filter(|method| *method != "HEAD")
            .collect();
        assert_eq!(allowed, BTreeSet::from([method.as_str()]), "{path}");
        for target in ["total_amount", "quantity_category", "high_value_customer"] {
            let path = path.replace(&format!("/predict/{target}/"), "/predict/{target}/");
            documented.insert(path);
        }
    }
    documented
        .retain(|path| !path.starts_with("/predict/") || path.starts_with("/predict/{target}/"));
    let source = include_str!("../../src/paths.rs");
    let routes = source.lines().filter_map(|line| {
        let (_, path) = line
            .trim()
            .strip_prefix("pub(crate) const ")?
            .split_once(": &str = \"")?;
        // The page is no part of the API.
        let is_page = path.starts_with("/docs");
        (!is_page).then(|| path.trim_end_matches("\";").to_owned())
    });
    let routes: BTreeSet<String> = routes.collect();
    assert!(routes.len() >= 19, "{routes:?}");
    assert_eq!(documented, routes);
}

#[tokio::test]
async fn the_codes_of_all_errors_are_in_the_document_and_in_the_docs_of_the_crate() {
    let source = include_str!("../../src/error/mod.rs");
    let (_, codes) = source.split_once("fn status_and_code").unwrap();
    let (codes, _) = codes.split_once("fn into_details").unwrap();
    let codes: BTreeSet<&str> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() >= 25, "{codes:?}");
    let document = document(&app()).await;
    let listed = document["components"]["schemas"]["ErrorCode"]["enum"]
        .as_array()
        .unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(listed, codes);
    let docs = include_str!("../../src/lib.rs");
    let described: Vec<String> = operations(&document)
        .iter()
        .flat_map(|(_, _, operation)| {
            let responses = operation["responses"].as_object().unwrap().values();
            responses
                .map(|response| response["description"].to_string())
                .collect::<Vec<_>>()
        })
        .collect();
    for code in codes {
        let code = format!("`{code}`");
        assert!(docs.contains(&code), "{code} is not in the docs");
        // Whatever is documented takes its method.
        let is_of_an_operation = described.iter().any(|words| words.contains(&code));
        assert_eq!(is_of_an_operation, code != "`method_not_allowed`", "{code}");
    }
}

#[tokio::test]
async fn every_example_is_accepted_and_every_answer_is_as_described() {
    let app = app();
    let document = document(&app).await;
    let schemas = Schemas(&document);
    let answers = answers(&app, &document).await;
    // Of the 19 other operations one example each, and two of the three that predict.
    assert_eq!(answers.len(), 21 + 3);
    for (path, _, status, answer, operation) in answers {
        assert_eq!(status, 200, "{path}: {answer}");
        let response = &operation["responses"]["200"];
        let schema = &response["content"]["application/json"]["schema"];
        if path != "/openapi.json" {
            schemas.check(schema, &answer, &path);
            schemas.describes(schema, &answer, &path);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let examples = examples(response);
            assert_eq!(examples.is_empty(), status == "304", "{path} {status}");
            let schema = &response["content"]["application/json"]["schema"];
            for example in examples {
                schemas.check(schema, &example, &format!("{path} {status}"));
            }
        }
    }
}

/// What an engine says of itself, and models that it has trained, have all keys that there are.
#[tokio::test]
async fn what_an_engine_publishes_is_as_described() {
    let mut config = EngineConfig::default();
    config.linear.interaction = true;
    let mut engine = Engine::builder(config).unwrap().open().unwrap();
    let params = SyntheticSource::params().rows(6_000).check().unwrap();
    engine.run(&mut SyntheticSource::new(params)).unwrap();
    let state = AppState::new(engine.registry()).with_status(engine.status());
    let app = router(state.with_source(|| json!({ "lag": { "0": 12 } })));
    let document = document(&app).await;
    let schemas = Schemas(&document);
    let mut trained = 0;
    for path in ["/models", "/status/batches"] {
        let (_, answer) = get(&app, path).await;
        let schema = &document["paths"][path]["get"]["responses"]["200"];
        let schema = &schema["content"]["application/json"]["schema"];
        schemas.check(schema, &answer, path);
        schemas.describes(schema, &answer, path);
        for model in answer["models"].as_array().into_iter().flatten() {
            trained += usize::from(model["trained"] == true);
        }
    }
    assert!(trained >= 3, "{trained} models are trained");
    let row = &document["components"]["schemas"]["TotalAmountRow"];
    let product = &row["properties"]["quantity_times_price"];
    assert_eq!(product["type"], json!(["number", "null"]));
}

#[tokio::test]
async fn a_server_without_models_is_described_too() {
    let app = router(AppState::new(Arc::new(empty_registry())));
    let document_of_slots = document(&app).await;
    let (status, _) = get(&app, "/v2/health/ready").await;
    assert_eq!(status, 503);
    for (path, _, status, answer, operation) in answers(&app, &document_of_slots).await {
        let response = &operation["responses"][status.as_str()];
        let schema = &response["content"]["application/json"]["schema"];
        if path != "/openapi.json" {
            Schemas(&document_of_slots).check(schema, &answer, &path);
        }
    }

    let options = RegistryOptions {
        formats: ModelFormats::empty(),
        ..RegistryOptions::default()
    };
    let nothing = Registry::open(Vec::new(), options).unwrap();
    let app = router(AppState::new(Arc::new(nothing)));
    let document = document(&app).await;
    assert!(document["paths"]["/predict/{target}/{version}"].is_object());
    let (status, answer) = post(&app, "/predict/total_amount/v1", "{}").await;
    assert_eq!(status, 503);
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    Schemas(&document).check(&schema, &answer, "the error");
}

/// Names, ranges and needs of features are those of the schemas of the models.
#[tokio::test]
async fn rows_are_those_of_the_models_that_are_served() {
    let registry = empty_registry();
    let mut own = artefact(
        &slot("linear_model_1"),
        Arc::new(known(&slot("linear_model_1"))),
    );
    own.info.features.0[0].max = 12.5;
    own.info.features.0.push(FeatureSpec {
        name: "weight".into(),
        unit: "kg".into(),
        min: 0.25,
        max: 30.0,
        whole: false,
        product_of: None,
    });
    own.model = Arc::new(Known {
        task: task("total_amount"),
        n_features: 6,
        bias: 1.0,
    });
    registry.publish(own).unwrap().unwrap();
    let limits = Limits {
        max_rows: 3,
        ..Limits::default()
    };
    let app = router(AppState::new(Arc::new(registry)).with_limits(limits));
    let document = document(&app).await;
    let row = &document["components"]["schemas"]["TotalAmountRow"];
    let quantity = &row["properties"]["quantity"];
    assert_eq!(
        (&quantity["minimum"], &quantity["maximum"]),
        (&json!(1), &json!(12.5))
    );
    let weight = &row["properties"]["weight"];
    assert_eq!(
        weight,
        &json!({ "type": "number", "minimum": 0.25, "maximum": 30, "description": "kg" })
    );
    assert_eq!(row["required"], json!(["price", "quantity", "weight"]));
    let operation = &document["paths"]["/predict/total_amount/{version}"]["post"];
    let body = &operation["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["oneOf"][1]["maxItems"], 3);
    for body in examples(&operation["requestBody"]) {
        let (status, answer) = post(&app, "/predict/total_amount/v1", body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    // What the schema says of a row is what the server says of it.
    let schemas = Schemas(&document);
    for (change, status) in [
        (json!({}), 200),
        (json!({ "month": null }), 400),
        (json!({ "quantity": 12.5 }), 422),
        (json!({ "quantity": 13 }), 422),
        (json!({ "weight": null }), 400),
        (json!({ "weight": 0.2 }), 422),
        (json!({ "weight": "1" }), 400),
        (
            json!({ "hour": null, "invoice_date": "2011-06-11 14:30:00" }),
            200,
        ),
        (json!({ "hour": null, "invoice_date": true }), 400),
        (json!({ "invoice_date": "yesterday" }), 200),
        (json!({ "colour": "red" }), 200),
    ] {
        let mut body = examples(&operation["requestBody"])[0].clone();
        let change_to = change.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(change_to);
        let (got, answer) = post(&app, "/predict/total_amount/v1", body.to_string()).await;
        assert_eq!(got, status, "{change}: {answer}");
        let fits = schemas.fault(row, &body, "row");
        assert_eq!(fits.is_ok(), status == 200, "{change}: {fits:?}");
    }
}
