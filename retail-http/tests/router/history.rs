//! What happened lately, for plots.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use retail_core::batch::CloseReason;
use retail_core::clean::RejectCounts;
use retail_core::engine::{BatchScore, BatchStatus, ModelOutcome, StatusBoard, Training};
use retail_core::testing::change_status;
use retail_core::time::Timestamp;
use retail_core::train::NotTrained;
use retail_http::{AppState, router};
use serde_json::{Value, json};

use crate::support::{get, registry};

fn batch(batch: u64) -> BatchStatus {
    BatchStatus {
        batch,
        rows: 2,
        read: 3,
        closed_by: CloseReason::Count,
        stream_time: Some([Timestamp::EPOCH; 2]),
        watermark: Some(Timestamp::EPOCH),
        rejected: RejectCounts::default(),
        revenue: batch as f64 * 1.5,
    }
}

fn score(batch: u64) -> Arc<BatchScore> {
    Arc::new(BatchScore {
        batch,
        revision: 4,
        rows: 2,
        metrics: BTreeMap::from([("mae", 0.25)]),
    })
}

fn app() -> Router {
    let board = Arc::new(StatusBoard::default());
    change_status(&board, |status| {
        status.recent.batches = Arc::new([1, 2, 3].map(batch).into());
        let scores = [2, 3].map(score).into();
        status.recent.scores = Arc::new([("linear_model_1".to_owned(), scores)].into());
        let training = Training {
            at: Timestamp::EPOCH,
            model: "linear_model_2".into(),
            rows: 0,
            seconds: 0.5,
            revision: None,
            changed: false,
            outcome: ModelOutcome::NotTrained {
                why: NotTrained::NoRows,
                message: "no rows".into(),
            },
        };
        status.recent.trainings = Arc::new([Arc::new(training)].into());
    });
    router(AppState::new(registry(|_| false)).with_status(board))
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["batch"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn batches_scores_and_trainings_are_listed_oldest_first() {
    let (status, history) = get(&app(), "/status/history").await;
    assert_eq!(status, 200);
    assert_eq!(numbers(&history["batches"]), [1, 2, 3]);
    assert_eq!(history["batches"][0]["revenue"], 1.5);
    assert_eq!(history["batches"][0]["watermark"], "1970-01-01T00:00:00");
    assert_eq!(
        history["scores"],
        json!({"linear_model_1": [
            {"batch": 2, "revision": 4, "rows": 2, "metrics": {"mae": 0.25}},
            {"batch": 3, "revision": 4, "rows": 2, "metrics": {"mae": 0.25}},
        ]})
    );
    let training = &history["trainings"][0];
    for (key, value) in [
        ("at", json!("1970-01-01T00:00:00")),
        ("model", json!("linear_model_2")),
        ("status", json!("not_trained")),
        ("message", json!("no rows")),
        ("seconds", json!(0.5)),
        ("changed", json!(false)),
        ("revision", json!(null)),
    ] {
        assert_eq!(training[key], value, "{key}");
    }
}

#[tokio::test]
async fn a_client_that_knows_a_part_gets_the_rest() {
    for (after, batches, scores) in [
        (0, &[1, 2, 3][..], &[2, 3][..]),
        (1, &[2, 3], &[2, 3]),
        (2, &[3], &[3]),
        (3, &[], &[]),
        (i64::MAX as u64, &[], &[]),
    ] {
        let (status, history) = get(&app(), &format!("/status/history?x=1&after={after}")).await;
        assert_eq!(status, 200);
        assert_eq!(numbers(&history["batches"]), batches, "{after}");
        assert_eq!(
            numbers(&history["scores"]["linear_model_1"]),
            scores,
            "{after}"
        );
        assert_eq!(history["trainings"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_number_of_a_batch_is_refused() {
    for (query, code) in [
        ("after=", "wrong_type"),
        ("after=-1", "wrong_type"),
        ("after=1.5", "wrong_type"),
        ("after=9223372036854775808", "wrong_type"),
        ("after=1&after=2", "duplicate_field"),
    ] {
        let (status, answer) = get(&app(), &format!("/status/history?{query}")).await;
        assert_eq!(status, 400, "{query}");
        assert_eq!(answer["error"]["code"], code, "{query}");
        assert_eq!(answer["error"]["field"], "after", "{query}");
    }
}

#[tokio::test]
async fn without_an_engine_nothing_has_happened() {
    let app = router(AppState::new(registry(|_| true)));
    let (status, history) = get(&app, "/status/history").await;
    assert_eq!(status, 200);
    assert_eq!(
        history,
        json!({"batches": [], "scores": {}, "trainings": []})
    );
}
