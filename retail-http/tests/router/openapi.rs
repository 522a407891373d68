//! The OpenAPI document is true: of routes, errors, models, requests and answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use retail_core::engine::{Engine, EngineConfig};
use retail_core::registry::standard_slots;
use retail_core::source::SyntheticSource;
use retail_http::{Admin, AppState, FeedbackOptions, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::admin_support::{TOKEN, publish, registry_in, token};
use crate::schema::Schemas;
use crate::support::{FULL_SALE, artefact, get, known, post};

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

/// The forms of a body or an answer: its media type, its schema and its examples.
fn forms(of: &Value) -> Vec<(&str, &Value, Vec<Value>)> {
    let forms = of["content"].as_object().into_iter().flatten();
    let forms = forms.map(|(media_type, form)| {
        let named = form["examples"].as_object().into_iter().flatten();
        let named = named.map(|(_, example)| example["value"].clone());
        let only = form.get("example").cloned();
        let examples = only.into_iter().chain(named).collect();
        (media_type.as_str(), &form["schema"], examples)
    });
    forms.collect()
}

/// The examples of a body.
pub(crate) fn examples(body: &Value) -> Vec<Value> {
    let forms = forms(body).into_iter();
    forms.flat_map(|(_, _, examples)| examples).collect()
}

/// A server with everything that there is: models of which one has two revisions, an engine to ask for
/// trainings, feedback, and an administration.
struct Whole {
    app: Router,
    /// Where the models are.
    _dir: tempfile::TempDir,
}

fn whole() -> Whole {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry_in(dir.path());
    for slot in standard_slots() {
        let model = Arc::new(known(&slot));
        registry.publish(artefact(&slot, model)).unwrap().unwrap();
    }
    assert_eq!(publish(&registry, 0.5), 2);
    let engine = Engine::builder(EngineConfig::default())
        .unwrap()
        .open()
        .unwrap();
    let admin = Admin::new(token()).with_retrain(engine.retrain_handle());
    let state = AppState::new(registry)
        .with_feedback(FeedbackOptions::default())
        .with_admin(admin);
    Whole {
        app: router(state),
        _dir: dir,
    }
}

/// An answer: of JSON its value, of a stream only its head.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    media_type: String,
    pub(crate) value: Option<Value>,
}

/// Asks with the token of the administration.
async fn ask_any(app: &Router, method: Method, url: &str, body: Body) -> Answered {
    let request = Request::builder().method(method).uri(url);
    let request = request.header("authorization", format!("Bearer {TOKEN}"));
    let response = app.clone().oneshot(request.body(body).unwrap()).await;
    let (head, body) = response.unwrap().into_parts();
    let media_type = head.headers.get(header::CONTENT_TYPE);
    let media_type = media_type.map_or("", |value| value.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap().to_owned();
    let value = match media_type.as_str() {
        "application/json" => {
            let body = to_bytes(body, usize::MAX).await.unwrap();
            Some(serde_json::from_slice(&body).unwrap())
        }
        _ => None,
    };
    Answered {
        status: head.status,
        headers: head.headers,
        media_type,
        value,
    }
}

/// The answers of all operations to their examples.
pub(crate) async fn answers(
    app: &Router,
    document: &Value,
) -> Vec<(String, Method, Answered, Value)> {
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
            // What one of these changes is not to be in the way of the next.
            let fresh = path.starts_with("/admin").then(whole);
            let app = fresh.as_ref().map_or(app, |whole| &whole.app);
            let answer = ask_any(app, method.clone(), &url, body).await;
            all.push((path.clone(), method.clone(), answer, operation.clone()));
        }
    }
    all
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let Whole { app, _dir } = whole();
    let document = document(&app).await;
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut urls = BTreeMap::new();
    for (path, method, operation) in operations(&document) {
        urls.insert(path.clone(), filled(&path, operation));
        methods.entry(path).or_default().insert(method.to_string());
    }
    let mut documented = BTreeSet::new();
    for (path, url) in urls {
        // A path of the router says which methods it takes.
        let answer = ask_any(&app, Method::PATCH, &url, Body::empty()).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.headers[header::ALLOW].to_str().unwrap();
        let allowed = allowed.split(',').filter(|method| *method != "HEAD");
        let allowed: BTreeSet<String> = allowed.map(str::to_owned).collect();
        assert_eq!(allowed, methods[&path], "{path}");
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
        let path = path.trim_end_matches("\";");
        // What is refused whatever it is has no description, and the page is there only with its feature.
        let is_page = path.starts_with("/docs");
        let is_here = !path.contains("{*") && (!is_page || cfg!(feature = "docs-page"));
        is_here.then(|| path.to_owned())
    });
    let routes: BTreeSet<String> = routes.collect();
    assert!(routes.len() >= 32, "{routes:?}");
    assert_eq!(documented, routes);
}

/// The texts in quotation marks between two places of a source.
fn quoted(source: &'static str, from: &str, to: &str) -> BTreeSet<&'static str> {
    let (_, text) = source.split_once(from).unwrap();
    let (text, _) = text.split_once(to).unwrap_or((text, ""));
    text.split('"').skip(1).step_by(2).collect()
}

#[tokio::test]
async fn the_codes_of_all_errors_are_in_the_document_and_in_the_docs_of_the_crate() {
    let source = include_str!("../../src/error/mod.rs");
    let mut codes = quoted(source, "fn status_and_code", "fn into_details");
    let source = include_str!("../../src/error/admin.rs");
    codes.extend(quoted(source, "fn status_and_code", "\n    }\n"));
    codes.extend(quoted(source, "fn of_change", "\n}\n"));
    assert!(codes.len() >= 40, "{codes:?}");
    let Whole { app, _dir } = whole();
    let document = document(&app).await;
    let listed = document["components"]["schemas"]["ErrorCode"]["enum"]
        .as_array()
        .unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(listed, codes);
    let docs = include_str!("../../docs/errors.md");
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
    let Whole { app, _dir } = whole();
    let document = document(&app).await;
    let schemas = Schemas(&document);
    let answers = answers(&app, &document).await;
    // Of 40 operations one example each; of the three that predict one more, and of feedback one more for
    // each of them.
    let n_pages = if cfg!(feature = "docs-page") { 3 } else { 0 };
    assert_eq!(answers.len(), 40 + 3 + 3 + n_pages);
    for (path, method, answer, operation) in answers {
        let at = format!("{method} {path}");
        let expected = match path.as_str() {
            "/admin/retrain" => 202,
            "/docs" => 307,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{at}: {:?}", answer.value);
        let responses = operation["responses"].as_object().unwrap();
        let forms_of_it = forms(&responses[answer.status.as_str()]);
        let form = forms_of_it.iter().find(|form| form.0 == answer.media_type);
        assert_eq!(
            form.is_some(),
            expected != 307,
            "{at}: {}",
            answer.media_type
        );
        let schema = form.map_or(&Value::Null, |(_, schema, _)| *schema);
        if let Some(value) = answer.value.filter(|_| path != "/openapi.json") {
            schemas.check(schema, &value, &at);
            schemas.describes(schema, &value, &at);
        }
        for (status, response) in responses {
            let forms = forms(response);
            assert_eq!(forms.is_empty(), status.starts_with('3'), "{at} {status}");
            for (media_type, schema, examples) in forms {
                assert!(!examples.is_empty(), "{at} {status} {media_type}");
                for example in examples {
                    schemas.check(schema, &example, &format!("{at} {status}"));
                }
            }
        }
        let bodies = operation.get("requestBody").into_iter().flat_map(forms);
        for (_, schema, examples) in bodies {
            for example in examples {
                schemas.check(schema, &example, &at);
            }
        }
    }
}

/// What is not served is not described, and the administration says how to get in.
#[tokio::test]
async fn the_document_has_the_administration_and_feedback_only_where_they_are() {
    let Whole { app, _dir } = whole();
    let with_all = document(&app).await;
    let scheme = &with_all["components"]["securitySchemes"]["adminToken"];
    assert_eq!(scheme, &json!({ "type": "http", "scheme": "bearer" }));
    for (path, method, operation) in operations(&with_all) {
        let expected = path
            .starts_with("/admin")
            .then(|| json!([{ "adminToken": [] }]));
        assert_eq!(
            operation.get("security"),
            expected.as_ref(),
            "{method} {path}"
        );
    }
    let model = &with_all["paths"]["/admin/models/{model}/pin"]["post"]["parameters"][0];
    assert_eq!(model["schema"]["enum"].as_array().unwrap().len(), 9);

    let without = document(&crate::support::app()).await;
    let here = |document: &Value| -> BTreeSet<String> {
        let paths = document["paths"].as_object().unwrap();
        paths.keys().cloned().collect()
    };
    let missing: BTreeSet<String> = here(&with_all)
        .difference(&here(&without))
        .cloned()
        .collect();
    let is_optional = |path: &&String| path.starts_with("/admin/") || *path == "/feedback";
    assert_eq!(missing.len(), 9, "{missing:?}");
    assert_eq!(missing.iter().filter(is_optional).count(), 9, "{missing:?}");
    assert_eq!(without["components"].get("securitySchemes"), None);
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
    let state = state.with_feedback(FeedbackOptions::default());
    let app = router(state.with_source(|| json!({ "lag": { "0": 12 } })));
    let document = document(&app).await;
    let schemas = Schemas(&document);
    for path in [
        "/predict/total_amount/{version}",
        "/predict/quantity_category/{version}",
        "/predict/high_value_customer/{version}",
    ] {
        let url = path.replace("{version}", "v1?explain=true");
        let (status, answer) = post(&app, &url, FULL_SALE).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer["explanation"].is_object(), "{answer}");
        let schema = &document["paths"][path]["post"]["responses"]["200"];
        let schema = &schema["content"]["application/json"]["schema"];
        schemas.check(schema, &answer, path);
        schemas.describes(schema, &answer, path);
    }
    let mut truth: Value = serde_json::from_str(FULL_SALE).unwrap();
    truth["target"] = json!("total_amount");
    truth["truth"] = json!(200);
    let (status, answer) = post(&app, "/feedback", truth.to_string()).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &json!(1)));
    let mut trained = 0;
    for path in ["/models", "/status/batches", "/status/history", "/feedback"] {
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
