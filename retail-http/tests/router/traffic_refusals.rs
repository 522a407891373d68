//! Plans that `/admin/models/{model}/traffic` refuses.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::admin_support::ask;
use crate::support::send;
use crate::traffic_support::{Served, TRAFFIC, planned, served};

#[tokio::test]
async fn plans_that_cannot_be_kept_are_refused_and_change_nothing() {
    let Served {
        app,
        registry: _registry,
        _dir,
    } = served();
    let plan = json!({"shadows": [{"revision": 1}]});
    planned(&app, &plan).await;
    let split = |to: Value, share: Value, header: &str| json!({"split": {"to": to, "share": share, "header": header}});
    let one = json!({"revision": 1});
    for (plan, status, code) in [
        (json!({"split": null}), 400, "wrong_type"),
        (json!({"shadows": null}), 400, "wrong_type"),
        (
            json!({"shadows": [{"revision": 1, "alias": null}]}),
            400,
            "wrong_type",
        ),
        (json!({"shadow": []}), 400, "wrong_type"),
        (json!([]), 400, "wrong_type"),
        (json!([null, []]), 400, "wrong_type"),
        (json!({"shadows": [[1]]}), 400, "wrong_type"),
        (
            json!({"split": [{"revision": 1}, 0.5, "x"]}),
            400,
            "wrong_type",
        ),
        (split(json!([1]), json!(0.5), "x"), 400, "wrong_type"),
        (json!({"shadows": vec![one.clone(); 6]}), 400, "wrong_type"),
        (json!({"shadows": [{}]}), 400, "wrong_type"),
        (
            json!({"shadows": [one.clone(), {"version": "v2"}, one.clone()]}),
            400,
            "wrong_type",
        ),
        (json!({"shadows": [{"revision": 0}]}), 400, "wrong_type"),
        (
            json!({"shadows": [{"revision": 1, "version": "v2"}]}),
            400,
            "wrong_type",
        ),
        (json!({"shadows": [{"alias": "best"}]}), 400, "wrong_type"),
        (
            json!({"shadows": [{"alias": "candidate"}]}),
            404,
            "unset_alias",
        ),
        (
            json!({"shadows": [{"revision": 9}]}),
            404,
            "unknown_revision",
        ),
        (
            json!({"shadows": [{"version": "v9"}]}),
            404,
            "unknown_version",
        ),
        (
            json!({"shadows": [{"version": "2"}]}),
            404,
            "unknown_version",
        ),
        (
            json!({"shadows": [{"version": "v3"}]}),
            409,
            "other_features",
        ),
        (split(one.clone(), json!(1.1), "x"), 422, "out_of_range"),
        (split(one.clone(), json!(-0.1), "x"), 422, "out_of_range"),
        (split(one.clone(), json!("half"), "x"), 400, "wrong_type"),
        (
            split(one.clone(), json!(0.5), "no header"),
            400,
            "wrong_type",
        ),
        (split(json!({}), json!(0.5), "x"), 400, "wrong_type"),
        (
            json!({"split": {"to": one, "share": 0.5}}),
            400,
            "wrong_type",
        ),
    ] {
        let (got, answer) = ask(&app, Method::PUT, TRAFFIC, &plan.to_string()).await;
        let got = (got.as_u16(), answer["error"]["code"].as_str().unwrap());
        assert_eq!(got, (status, code), "{plan}: {answer}");
    }
    let twice = r#"{"shadows":[{"revision":1,"revision":2}]}"#;
    assert_eq!(ask(&app, Method::PUT, TRAFFIC, twice).await.0, 400);
    for (method, body) in [
        (Method::GET, ""),
        (Method::PUT, r#"{"shadows":[{"revision":1}]}"#),
        (Method::DELETE, ""),
    ] {
        let (status, answer) = ask(&app, method, "/admin/models/profit/traffic", body).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (404, &json!("unknown_model"))
        );
    }
    let (_, shown) = ask(&app, Method::GET, TRAFFIC, "").await;
    assert_eq!(shown["shadows"][0]["of"]["revision"], 1);
    let request = Request::get(TRAFFIC).body(Body::empty()).unwrap();
    assert_eq!(send(&app, request).await.0, 401);
}

#[tokio::test]
async fn what_is_wrong_with_a_contender_is_said() {
    let Served { app, _dir, .. } = served();
    for (shadow, expected, got) in [
        (json!({"revision": 0}), "a whole number from 1", "0"),
        (json!({"revision": 1.5}), "a whole number from 1", "1.5"),
        (json!({"revision": "1"}), "a whole number from 1", "\"1\""),
        (
            json!({"alias": "best"}),
            "one of champion, candidate",
            "\"best\"",
        ),
        (json!({}), "a revision, an alias or a version", "nothing"),
        (
            json!({"revision": 1, "version": "v2"}),
            "a revision, an alias or a version",
            "several of them",
        ),
    ] {
        let plan = json!({"shadows": [shadow]}).to_string();
        let (_, answer) = ask(&app, Method::PUT, TRAFFIC, &plan).await;
        let error = &answer["error"];
        assert_eq!(
            (&error["expected"], &error["got"]),
            (&json!(expected), &json!(got)),
            "{plan}"
        );
    }
    let twice = json!({"shadows": [{"version": "v2"}, {"version": "v2"}]}).to_string();
    let (_, answer) = ask(&app, Method::PUT, TRAFFIC, &twice).await;
    assert_eq!(answer["error"]["got"], "v2 twice");
}
