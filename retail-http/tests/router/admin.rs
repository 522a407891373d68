//! The requests below `/admin`: what they change, what they refuse.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use retail_core::engine::{Engine, EngineConfig};
use retail_core::source::SyntheticSource;
use retail_http::{Admin, AdminToken, AppState, admin_router, router};
use serde_json::{Value, json};

use crate::admin_support::{MODEL, TOKEN, ask, folder, registry_in, token};
use crate::support::{LINEAR, SALE, get, post, send};

fn app(revisions: u32) -> (tempfile::TempDir, Router) {
    let dir = folder(revisions);
    let state = AppState::new(registry_in(dir.path()));
    let app = router(state.with_admin(Admin::new(token())));
    (dir, app)
}

fn of(rest: &str) -> String {
    format!("/admin/models/{MODEL}/{rest}")
}

async fn done(app: &Router, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = ask(app, method, path, &body.to_string()).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn refused(app: &Router, method: Method, path: &str, body: &str) -> (u16, String, String) {
    let (status, answer) = ask(app, method, path, body).await;
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default().to_owned();
    (status.as_u16(), text("code"), text("message"))
}

async fn served(app: &Router) -> u64 {
    let (status, answer) = post(app, LINEAR, SALE).await;
    assert_eq!(status, 200, "{answer}");
    answer["revision"].as_u64().unwrap()
}

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
async fn what_is_not_there_is_named_with_what_there_is() {
    let (dir, app) = app(2);
    let known = "one of linear_model_1, linear_model_2, linear_model_3, logistic_model_batch_1";
    for (path, body, status, code, message) in [
        (
            "/admin/models/linear_model_9/rollback",
            "",
            404,
            "unknown_model",
            known,
        ),
        (
            "/admin/models/v1/revisions",
            "",
            404,
            "unknown_model",
            known,
        ),
        (
            &of("promote"),
            r#"{"revision":7}"#,
            404,
            "unknown_revision",
            "the revision of linear_model_1: expected one of 1, 2, got 7",
        ),
        (
            &of("promote"),
            r#"{"alias":"candidate"}"#,
            404,
            "unset_alias",
            "linear_model_1 has no candidate",
        ),
        (
            "/admin/models/linear_model_2/pin",
            "",
            503,
            "not_trained",
            "linear_model_2 is not trained yet",
        ),
        (
            &of("nothing"),
            "",
            404,
            "unknown_path",
            "/admin/models/{model}/rollback",
        ),
        ("/admin", "", 404, "unknown_path", "/admin"),
        ("/admin/", "", 404, "unknown_path", "/admin"),
        ("/admin/retrain", "", 409, "no_engine", "no engine"),
        (
            &of("promote"),
            r#"{"revision":1.5}"#,
            400,
            "wrong_type",
            "revision: expected a whole number from 1, got 1.5",
        ),
        (
            &of("promote"),
            r#"{"revision":0}"#,
            400,
            "wrong_type",
            "got 0",
        ),
        (
            &of("promote"),
            r#"{"revision":"1"}"#,
            400,
            "wrong_type",
            "got \"1\"",
        ),
        (
            &of("promote"),
            r#"{"alias":"challenger"}"#,
            400,
            "wrong_type",
            "one of champion, candidate",
        ),
        (
            &of("promote"),
            r#"{"alias":"champion","revision":1}"#,
            400,
            "wrong_type",
            "got both",
        ),
        (
            &of("promote"),
            "",
            400,
            "missing_field",
            "a revision or an alias",
        ),
        (
            &of("promote"),
            r#"{"revison":1}"#,
            400,
            "unknown_field",
            "one of revision, alias, got revison",
        ),
        (
            &of("rollback"),
            r#"{"revision":1}"#,
            400,
            "unknown_field",
            "expected no key, got revision",
        ),
        (
            &of("promote"),
            r#"{"revision":1,"revision":2}"#,
            400,
            "duplicate_field",
            "revision",
        ),
        (
            &of("promote"),
            "[1]",
            400,
            "wrong_type",
            "expected an object, got an array",
        ),
        (&of("promote"), "{", 400, "malformed_json", "EOF"),
    ] {
        let method = match path.ends_with("revisions") {
            true => Method::GET,
            false => Method::POST,
        };
        let (got, got_code, said) = refused(&app, method, path, body).await;
        assert_eq!((got, &*got_code), (status, code), "{path} {body}: {said}");
        assert!(said.contains(message), "{path} {body}: {said}");
    }
    let alias = of("aliases/best");
    let (status, code, said) = refused(&app, Method::PUT, &alias, r#"{"revision":1}"#).await;
    assert_eq!((status, &*code), (404, "unknown_alias"));
    assert_eq!(said, "alias: expected one of champion, candidate, got best");
    done(&app, Method::POST, &of("rollback"), json!({})).await;
    let (status, code, said) = refused(&app, Method::POST, &of("rollback"), "").await;
    assert_eq!((status, &*code), (409, "no_earlier_revision"), "{said}");
    std::fs::write(dir.path().join(MODEL).join("revision_2.json"), "damaged").unwrap();
    let (status, code, said) =
        refused(&app, Method::POST, &of("promote"), r#"{"revision":2}"#).await;
    assert_eq!((status, &*code), (409, "damaged"), "{said}");
    let long = format!(r#"{{"revision":1,"x":"{}"}}"#, "x".repeat(5000));
    let (status, code, _) = refused(&app, Method::POST, &of("promote"), &long).await;
    assert_eq!((status, &*code), (413, "body_too_large"));
    assert_eq!(served(&app).await, 1);
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

fn unauthorized(status: StatusCode, headers: &HeaderMap, answer: &Value) {
    assert_eq!(status, 401, "{answer}");
    assert_eq!(headers["www-authenticate"], "Bearer");
    assert_eq!(headers["connection"], "close");
    let message =
        "Authorization: expected Bearer and the admin token, got nothing or something else";
    let expected = json!({"error": {
        "code": "unauthorized", "message": message,
        "expected": "Bearer and the admin token", "got": "nothing or something else",
    }});
    assert_eq!(*answer, expected);
}

#[tokio::test]
async fn without_the_token_every_path_and_method_has_one_answer() {
    let (_dir, app) = app(2);
    let longer = format!("Bearer {TOKEN}x");
    let headers: [&[&str]; 9] = [
        &[],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Bearer wrong-wrong-wrong-wrong"],
        &[&longer],
        &["Basic 0123456789abcdef-admin"],
        &[TOKEN],
        // Twice is not once.
        &[
            "Bearer 0123456789abcdef-admin",
            "Bearer 0123456789abcdef-admin",
        ],
    ];
    for values in headers {
        for (method, path) in [
            (Method::POST, of("rollback")),
            (Method::GET, "/admin/models".to_owned()),
            (Method::PATCH, of("pin")),
            (Method::OPTIONS, of("pin")),
            (Method::POST, "/admin/nothing".to_owned()),
            (Method::POST, "/admin/retrain".to_owned()),
        ] {
            let mut request = Request::builder().method(method).uri(path);
            for value in values {
                request = request.header("authorization", *value);
            }
            // A body that never ends is not waited for.
            let endless = Body::new(Endless);
            let (status, headers, answer) = send(&app, request.body(endless).unwrap()).await;
            unauthorized(status, &headers, &answer);
        }
    }
    assert_eq!(served(&app).await, 2);
    let lower = Request::get("/admin/models").header("authorization", format!("bearer  {TOKEN}"));
    assert_eq!(send(&app, lower.body(Body::empty()).unwrap()).await.0, 200);
}

/// A body that nobody may read.
struct Endless;

impl axum::body::HttpBody for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        panic!("the body was read");
    }
}

#[tokio::test]
async fn without_a_token_of_its_own_a_server_has_no_such_paths() {
    let dir = folder(2);
    let state = AppState::new(registry_in(dir.path()));
    let app = router(state.clone());
    for path in ["/admin/models", "/admin/retrain", "/admin"] {
        let (status, answer) = ask(&app, Method::POST, path, "").await;
        let (_, other) = post(&app, "/nothing", "").await;
        assert_eq!(status, 404);
        assert_eq!(answer["error"]["code"], "unknown_path");
        assert_eq!(answer["error"]["expected"], other["error"]["expected"]);
        assert!(!other.to_string().contains("admin"), "{other}");
    }
    let alone = admin_router(state);
    let response = tower::ServiceExt::oneshot(
        alone,
        Request::get("/admin/models").body(Body::empty()).unwrap(),
    );
    assert_eq!(response.await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_admin_router_can_be_served_alone_and_below_a_prefix() {
    let dir = folder(2);
    let state = AppState::new(registry_in(dir.path())).with_admin(Admin::new(token()));
    let app = Router::new().nest("/shops/{shop}", admin_router(state));
    let path = format!("/shops/7/admin/models/{MODEL}/rollback");
    let (status, answer) = ask(&app, Method::POST, &path, "").await;
    assert_eq!(
        (status.as_u16(), &answer["after"]["revision"]),
        (200, &json!(1))
    );
    assert_eq!(get(&app, "/shops/7/admin/models").await.0, 401);
}

#[test]
fn a_token_is_shown_nowhere() {
    let token = AdminToken::new(TOKEN).unwrap();
    let dir = folder(1);
    let state = AppState::new(registry_in(dir.path())).with_admin(Admin::new(token));
    let shown = format!("{state:?}");
    assert!(
        shown.contains("AdminToken(…)") && !shown.contains(TOKEN),
        "{shown}"
    );
}
