//! The edges of what `/feedback` keeps and compares: the oldest answers, the last row, the other versions.

use std::sync::Arc;

use retail_core::registry::{Registry, RegistryOptions, SlotName};
use retail_core::train::ModelFormats;
use retail_http::FeedbackOptions;
use serde_json::json;

use crate::feedback_support::{asked, counted, scores, served, served_with, told};
use crate::support::{FULL_SALE, Known, LINEAR, artefact, get, known, post, registry, slot};

fn kept(max_rows: usize) -> FeedbackOptions {
    FeedbackOptions {
        max_rows,
        ..FeedbackOptions::default()
    }
}

#[tokio::test]
async fn an_earlier_answer_with_an_id_makes_room_without_the_newest() {
    let app = served_with(registry(|_| true), kept(2));
    for id in ["a", "a", "b"] {
        asked(&app, LINEAR, id, FULL_SALE).await;
    }
    for id in ["a", "b"] {
        let truth = json!({"request_id": id, "truth": 1});
        assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0), "{id}");
    }
}

#[tokio::test]
async fn at_least_one_row_is_kept_and_late_truths_are_counted_as_such() {
    let app = served_with(registry(|_| true), kept(0));
    for id in ["a", "b"] {
        asked(&app, LINEAR, id, FULL_SALE).await;
    }
    let truths = json!([{"request_id": "a", "truth": 1}, {"request_id": "b", "truth": 1}]);
    assert_eq!(told(&app, &truths).await, counted(1, 0, 1, 0));
    let (_, all) = get(&app, "/feedback").await;
    let counts = ["accepted", "unknown", "late", "duplicate"].map(|key| all[key].clone());
    assert_eq!(counts, [json!(1), json!(0), json!(1), json!(0)]);
}

#[tokio::test]
async fn a_truth_of_one_version_is_not_one_of_the_others() {
    let app = served();
    asked(&app, "/compare/models", "a", FULL_SALE).await;
    let truth = json!({"request_id": "a", "target": "total_amount", "version": "v2", "truth": 1});
    assert_eq!(told(&app, &truth).await, counted(1, 0, 0, 0));
    for (model, rows) in [
        ("linear_model_1", 0),
        ("linear_model_2", 1),
        ("linear_model_3", 0),
    ] {
        let scores = scores(&app, model).await;
        assert_eq!(scores.as_array().unwrap().len(), rows, "{model}");
    }
}

#[tokio::test]
async fn the_scores_of_the_newest_twenty_revisions_are_known() {
    let registry = registry(|_| true);
    let app = served_with(Arc::clone(&registry), FeedbackOptions::default());
    for revision in 1..=21 {
        asked(&app, LINEAR, &format!("{revision}"), FULL_SALE).await;
        let of = slot("linear_model_1");
        let model = Known {
            bias: f64::from(revision),
            ..known(&of)
        };
        registry.publish(artefact(&of, Arc::new(model))).unwrap();
    }
    let truths: Vec<_> = (1..=21)
        .map(|revision| json!({"request_id": revision.to_string(), "truth": 1}))
        .collect();
    told(&app, &json!(truths)).await;
    let scores = scores(&app, "linear_model_1").await;
    let revisions = scores.as_array().unwrap().iter();
    let revisions: Vec<_> = revisions
        .map(|scores| scores["revision"].as_u64())
        .collect();
    let newest: Vec<_> = (2..=21).rev().map(Some).collect();
    assert_eq!(revisions, newest);
}

#[tokio::test]
async fn a_row_that_no_array_can_have_is_none_and_a_single_truth_has_no_row() {
    let app = served();
    asked(&app, LINEAR, "a", FULL_SALE).await;
    let last = json!({"request_id": "a", "row": 999_999_999_999_999_u64, "truth": 1});
    assert_eq!(told(&app, &last).await, counted(0, 1, 0, 0));
    let none = json!({"request_id": "a", "row": 1e15, "truth": 1}).to_string();
    let (status, answer) = post(&app, "/feedback", none).await;
    assert_eq!(status, 400);
    let expected = json!({
        "code": "wrong_type", "field": "row", "expected": "the index of a row, from 0",
        "got": "the number 1000000000000000",
        "message": "row: expected the index of a row, from 0, got the number 1000000000000000",
    });
    assert_eq!(answer["error"], expected);
}

#[tokio::test]
async fn versions_are_named_in_the_order_of_their_numbers() {
    let slots: Vec<SlotName> = SlotName::versions("linear_model", "total_amount", 10).collect();
    let options = RegistryOptions {
        formats: ModelFormats::empty(),
        ..RegistryOptions::default()
    };
    let registry = Registry::open(slots.clone(), options).unwrap();
    for slot in &slots[8..] {
        let model = artefact(slot, Arc::new(known(slot)));
        registry.publish(model).unwrap().unwrap();
    }
    let app = served_with(Arc::new(registry), FeedbackOptions::default());
    let truth = json!({"target": "total_amount", "version": "v3", "truth": 1}).to_string();
    let (_, answer) = post(&app, "/feedback", truth).await;
    assert_eq!(answer["error"]["expected"], "one of v9, v10");
}
