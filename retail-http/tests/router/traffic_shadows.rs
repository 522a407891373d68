//! What shadows are compared by, to the last row.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use retail_core::registry::{Artefact, Registry};
use retail_http::{Admin, AppState, router};
use serde_json::{Value, json};

use crate::admin_support::{ask, publish, token};
use crate::support::{FULL_SALE, Known, LINEAR, artefact, empty_registry, known, post, slot};
use crate::traffic_support::{Served, compared, compared_at, planned, served};

/// Models in memory, and a server of them.
fn in_memory() -> (Router, Arc<Registry>) {
    let registry = Arc::new(empty_registry());
    let state = AppState::new(Arc::clone(&registry)).with_admin(Admin::new(token()));
    (router(state), registry)
}

fn of(name: &str, bias: f64) -> Artefact {
    let slot = slot(name);
    let model = Known {
        bias,
        ..known(&slot)
    };
    artefact(&slot, Arc::new(model))
}

/// What the first shadow has answered, failed to answer, and was not asked for.
fn counts(shown: &Value) -> [u64; 3] {
    ["rows", "failed", "skipped"].map(|key| shown["shadows"][0][key].as_u64().unwrap())
}

#[tokio::test]
async fn a_value_is_another_one_if_it_is_off_by_more_than_a_millionth() {
    let Served {
        app,
        registry,
        _dir,
    } = served();
    // Half of one is little of a billion, and the shadow may well say more than the model.
    for bias in [1e9 + 0.5, 1e9] {
        publish(&registry, bias);
    }
    let shown = planned(&app, &json!({"shadows": [{"revision": 3}]})).await;
    assert_eq!(shown["active"], true);
    post(&app, LINEAR, FULL_SALE).await;
    let shown = compared(&app, 1).await;
    assert_eq!(counts(&shown), [1, 0, 0]);
    let shadow = &shown["shadows"][0];
    assert_eq!(
        (&shadow["different"], &shadow["mean_difference"]),
        (&json!(0), &json!(0.5))
    );
}

#[tokio::test]
async fn the_largest_difference_stays_and_the_mean_is_over_all_rows() {
    let (app, registry) = in_memory();
    for (name, bias) in [("rf_model_window_1", 0.0), ("rf_model_window_2", 1e9)] {
        registry.publish(of(name, bias)).unwrap();
    }
    let traffic = "/admin/models/rf_model_window_1/traffic";
    let plan = json!({"shadows": [{"version": "v2"}]}).to_string();
    assert_eq!(ask(&app, Method::PUT, traffic, &plan).await.0, 200);
    let small = FULL_SALE
        .replace("\"quantity\":10", "\"quantity\":1")
        .replace("255,", "25.5,");
    let (_, said) = post(
        &app,
        "/predict/quantity_category/v1",
        format!("[{FULL_SALE},{small}]"),
    )
    .await;
    let shown = compared_at(&app, traffic, 2).await;
    // The shadow says that all four classes are equal.
    let difference = |row: usize| said[row]["confidence"].as_f64().unwrap() - 0.25;
    let (large, small) = (difference(0), difference(1));
    assert!(large > small + 1e-3, "{large} {small}");
    let read = |key: &str| shown["shadows"][0][key].as_f64().unwrap();
    assert!((read("largest_difference") - large).abs() < 1e-12);
    assert!((read("mean_difference") - (large + small) / 2.0).abs() < 1e-12);
}

#[tokio::test]
async fn a_shadow_that_cannot_answer_is_counted_as_failed() {
    let (app, registry) = in_memory();
    registry.publish(of("linear_model_1", 0.0)).unwrap();
    // Nobody knows yet what it takes.
    planned(&app, &json!({"shadows": [{"version": "v2"}]})).await;
    post(&app, LINEAR, FULL_SALE).await;
    assert_eq!(counts(&compared(&app, 1).await), [0, 1, 0]);
    // As many features, in another order.
    let mut other = of("linear_model_2", 0.0);
    other.info.features.0.reverse();
    registry.publish(other).unwrap();
    post(&app, LINEAR, FULL_SALE).await;
    assert_eq!(counts(&compared(&app, 2).await), [0, 2, 0]);
    registry.publish(of("linear_model_2", f64::NAN)).unwrap();
    post(&app, LINEAR, FULL_SALE).await;
    assert_eq!(counts(&compared(&app, 3).await), [0, 3, 0]);
    registry.publish(of("linear_model_2", 0.0)).unwrap();
    post(&app, LINEAR, FULL_SALE).await;
    assert_eq!(counts(&compared(&app, 4).await), [1, 3, 0]);
}

#[tokio::test]
async fn arrays_of_256_rows_are_compared_and_longer_ones_are_not() {
    let Served { app, _dir, .. } = served();
    planned(&app, &json!({"shadows": [{"version": "v2"}]})).await;
    let rows = |n: usize| format!("[{}]", vec![FULL_SALE; n].join(","));
    post(&app, LINEAR, rows(256)).await;
    assert_eq!(counts(&compared(&app, 256).await), [256, 0, 0]);
    post(&app, LINEAR, rows(257)).await;
    assert_eq!(counts(&compared(&app, 513).await), [256, 0, 257]);
}
