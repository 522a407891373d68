//! `/admin/models/{model}/traffic`: splits and shadows.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use retail_core::registry::Registry;
use retail_http::{Admin, AppState, router};
use serde_json::{Value, json};

use crate::admin_support::{MODEL, ask, publish, registry_in, token};
use crate::support::{FULL_SALE, LINEAR, artefact, known, post, send, slot};

const TRAFFIC: &str = "/admin/models/linear_model_1/traffic";

struct Served {
    app: Router,
    registry: Arc<Registry>,
    _dir: tempfile::TempDir,
}

/// Two revisions of the first linear model, of which 2 is served, and the other versions.
fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry_of(dir.path());
    let state = AppState::new(Arc::clone(&registry)).with_admin(Admin::new(token()));
    Served {
        app: router(state),
        registry,
        _dir: dir,
    }
}

fn registry_of(dir: &Path) -> Arc<Registry> {
    let registry = registry_in(dir);
    publish(&registry, 0.25);
    publish(&registry, 0.5);
    for name in ["linear_model_2", "linear_model_3"] {
        let slot = slot(name);
        let model = artefact(&slot, Arc::new(known(&slot)));
        registry.publish(model).unwrap().unwrap();
    }
    registry
}

async fn planned(app: &Router, plan: &Value) -> Value {
    let (status, answer) = ask(app, Method::PUT, TRAFFIC, &plan.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The answer to a request with this key.
async fn keyed(app: &Router, path: &str, key: &str) -> Value {
    let request = Request::post(path).header("x-customer-id", key);
    let (status, _, answer) = send(app, request.body(FULL_SALE.into()).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// What is known of the shadows, once this many rows have been looked at.
async fn compared(app: &Router, rows: u64) -> Value {
    let begun = Instant::now();
    loop {
        let (_, shown) = ask(app, Method::GET, TRAFFIC, "").await;
        let seen = |shadow: &Value| {
            let count = |key: &str| shadow[key].as_u64().unwrap();
            count("rows") + count("failed") + count("skipped")
        };
        let shadows = shown["shadows"].as_array().unwrap();
        if shadows.iter().all(|shadow| seen(shadow) >= rows) {
            return shown;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{shown}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The documented formula.
fn place(model: &str, key: &str) -> f64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in model.bytes().chain([0]).chain(key.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^= hash >> 33;
    (hash >> 11) as f64 / 9_007_199_254_740_992.0
}

#[tokio::test]
async fn a_share_of_keys_is_answered_by_another_revision_always_the_same() {
    let Served {
        app,
        registry: _registry,
        _dir,
    } = served();
    let plan = json!({"split": {"to": {"revision": 1}, "share": 0.3, "header": "X-Customer-Id"}});
    let shown = planned(&app, &plan).await;
    assert_eq!(
        shown["split"],
        json!({
            "to": {"who": "revision 1", "model": MODEL, "revision": 1},
            "share": 0.3, "header": "x-customer-id",
            "requests": {"taken": 0, "left": 0, "without_key": 0},
        })
    );
    let (mut taken, mut left) = (0, 0);
    for round in 0..2 {
        for customer in 0..200 {
            let key = format!("customer-{customer}");
            let answer = keyed(&app, LINEAR, &key).await;
            let is_taken = place(MODEL, &key) < 0.3;
            let expected = if is_taken { 1 } else { 2 };
            assert_eq!(answer["revision"], expected, "{key} in round {round}");
            *if is_taken { &mut taken } else { &mut left } += 1;
        }
    }
    assert!((80..160).contains(&taken), "{taken}");
    // Without a key, or with several, the model itself answers.
    assert_eq!(post(&app, LINEAR, FULL_SALE).await.1["revision"], 2);
    let two = Request::post(LINEAR)
        .header("x-customer-id", "customer-1")
        .header("x-customer-id", "customer-2");
    let (_, _, answer) = send(&app, two.body(FULL_SALE.into()).unwrap()).await;
    assert_eq!(answer["revision"], 2);
    let (_, shown) = ask(&app, Method::GET, TRAFFIC, "").await;
    let requests = json!({"taken": taken, "left": left, "without_key": 2});
    assert_eq!(shown["split"]["requests"], requests);
    // Others are not concerned, and neither is a comparison.
    let other = keyed(&app, "/predict/total_amount/v2", "customer-1").await;
    assert_eq!(other["model"], "linear_model_2");
    let all = keyed(&app, "/compare/models", "customer-1").await;
    assert_eq!(all["predictions"]["total_amount"]["v1"]["revision"], 2);
}

#[tokio::test]
async fn another_version_can_take_all_and_says_that_it_did() {
    let Served {
        app,
        registry: _registry,
        _dir,
    } = served();
    let plan = json!({"split": {"to": {"version": "v3"}, "share": 1, "header": "x-customer-id"}});
    planned(&app, &plan).await;
    let answer = keyed(&app, LINEAR, "7").await;
    assert_eq!(answer["model"], "linear_model_3");
    assert_eq!(answer["model_version"], "v3");
    assert_eq!(answer, keyed(&app, "/predict/total_amount/v3", "7").await);
    // By the other protocol, too.
    let body = json!({"inputs": [
        {"name": "quantity", "shape": [1], "datatype": "FP64", "data": [10]},
        {"name": "price", "shape": [1], "datatype": "FP64", "data": [25.5]},
        {"name": "month", "shape": [1], "datatype": "FP64", "data": [6]},
        {"name": "day", "shape": [1], "datatype": "FP64", "data": [11]},
        {"name": "hour", "shape": [1], "datatype": "FP64", "data": [14]},
    ]});
    let path = "/v2/models/total_amount/versions/1/infer";
    let request = Request::post(path).header("x-customer-id", "7");
    let (_, _, inferred) = send(&app, request.body(body.to_string().into()).unwrap()).await;
    assert_eq!(inferred["model_version"], "3");
    assert_eq!(inferred["outputs"][0]["data"][0], answer["prediction"]);
    // Nobody else once it has ended.
    let (status, shown) = ask(&app, Method::DELETE, TRAFFIC, "").await;
    assert_eq!((status.as_u16(), &shown["active"]), (200, &json!(false)));
    planned(&app, &plan).await;
    assert_eq!(planned(&app, &json!({})).await, shown);
    assert_eq!(keyed(&app, LINEAR, "7").await["model"], MODEL);
}

#[tokio::test]
async fn shadows_are_compared_and_never_sent() {
    let Served {
        app,
        registry: _registry,
        _dir,
    } = served();
    let alone = keyed(&app, LINEAR, "7").await;
    let plan = json!({"shadows": [{"revision": 1}, {"version": "v2"}, {"revision": 2}]});
    let shown = planned(&app, &plan).await;
    assert_eq!(shown["shadows"][1]["of"]["model"], "linear_model_2");
    assert_eq!(keyed(&app, LINEAR, "7").await, alone);
    let batch = format!("[{FULL_SALE},{FULL_SALE}]");
    assert_eq!(post(&app, LINEAR, batch).await.1[1], alone);
    let shown = compared(&app, 3).await;
    let tally = |at: usize| shown["shadows"][at].as_object().unwrap();
    // They differ in their bias alone: 0.5 is served, revision 1 has 0.25, and so has version 2.
    for at in [0, 1] {
        assert_eq!(
            (&tally(at)["rows"], &tally(at)["different"]),
            (&json!(3), &json!(3))
        );
        for key in ["mean_difference", "largest_difference"] {
            let difference = tally(at)[key].as_f64().unwrap();
            assert!((difference - 0.25).abs() < 1e-12, "{key} {difference}");
        }
    }
    assert_eq!(
        (&tally(2)["rows"], &tally(2)["different"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(tally(2)["largest_difference"], 0.0);
    // More rows at once than shadows are asked for.
    let many = format!("[{}]", vec![FULL_SALE; 257].join(","));
    post(&app, LINEAR, many).await;
    let shown = compared(&app, 260).await;
    assert_eq!(shown["shadows"][0]["skipped"], 257);
}

#[tokio::test]
async fn a_shadow_of_classes_differs_if_another_class_is_the_most_probable() {
    let Served {
        app,
        registry,
        _dir,
    } = served();
    for (name, bias) in [("rf_model_window_1", 0.0), ("rf_model_window_2", 1e9)] {
        let slot = slot(name);
        let model = crate::support::Known {
            bias,
            ..known(&slot)
        };
        registry.publish(artefact(&slot, Arc::new(model))).unwrap();
    }
    let traffic = "/admin/models/rf_model_window_1/traffic";
    let plan = json!({"shadows": [{"version": "v2"}]});
    let (status, _) = ask(&app, Method::PUT, traffic, &plan.to_string()).await;
    assert_eq!(status, 200);
    let said = keyed(&app, "/predict/quantity_category/v1", "7").await;
    let begun = Instant::now();
    let tally = loop {
        let (_, shown) = ask(&app, Method::GET, traffic, "").await;
        let tally = shown["shadows"][0].clone();
        if tally["rows"] == 1 {
            break tally;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{tally}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    // With so large a bias all classes are equal, and the first of them counts.
    let is_first = said["predicted_category"] == "Low";
    assert_eq!(tally["different"], u64::from(!is_first));
    let confidence = said["confidence"].as_f64().unwrap();
    let difference = tally["mean_difference"].as_f64().unwrap();
    assert!((difference - (confidence - 0.25).abs()).abs() < 1e-12);
}

#[tokio::test]
async fn an_alias_is_followed_wherever_it_moves() {
    let Served {
        app,
        registry,
        _dir,
    } = served();
    let alias = "/admin/models/linear_model_1/aliases/candidate";
    ask(&app, Method::PUT, alias, r#"{"revision":1}"#).await;
    let plan =
        json!({"split": {"to": {"alias": "candidate"}, "share": 1.0, "header": "x-customer-id"}});
    planned(&app, &plan).await;
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 1);
    let third = publish(&registry, 0.75);
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 1);
    ask(&app, Method::PUT, alias, r#"{"revision":2}"#).await;
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], 2);
    // Nobody has the name any more: the model answers.
    ask(&app, Method::DELETE, alias, "").await;
    assert_eq!(keyed(&app, LINEAR, "7").await["revision"], third);
    let (_, shown) = ask(&app, Method::GET, TRAFFIC, "").await;
    assert_eq!(
        shown["split"]["to"],
        json!({"who": "candidate", "model": MODEL})
    );
}

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
async fn metrics_count_splits_and_shadows() {
    let Served {
        app,
        registry: _registry,
        _dir,
    } = served();
    let plan = json!({
        "split": {"to": {"revision": 1}, "share": 1, "header": "x-customer-id"},
        "shadows": [{"version": "v2"}],
    });
    planned(&app, &plan).await;
    keyed(&app, LINEAR, "7").await;
    post(&app, LINEAR, FULL_SALE).await;
    compared(&app, 2).await;
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(app.clone(), request)
        .await
        .unwrap();
    let text = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    for line in [
        r#"retail_split_requests_total{model="linear_model_1",to="revision 1",by="other"} 1"#,
        r#"retail_split_requests_total{model="linear_model_1",to="revision 1",by="no_key"} 1"#,
        r#"retail_shadow_rows_total{model="linear_model_1",shadow="v2"} 2"#,
        // Revision 1 says the same as version 2.
        r#"retail_shadow_different_rows_total{model="linear_model_1",shadow="v2"} 1"#,
        r#"retail_shadow_skipped_rows_total{model="linear_model_1",shadow="v2"} 0"#,
        r#"retail_shadow_failed_rows_total{model="linear_model_1",shadow="v2"} 0"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
}
