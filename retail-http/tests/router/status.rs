use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Method;
use retail_core::engine::StatusBoard;
use retail_core::registry::standard_slots;
use retail_core::testing::change_status;
use retail_http::{AppState, router};
use serde_json::json;

use crate::support::{app, call, get, registry};

#[tokio::test]
async fn health_counts_the_trained_models() {
    let app = router(AppState::new(registry(|slot| slot.version == 1)));
    let (status, health) = get(&app, "/health").await;
    assert_eq!(status, 200);
    assert_eq!(
        health,
        json!({
            "status": "ok",
            "engine_version": env!("CARGO_PKG_VERSION"),
            "models_trained": 3,
            "models_total": 9,
        })
    );
}

#[tokio::test]
async fn batches_are_those_of_the_board_at_the_time_of_asking() {
    let board = Arc::new(StatusBoard::default());
    let app = router(AppState::new(registry(|_| false)).with_status(Arc::clone(&board)));
    for rows in [0, 1000, 2000] {
        change_status(&board, |status| {
            status.running = true;
            status.rows_read = rows;
        });
        let (status, batches) = get(&app, "/status/batches").await;
        assert_eq!(status, 200);
        assert_eq!(batches, serde_json::to_value(&*board.read()).unwrap());
        assert_eq!(batches["rows_read"], json!(rows));
    }
}

#[tokio::test]
async fn without_an_engine_nothing_is_running() {
    let (status, batches) = get(&app(), "/status/batches").await;
    assert_eq!(status, 200);
    assert_eq!(batches["running"], json!(false));
    assert_eq!(batches["batches"], json!(0));
}

#[tokio::test]
async fn models_are_described_in_full_or_listed_with_the_reason() {
    let app = router(AppState::new(registry(|slot| {
        slot.name == "linear_model_1"
    })));
    let (status, listed) = get(&app, "/models").await;
    assert_eq!(status, 200);
    let models = listed["models"].as_array().unwrap();
    assert_eq!(models.len(), standard_slots().len());
    let first = &models[0];
    assert_eq!(first["name"], "linear_model_1");
    for (key, value) in [
        ("target", json!("total_amount")),
        ("version", json!("v1")),
        ("trained", json!(true)),
        ("revision", json!(1)),
        ("trainer", json!("known")),
        ("hyper_parameters", json!({"alpha": 0.5})),
        ("seed", json!(7)),
        ("task", json!({"kind": "regression"})),
        ("label", json!({"edge": 1.5})),
        (
            "holdout",
            json!({"not_trained": { "reason": "no_variation" }}),
        ),
        (
            "baseline",
            json!({"rmse": 2.5, "mae": 1.5, "r2": null, "rows": 60}),
        ),
        ("engine_version", json!("0.0.0-test")),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert_eq!(first["features"][0]["name"], "quantity");
    assert_eq!(first["slice"]["rows"], json!(300));
    let second = json!({
        "name": "linear_model_2", "target": "total_amount", "version": "v2", "trained": false,
    });
    assert_eq!(models[1], second);
}

#[tokio::test]
async fn head_is_answered_where_get_is() {
    use axum::http::Request;
    use tower::ServiceExt;

    let request = Request::head("/health").body(Body::empty()).unwrap();
    assert_eq!(app().oneshot(request).await.unwrap().status(), 200);
    let (status, _, _) = call(&app(), Method::GET, "/health", Body::empty()).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_source_is_shown_as_it_is_when_asked() {
    let lag = Arc::new(AtomicU64::new(5));
    let shown = Arc::clone(&lag);
    let state = AppState::new(registry(|_| false)).with_source(move || {
        match shown.load(Ordering::Relaxed) {
            0 => panic!("the source has gone"),
            lag => json!({ "lag": { "0": lag } }),
        }
    });
    let app = router(state);
    let (_, batches) = get(&app, "/status/batches").await;
    assert_eq!(batches["source"], json!({ "lag": { "0": 5 } }));
    assert_eq!(batches["running"], false);
    lag.store(7, Ordering::Relaxed);
    let (_, batches) = get(&app, "/status/batches").await;
    assert_eq!(batches["source"]["lag"]["0"], 7);
    lag.store(0, Ordering::Relaxed);
    let (status, batches) = get(&app, "/status/batches").await;
    assert_eq!(status, 200);
    assert_eq!(batches.get("source"), None);
}
