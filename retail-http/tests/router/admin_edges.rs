//! The edges of the requests below `/admin`: long lists, long names, long texts.

use std::sync::Arc;

use axum::http::Method;
use retail_core::DataMode;
use retail_core::engine::AuditLog;
use retail_core::registry::{Alias, Registry, RegistryOptions, SlotName, standard_slots};
use retail_http::{Admin, AppState, router};
use serde_json::{Value, json};

use crate::admin_support::{
    MODEL, app, ask, done, folder, formats, of, publish, registry_in, token,
};

#[tokio::test]
async fn the_newest_hundred_revisions_are_listed_and_those_with_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let options = RegistryOptions {
        dir: Some(dir.path().to_owned()),
        keep_revisions: 200,
        formats: formats(),
        ..RegistryOptions::default()
    };
    let registry = Arc::new(Registry::open(standard_slots(), options).unwrap());
    for revision in 1..=103_u32 {
        publish(&registry, f64::from(revision));
    }
    registry.set_alias(MODEL, Alias::Champion, 1).unwrap();
    registry.promote(MODEL, 2).unwrap();
    let app = router(AppState::new(registry).with_admin(Admin::new(token())));
    let answer = done(&app, Method::GET, &of("revisions"), json!({})).await;
    assert_eq!(answer["kept"], 103);
    let listed = answer["revisions"].as_array().unwrap().iter();
    let listed: Vec<u64> = listed
        .map(|one| one["revision"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (4..=103).rev().chain([2, 1]).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_long_text_is_not_repeated_in_an_error() {
    let (_dir, app) = app(1);
    for (length, shown) in [
        (64, format!("\"{}\"", "x".repeat(64))),
        (65, "a longer text".into()),
    ] {
        let body = json!({"revision": "x".repeat(length)}).to_string();
        let (_, answer) = ask(&app, Method::POST, &of("promote"), &body).await;
        assert_eq!(answer["error"]["got"], shown);
    }
}

#[tokio::test]
async fn of_a_long_name_only_the_beginning_is_written_down() {
    let dir = folder(1);
    let logs = tempfile::tempdir().unwrap();
    let log = AuditLog::new(logs.path(), DataMode::default()).unwrap();
    let state = AppState::new(registry_in(dir.path()));
    let app = router(state.with_admin(Admin::new(token()).with_audit(log)));
    for length in [256, 257] {
        let path = format!("/admin/models/{}/rollback", "m".repeat(length));
        assert_eq!(ask(&app, Method::POST, &path, "").await.0, 404);
    }
    let text = std::fs::read_to_string(logs.path().join("audit.jsonl")).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["model"], "m".repeat(256));
    }
    assert_eq!(text.lines().count(), 2);
}

#[tokio::test]
async fn the_versions_of_the_target_alone_are_named_in_order() {
    let linear = SlotName::versions("linear_model", "total_amount", 10);
    let other = SlotName::versions("margin_model", "margin", 11);
    let options = RegistryOptions {
        formats: formats(),
        ..RegistryOptions::default()
    };
    let registry = Registry::open(linear.chain(other).collect(), options).unwrap();
    let state = AppState::new(Arc::new(registry)).with_admin(Admin::new(token()));
    let plan = json!({"shadows": [{"version": "v11"}]}).to_string();
    let (status, answer) = ask(&router(state), Method::PUT, &of("traffic"), &plan).await;
    assert_eq!(status, 404);
    let expected = "one of v1, v2, v3, v4, v5, v6, v7, v8, v9, v10";
    assert_eq!(answer["error"]["expected"], expected);
}

#[tokio::test]
async fn five_shadows_are_not_too_many() {
    let (_dir, app) = app(5);
    let shadows: Vec<Value> = (1..=5)
        .map(|revision| json!({"revision": revision}))
        .collect();
    let answer = done(
        &app,
        Method::PUT,
        &of("traffic"),
        json!({"shadows": shadows}),
    )
    .await;
    assert_eq!(answer["shadows"].as_array().unwrap().len(), 5);
}
