use axum::http::StatusCode;
use retail_core::registry::standard_slots;
use retail_http::{AppState, router};
use serde_json::json;

use crate::support::{FULL_SALE, SALE, app, post, registry};

#[tokio::test]
async fn a_comparison_holds_the_answer_of_every_model() {
    let app = app();
    let (status, comparison) = post(&app, "/compare/models", FULL_SALE).await;
    assert_eq!(status, 200);
    assert_eq!(comparison.as_object().unwrap().len(), 1);
    assert_eq!(comparison["predictions"].as_object().unwrap().len(), 3);
    for slot in standard_slots() {
        let version = format!("v{}", slot.version);
        let path = format!("/predict/{}/{version}", slot.target);
        let (_, answer) = post(&app, &path, FULL_SALE).await;
        assert_eq!(comparison["predictions"][&slot.target][&version], answer);
    }
}

#[tokio::test]
async fn models_that_are_not_trained_are_listed_and_ask_for_nothing() {
    let trained = registry(|slot| slot.target == "total_amount" && slot.version < 3);
    let app = router(AppState::new(trained));
    let (status, comparison) = post(&app, "/compare/models", SALE).await;
    assert_eq!(status, 200);
    let predictions = &comparison["predictions"];
    assert_eq!(predictions["total_amount"]["v2"]["model"], "linear_model_2");
    assert!(predictions["total_amount"]["v2"]["prediction"].is_f64());
    assert_eq!(
        predictions["quantity_category"]["v1"],
        json!({
            "model": "rf_model_window_1",
            "model_version": "v1",
            "error": {
                "code": "not_trained",
                "message": "rf_model_window_1 is not trained yet",
            },
        })
    );
}

#[tokio::test]
async fn a_comparison_needs_the_inputs_of_all_trained_models() {
    // Every model sees the price, and a product of it can be computed by none.
    let body = SALE.replace("price", "cost");
    let (status, answer) = post(&app(), "/compare/models", body).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], "missing_field");
    assert_eq!(answer["error"]["field"], "price");
}

#[tokio::test]
async fn a_comparison_computes_what_some_models_see() {
    let app = app();
    let (status, short) = post(&app, "/compare/models", SALE).await;
    assert_eq!(status, 200);
    assert_eq!(
        (status, short),
        post(&app, "/compare/models", FULL_SALE).await
    );
}

#[tokio::test]
async fn a_comparison_is_of_one_row() {
    let (status, answer) = post(&app(), "/compare/models", format!("[{FULL_SALE}]")).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["expected"], "an object of features");
    assert_eq!(answer["error"]["got"], "an array");
}

#[tokio::test]
async fn a_comparison_checks_ranges() {
    let body = FULL_SALE.replace("14", "24");
    let (status, answer) = post(&app(), "/compare/models", body).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["field"]),
        (422, &json!("hour"))
    );
}

#[tokio::test]
async fn without_any_model_there_is_nothing_to_compare() {
    let app = router(AppState::new(registry(|_| false)));
    let (status, answer) = post(&app, "/compare/models", SALE).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer["error"]["code"], "not_trained");
    let (status, _) = post(&app, "/compare/models", "{").await;
    assert_eq!(status, 400);
}
