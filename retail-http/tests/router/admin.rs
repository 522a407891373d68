//! The requests below `/admin`, and what they change.

use axum::body::Body;
use axum::http::{Method, Request};
use retail_core::engine::{Engine, EngineConfig};
use retail_core::source::SyntheticSource;
use retail_http::{Admin, AppState, router};
use serde_json::{Value, json};

use crate::admin_support::{MODEL, TOKEN, app, ask, done, of, refused, registry_in, served, token};
use crate::support::send;

#[tokio::test]
async fn a_revision_is_promoted_rolled_back_pinned_and_named() {
    let (dir, app) = app(3);
    assert_eq!(served(&app).await, 3);
    let answer = done(&app, Method::POST, &of("rollback"), json!({})).await;
    let state = |revision: u64, pinned: bool, aliases: Value| json!({"revision": revision, "pinned": pinned, "aliases": aliases});
    let expected = json!({
        "model": MODEL, "changed": true,
        "before": state(3, false, json!({})), "after": state(2, false, json!({})),
    });
    assert_eq!(answer, expected);
    assert_eq!(served(&app).await, 2);

    let champion = of("aliases/champion");
    let answer = done(&app, Method::PUT, &champion, json!({"revision": 1.0})).await;
    assert_eq!(answer["after"]["aliases"], json!({"champion": 1}));
    let candidate = of("aliases/candidate");
    done(&app, Method::PUT, &candidate, json!({"alias": "champion"})).await;
    let answer = done(
        &app,
        Method::POST,
        &of("promote"),
        json!({"alias": "candidate"}),
    )
    .await;
    assert_eq!(answer["after"]["revision"], 1);
    assert_eq!(served(&app).await, 1);

    let answer = done(&app, Method::POST, &of("pin"), json!({"revision": 3})).await;
    assert_eq!(answer["after"]["pinned"], true);
    assert_eq!(served(&app).await, 3);
    for (path, body) in [
        (of("promote"), r#"{"revision":1}"#),
        (of("rollback"), ""),
        (of("pin"), r#"{"alias":"champion"}"#),
    ] {
        let (status, code, message) = refused(&app, Method::POST, &path, body).await;
        assert_eq!((status, &*code), (409, "pinned"));
        assert_eq!(
            message,
            "linear_model_1 is pinned to revision 3; unpin it first"
        );
    }
    // What is so already is no error.
    let again = done(&app, Method::POST, &of("pin"), json!({})).await;
    assert_eq!(again["changed"], false);
    let (_, restarted) = (&dir, router(AppState::new(registry_in(dir.path()))));
    assert_eq!(served(&restarted).await, 3);

    done(&app, Method::DELETE, &of("pin"), json!({})).await;
    let answer = done(&app, Method::DELETE, &champion, json!({})).await;
    assert_eq!(answer["after"], state(3, false, json!({"candidate": 1})));
    assert_eq!(
        done(&app, Method::DELETE, &champion, json!({})).await["changed"],
        false
    );
}

#[tokio::test]
async fn the_revisions_on_disk_are_listed_newest_first_with_what_they_are() {
    let (dir, app) = app(3);
    done(
        &app,
        Method::PUT,
        &of("aliases/candidate"),
        json!({"revision": 3}),
    )
    .await;
    done(&app, Method::POST, &of("pin"), json!({"revision": 2})).await;
    std::fs::write(dir.path().join(MODEL).join("revision_1.json"), "damaged").unwrap();
    let answer = done(&app, Method::GET, &of("revisions"), json!({})).await;
    assert_eq!(answer["model"], MODEL);
    assert_eq!(
        (&answer["revision"], &answer["pinned"], &answer["kept"]),
        (&json!(2), &json!(true), &json!(3))
    );
    let listed = answer["revisions"].as_array().unwrap();
    let column = |key: &str| {
        listed
            .iter()
            .map(|one| one[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(column("revision"), [3, 2, 1]);
    assert_eq!(column("served"), [false, true, false]);
    assert_eq!(
        column("aliases"),
        [json!(["candidate"]), json!([]), json!([])]
    );
    assert_eq!(listed[0]["slice"]["rows"], 300);
    assert!(listed[0]["holdout"]["not_trained"].is_object(), "{answer}");
    let damaged = listed[2]["damaged"].as_str().unwrap();
    assert!(damaged.contains("revision_1.json"), "{damaged}");

    let answer = done(&app, Method::GET, "/admin/models", json!({})).await;
    let models = answer["models"].as_array().unwrap();
    assert_eq!(models.len(), 9);
    let expected = json!({
        "model": MODEL, "target": "total_amount", "version": "v1",
        "revision": 2, "pinned": true, "aliases": {"candidate": 3},
    });
    assert_eq!(models[0], expected);
    assert_eq!(models[1]["revision"], Value::Null);
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let (_dir, app) = app(1);
    let request = Request::get(of("pin")).header("authorization", format!("Bearer {TOKEN}"));
    let (status, headers, answer) = send(&app, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, 405);
    assert_eq!(answer["error"]["code"], "method_not_allowed");
    assert_eq!(headers["allow"], "POST,DELETE");
}

#[tokio::test]
async fn an_engine_is_asked_to_train() {
    let mut engine = Engine::builder(EngineConfig::default())
        .unwrap()
        .open()
        .unwrap();
    let params = SyntheticSource::params().rows(3_000).check().unwrap();
    engine.run(&mut SyntheticSource::new(params)).unwrap();
    let admin = Admin::new(token()).with_retrain(engine.retrain_handle());
    let state = AppState::new(engine.registry()).with_status(engine.status());
    let app = router(state.with_admin(admin));
    let path = "/admin/retrain";
    let (status, answer) = ask(&app, Method::POST, path, r#"{"model":"linear_model_2"}"#).await;
    assert_eq!(
        (status.as_u16(), &answer),
        (202, &json!({"models": ["linear_model_2"]}))
    );
    let seconds = |name: &str| engine.status().read().models[name].seconds;
    let before = ["linear_model_1", "linear_model_2"].map(seconds);
    let mut engine = engine;
    engine.train_asked().unwrap();
    let seconds = |name: &str| engine.status().read().models[name].seconds;
    assert_eq!(seconds("linear_model_1"), before[0]);
    assert_ne!(seconds("linear_model_2"), before[1]);
    let (status, answer) = ask(&app, Method::POST, path, "").await;
    assert_eq!(status, 202);
    assert_eq!(answer["models"].as_array().unwrap().len(), 9);
    let (status, code, _) = refused(&app, Method::POST, path, r#"{"model":"other"}"#).await;
    assert_eq!((status, &*code), (404, "unknown_model"));
    let (status, code, _) = refused(&app, Method::POST, path, r#"{"model":1}"#).await;
    assert_eq!((status, &*code), (400, "wrong_type"));
}
