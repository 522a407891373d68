//! Plans of `/admin/models/{model}/traffic` over a restart: they are in force again, and what is gone is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use retail_core::registry::{Alias, Registry};
use retail_http::{Admin, AppState, router};
use serde_json::{Value, json};

use crate::admin_support::{MODEL, ask, publish, registry_in, token};
use crate::support::{FULL_SALE, LINEAR, empty_registry, post};
use crate::traffic_support::{TRAFFIC, keyed, place, planned, registry_of};

/// What a process serves that begins with this folder.
fn started(dir: &Path) -> (Router, Arc<Registry>) {
    let registry = registry_in(dir);
    let state = AppState::new(Arc::clone(&registry)).with_admin(Admin::new(token()));
    (router(state), registry)
}

/// The same with two revisions of the first linear model, of which 2 is served, and the other versions.
fn prepared(dir: &Path) -> (Router, Arc<Registry>) {
    drop(registry_of(dir));
    started(dir)
}

fn plan_file(dir: &Path) -> PathBuf {
    dir.join(MODEL).join("traffic")
}

fn split_to(to: &Value, share: f64) -> Value {
    json!({"split": {"to": to, "share": share, "header": "x-customer-id"}})
}

async fn shown(app: &Router) -> Value {
    let (status, shown) = ask(app, Method::GET, TRAFFIC, "").await;
    assert_eq!(status, 200, "{shown}");
    shown
}

#[tokio::test]
async fn a_split_is_in_force_after_a_restart_with_the_same_answers_to_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (app, _) = prepared(dir.path());
    let said = planned(&app, &split_to(&json!({"revision": 1}), 0.4)).await;
    assert_eq!(said["saved"], true);
    let keys: Vec<String> = (0..50)
        .map(|customer| format!("customer-{customer}"))
        .collect();
    let mut before = Vec::new();
    for key in &keys {
        before.push(keyed(&app, LINEAR, key).await);
    }
    drop(app);

    let (app, _) = started(dir.path());
    for (key, before) in keys.iter().zip(&before) {
        let answer = keyed(&app, LINEAR, key).await;
        assert_eq!(answer, *before, "{key}");
        let expected = if place(MODEL, key) < 0.4 { 1 } else { 2 };
        assert_eq!(answer["revision"], expected, "{key}");
    }
    // The plan is the same, and its counts begin anew.
    let mut again = shown(&app).await;
    let requests = again["split"]["requests"].take();
    let taken = keys.iter().filter(|key| place(MODEL, key) < 0.4).count();
    let left = keys.len() - taken;
    let expected = json!({"taken": taken, "left": left, "without_key": 0, "without_other": 0});
    assert_eq!(requests, expected);
    let mut said = said;
    said["split"]["requests"].take();
    assert_eq!(again, said);
}

#[tokio::test]
async fn shadows_and_aliases_come_back_and_an_end_is_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let (app, registry) = prepared(dir.path());
    registry.set_alias(MODEL, Alias::Candidate, 1).unwrap();
    let plan = json!({
        "split": {"to": {"alias": "candidate"}, "share": 1.0, "header": "X-Shop"},
        "shadows": [{"version": "v2"}, {"revision": 1}],
    });
    let said = planned(&app, &plan).await;
    let (app, registry) = started(dir.path());
    assert_eq!(shown(&app).await, said);
    assert_eq!(said["split"]["header"], "x-shop");
    assert_eq!(said["split"]["to"]["revision"], 1);
    // Another process moves the alias: it is followed.
    let third = publish(&registry, 0.75);
    let other = registry_in(dir.path());
    other.set_alias(MODEL, Alias::Candidate, 2).unwrap();
    registry.refresh();
    assert_eq!(shown(&app).await["split"]["to"]["revision"], 2);
    // A restart is no reason for a plan to begin again.
    let (status, _) = ask(&app, Method::DELETE, TRAFFIC, "").await;
    assert_eq!(status, 200);
    let (app, _) = started(dir.path());
    let nothing = json!({"model": MODEL, "active": false, "saved": true, "shadows": []});
    assert_eq!(shown(&app).await, nothing);
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], third);
}

#[tokio::test]
async fn a_plan_whose_revision_is_gone_is_shown_with_its_problem_and_the_model_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (app, _) = prepared(dir.path());
    let plan = json!({
        "split": {"to": {"revision": 1}, "share": 1.0, "header": "x-customer-id"},
        "shadows": [{"revision": 1}],
    });
    planned(&app, &plan).await;
    drop(app);
    fs::remove_file(dir.path().join(MODEL).join("revision_1.json")).unwrap();

    let (app, _) = started(dir.path());
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 2);
    let said = shown(&app).await;
    let gone = json!({
        "who": "revision 1", "problem": "linear_model_1 has no revision 1: kept are 2",
    });
    assert_eq!(
        (&said["active"], &said["saved"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(said["split"]["to"], gone);
    assert_eq!(said["shadows"][0]["of"], gone);
    let requests = json!({"taken": 0, "left": 0, "without_key": 0, "without_other": 1});
    assert_eq!(said["split"]["requests"], requests);
    // A plan that others can carry out replaces it.
    planned(&app, &split_to(&json!({"version": "v2"}), 1.0)).await;
    assert_eq!(keyed(&app, LINEAR, "7").await["model"], "linear_model_2");
}

#[tokio::test]
async fn a_damaged_plan_is_shown_as_such_and_a_new_one_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let (app, _) = prepared(dir.path());
    let plan = split_to(&json!({"revision": 1}), 1.0);
    planned(&app, &plan).await;
    drop(app);
    let sound = fs::read(plan_file(dir.path())).unwrap();
    let mut flipped = sound.clone();
    flipped[20] ^= 1;
    for damage in [&b""[..], b"{}\n", b"\xff\n", &sound[1..], &flipped] {
        fs::write(plan_file(dir.path()), damage).unwrap();
        let (app, _) = started(dir.path());
        assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 2);
        let said = shown(&app).await;
        let problem = said["problem"].as_str().unwrap();
        let file = plan_file(dir.path()).display().to_string();
        assert!(
            problem.contains(&file) && problem.contains("remove this file"),
            "{problem}"
        );
        assert_eq!(
            (&said["active"], &said["shadows"]),
            (&json!(false), &json!([]))
        );
        let again = planned(&app, &plan).await;
        assert!(again.get("problem").is_none(), "{again}");
        assert_eq!(fs::read(plan_file(dir.path())).unwrap(), sound);
    }
    // Or it is ended.
    fs::write(plan_file(dir.path()), "damaged").unwrap();
    let (app, _) = started(dir.path());
    let (_, said) = ask(&app, Method::DELETE, TRAFFIC, "").await;
    assert!(said.get("problem").is_none(), "{said}");
    let (app, _) = started(dir.path());
    assert!(shown(&app).await.get("problem").is_none());
}

#[tokio::test]
async fn a_plan_that_cannot_be_saved_is_refused_and_the_one_before_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (app, _) = prepared(dir.path());
    planned(&app, &split_to(&json!({"revision": 1}), 1.0)).await;
    let before = shown(&app).await;
    // Nothing can be written where a folder is.
    fs::remove_file(plan_file(dir.path())).unwrap();
    fs::create_dir(plan_file(dir.path())).unwrap();
    let other = split_to(&json!({"version": "v2"}), 1.0).to_string();
    for (method, body) in [(Method::PUT, other.as_str()), (Method::DELETE, "")] {
        let (status, said) = ask(&app, method, TRAFFIC, body).await;
        assert_eq!(
            (status.as_u16(), &said["error"]["code"]),
            (500, &json!("storage_failed")),
            "{said}"
        );
        assert_eq!(shown(&app).await, before);
    }
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 1);
}

#[tokio::test]
async fn a_plan_for_models_in_memory_says_that_it_ends_with_the_process() {
    let registry = Arc::new(empty_registry());
    let state = AppState::new(registry).with_admin(Admin::new(token()));
    let app = router(state);
    // Nobody is trained: who answers is decided once somebody is.
    let said = planned(&app, &json!({"shadows": [{"version": "v2"}]})).await;
    let problem = "linear_model_2 is not trained yet";
    let expected = json!({
        "model": MODEL, "active": false, "saved": false,
        "shadows": [{
            "of": {"who": "v2", "problem": problem}, "rows": 0, "different": 0,
            "mean_difference": 0.0, "largest_difference": 0.0, "skipped": 0, "failed": 0,
        }],
    });
    assert_eq!(said, expected);
    let (_, said) = ask(&app, Method::DELETE, TRAFFIC, "").await;
    let nothing = json!({"model": MODEL, "active": false, "saved": true, "shadows": []});
    assert_eq!(said, nothing);
    assert_eq!(post(&app, LINEAR, FULL_SALE).await.0, 503);
}
