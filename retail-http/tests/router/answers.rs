use ndarray::arr2;
use retail_core::registry::{SlotName, standard_slots};
use retail_core::train::{Model, Prediction};
use retail_http::Limits;
use serde_json::{Value, json};

use crate::support::{FULL_SALE, SALE, app, app_with, get, known, post, slot};

fn path(slot: &SlotName) -> String {
    format!("/predict/{}/v{}", slot.target, slot.version)
}

/// What the model says of [`FULL_SALE`], asked without HTTP.
fn asked_directly(slot: &SlotName) -> Vec<f64> {
    let row = match slot.name.as_str() {
        "linear_model_3" => vec![10.0, 25.5, 6.0, 11.0, 14.0, 255.0],
        name if name.starts_with("linear") => vec![10.0, 25.5, 6.0, 11.0, 14.0],
        _ => vec![10.0, 25.5, 255.0, 6.0, 11.0, 14.0],
    };
    let row = ndarray::Array2::from_shape_vec((1, row.len()), row).unwrap();
    match known(slot).predict(row.view()).unwrap() {
        Prediction::Values(values) => values.to_vec(),
        Prediction::Probabilities(rows) => rows.row(0).to_vec(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_number_of_every_model_is_the_model_s_own() {
    let app = app();
    let slots = standard_slots();
    assert_eq!(slots.len(), 9);
    for slot in &slots {
        let (status, answer) = post(&app, &path(slot), FULL_SALE).await;
        assert_eq!(status, 200, "{answer}");
        let said = asked_directly(slot);
        let shared = json!({
            "model": slot.name,
            "model_version": format!("v{}", slot.version),
            "revision": 1,
        });
        for (key, value) in shared.as_object().unwrap() {
            assert_eq!(&answer[key], value, "{key} of {answer}");
        }
        match slot.target.as_str() {
            "total_amount" => {
                assert_eq!(answer["prediction"], json!(said[0]));
                assert_eq!(answer.get("confidence"), None);
                assert_eq!(answer.as_object().unwrap().len(), 5);
            }
            "quantity_category" => {
                let [low, medium, high, bulk] = said[..] else {
                    panic!("{said:?}")
                };
                assert_eq!(
                    answer["probabilities"],
                    json!({"Low": low, "Medium": medium, "High": high, "Bulk": bulk})
                );
                assert_eq!(answer["predicted_category"], "Bulk");
                assert_eq!(answer["confidence"], json!(bulk));
                assert_eq!(answer.as_object().unwrap().len(), 7);
            }
            _ => {
                assert_eq!(answer["probability"], json!(said[1]));
                assert_eq!(answer["is_high_value_customer"], json!(said[1] >= 0.5));
                assert_eq!(answer["threshold"], json!(0.5));
                assert_eq!(answer.as_object().unwrap().len(), 7);
            }
        }
    }
}

#[tokio::test]
async fn features_used_are_those_of_the_schema_in_its_order() {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    let request = Request::post("/predict/total_amount/v3").body(Body::from(SALE));
    let response = app().oneshot(request.unwrap()).await.unwrap();
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    // The parsed answer would not show the order. The product was not asked of the client.
    let used = r#""features_used":{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14,"quantity_times_price":255.0}"#;
    assert!(text.contains(used), "{text}");
}

#[tokio::test]
async fn a_batch_is_answered_as_its_rows_one_by_one_and_in_their_order() {
    let app = app();
    let rows: Vec<Value> = (1..40)
        .map(|n| {
            json!({
                "quantity": n, "price": 0.25 * f64::from(n), "total_amount": 0.25 * f64::from(n * n),
                "month": n % 12 + 1, "day": n % 31 + 1, "hour": n % 24,
            })
        })
        .collect();
    for slot in standard_slots() {
        let (status, batch) = post(&app, &path(&slot), Value::from(rows.clone()).to_string()).await;
        assert_eq!(status, 200);
        let mut singles = Vec::new();
        for row in &rows {
            singles.push(post(&app, &path(&slot), row.to_string()).await.1);
        }
        assert_eq!(batch, Value::from(singles), "{}", slot.name);
    }
}

#[tokio::test]
async fn a_large_batch_goes_through_the_same_arithmetic() {
    let app = app();
    let rows = vec![FULL_SALE; 2000].join(",");
    let (status, batch) = post(&app, "/predict/quantity_category/v2", format!("[{rows}]")).await;
    let (_, single) = post(&app, "/predict/quantity_category/v2", FULL_SALE).await;
    assert_eq!(status, 200);
    assert_eq!(batch, Value::from(vec![single; 2000]));
}

#[tokio::test]
async fn keys_that_the_model_does_not_use_are_passed_over_whatever_they_hold() {
    let app = app();
    let (_, plain) = post(&app, "/predict/total_amount/v1", SALE).await;
    let extra = r#"{"total_amount":"x","country":null,"country":[{"a":{}}],"quantity":10,
        "price":25.5,"month":6,"day":11,"hour":14,"quantity_times_price":-1,"big":1e999}"#;
    let (status, with_extra) = post(&app, "/predict/total_amount/v1", extra).await;
    assert_eq!((status, with_extra), (200.try_into().unwrap(), plain));
}

#[tokio::test]
async fn of_equally_probable_classes_the_first_is_predicted_and_half_is_yes() {
    let flat = |name| {
        let slot = slot(name);
        let model = crate::support::Known {
            bias: f64::INFINITY,
            ..known(&slot)
        };
        app_with(name, model, Limits::default())
    };
    let forest = flat("rf_model_window_1");
    let (_, answer) = post(&forest, "/predict/quantity_category/v1", FULL_SALE).await;
    assert_eq!(answer["predicted_category"], "Low");
    assert_eq!(answer["confidence"], json!(0.25));
    let logistic = flat("logistic_model_batch_1");
    let (_, answer) = post(&logistic, "/predict/high_value_customer/v1", FULL_SALE).await;
    assert_eq!(answer["probability"], json!(0.5));
    assert_eq!(answer["is_high_value_customer"], json!(true));
}

#[tokio::test]
async fn a_new_revision_answers_the_next_request() {
    use std::sync::Arc;

    use retail_http::{AppState, router};

    use crate::support::{Known, artefact, registry};

    let registry = registry(|_| true);
    let app = router(AppState::new(Arc::clone(&registry)));
    let (_, before) = post(&app, "/predict/total_amount/v1", SALE).await;
    let slot = slot("linear_model_1");
    let model = Known {
        bias: 1000.0,
        ..known(&slot)
    };
    registry.publish(artefact(&slot, Arc::new(model))).unwrap();
    let (_, after) = post(&app, "/predict/total_amount/v1", SALE).await;
    assert_eq!(
        (&before["revision"], &after["revision"]),
        (&json!(1), &json!(2))
    );
    let moved = after["prediction"].as_f64().unwrap() - before["prediction"].as_f64().unwrap();
    assert!((moved - 999.875).abs() < 1e-9, "{moved}");
}

#[tokio::test]
async fn known_models_tell_classes_and_features_apart() {
    // The helpers of these tests would prove nothing if their models ignored their input.
    let model = known(&slot("linear_model_1"));
    let rows = arr2(&[[1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 3.0, 4.0, 5.0]]);
    let Ok(Prediction::Values(values)) = model.predict(rows.view()) else {
        panic!("no values")
    };
    assert_ne!(values[0], values[1]);
    assert_eq!(get(&app(), "/health").await.0, 200);
}
