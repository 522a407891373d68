//! `/admin/models/{model}/traffic`: splits and shadows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::admin_support::{MODEL, ask, publish};
use crate::support::{FULL_SALE, LINEAR, artefact, known, post, send, slot};
use crate::traffic_support::{Served, TRAFFIC, compared, keyed, place, planned, served};

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
            "requests": {"taken": 0, "left": 0, "without_key": 0, "without_other": 0},
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
    let requests = json!({"taken": taken, "left": left, "without_key": 2, "without_other": 0});
    assert_eq!(shown["split"]["requests"], requests);
    // Others are not concerned, and neither is a comparison.
    let other = keyed(&app, "/predict/total_amount/v2", "customer-1").await;
    assert_eq!(other["model"], "linear_model_2");
    let all = keyed(&app, "/compare/models", "customer-1").await;
    assert_eq!(all["predictions"]["total_amount"]["v1"]["revision"], 2);
}

#[tokio::test]
async fn a_key_goes_to_the_other_one_if_its_place_is_below_the_share() {
    let Served { app, _dir, .. } = served();
    let key = "customer-1";
    let place = place(MODEL, key);
    for (share, revision) in [(0.0, 2), (place, 2), (place.next_up(), 1), (1.0, 1)] {
        let split = json!({"to": {"revision": 1}, "share": share, "header": "x-customer-id"});
        planned(&app, &json!({ "split": split })).await;
        assert_eq!(
            keyed(&app, LINEAR, key).await["revision"],
            revision,
            "{share}"
        );
    }
}

#[tokio::test]
async fn the_end_of_one_plan_is_not_the_end_of_another() {
    let Served { app, _dir, .. } = served();
    let plan = json!({"split": {"to": {"version": "v3"}, "share": 1, "header": "x-customer-id"}});
    planned(&app, &plan).await;
    let other = "/admin/models/linear_model_2/traffic";
    let (status, _) = ask(&app, Method::PUT, other, &plan.to_string()).await;
    assert_eq!(status, 200);
    let (status, _) = ask(&app, Method::DELETE, TRAFFIC, "").await;
    assert_eq!(status, 200);
    let v2 = "/predict/total_amount/v2";
    assert_eq!(keyed(&app, LINEAR, "7").await["model"], MODEL);
    assert_eq!(keyed(&app, v2, "7").await["model"], "linear_model_3");
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
        json!({"who": "candidate", "problem": "linear_model_1 has no candidate"})
    );
    assert_eq!(shown["active"], false);
    // Of the four requests, the last one found nobody.
    let requests = json!({"taken": 3, "left": 0, "without_key": 0, "without_other": 1});
    assert_eq!(shown["split"]["requests"], requests);
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
        r#"retail_split_requests_total{model="linear_model_1",to="revision 1",by="model"} 0"#,
        r#"retail_split_requests_total{model="linear_model_1",to="revision 1",by="no_other"} 0"#,
        r#"retail_shadow_rows_total{model="linear_model_1",shadow="v2"} 2"#,
        // Revision 1 says the same as version 2.
        r#"retail_shadow_different_rows_total{model="linear_model_1",shadow="v2"} 1"#,
        r#"retail_shadow_skipped_rows_total{model="linear_model_1",shadow="v2"} 0"#,
        r#"retail_shadow_failed_rows_total{model="linear_model_1",shadow="v2"} 0"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
}
