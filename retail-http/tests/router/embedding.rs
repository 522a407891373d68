use axum::Router;
use axum::body::Body;
use axum::http::Method;
use retail_core::registry::{Registry, RegistryOptions, SlotName};
use retail_core::train::ModelFormats;
use retail_http::{AppState, router};
use serde_json::json;

use crate::support::{FULL_SALE, SALE, app, artefact, call, get, known, post};

#[tokio::test]
async fn nested_under_a_prefix_everything_still_answers_in_json() {
    let host = Router::new().nest("/a/b", app());
    assert_eq!(
        post(&host, "/a/b/predict/total_amount/v2", SALE).await.0,
        200
    );
    assert_eq!(get(&host, "/a/b/health").await.0, 200);
    let (status, answer) = get(&host, "/a/b/nothing").await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (404, &json!("unknown_path"))
    );
    let (status, headers, _) = call(&host, Method::POST, "/a/b/health", Body::empty()).await;
    assert_eq!(
        (status.as_u16(), headers["allow"].as_bytes()),
        (405, &b"GET,HEAD"[..])
    );
}

#[tokio::test]
async fn a_prefix_may_have_variables_of_its_own() {
    let host = Router::new().nest("/shops/{shop}", app());
    let (status, answer) = post(&host, "/shops/7/predict/total_amount/v2", SALE).await;
    assert_eq!(
        (status.as_u16(), &answer["model"]),
        (200, &json!("linear_model_2"))
    );
}

#[tokio::test]
async fn any_target_of_the_registry_is_served_in_the_form_of_its_task() {
    // In the order of their names, which is not that of their numbers.
    let slots: Vec<SlotName> = [10, 2]
        .map(|version| SlotName {
            name: format!("returning_{version}"),
            target: "returning".into(),
            version,
        })
        .into();
    let options = RegistryOptions {
        dir: None,
        keep_revisions: 1,
        formats: ModelFormats::empty(),
        recover: false,
        ..RegistryOptions::default()
    };
    let registry = Registry::open(slots.clone(), options).unwrap();
    for slot in &slots {
        let model = std::sync::Arc::new(known(slot));
        registry.publish(artefact(slot, model)).unwrap().unwrap();
    }
    let app = router(AppState::new(registry.into()));
    let (status, answer) = post(&app, "/predict/returning/v10", FULL_SALE).await;
    assert_eq!(status, 200);
    assert!(answer["is_returning"].is_boolean(), "{answer}");
    let (_, answer) = post(&app, "/predict/returning/v1", FULL_SALE).await;
    assert_eq!(answer["error"]["expected"], "one of v2, v10");
    let (_, model) = get(&app, "/v2/models/returning").await;
    assert_eq!(model["versions"], json!(["2", "10"]));
    let features = [1.0, 2.0, 2.0, 4.0, 5.0, 6.0];
    let tensor = json!({"name": "x", "shape": [1, 6], "datatype": "FP64", "data": features});
    let path = "/v2/models/returning/infer";
    let (_, answer) = post(&app, path, json!({"inputs": [tensor]}).to_string()).await;
    assert_eq!(answer["model_version"], "10", "{answer}");
}
