use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use ndarray::{Array1, ArrayView2};
use retail_core::engine::{ModelOutcome, ModelStatus, StatusBoard};
use retail_core::registry::{Registry, RegistryOptions};
use retail_core::testing::change_status;
use retail_core::train::{FormatError, Model, ModelFormats, NotTrained, PredictError, Prediction};
use retail_http::{AppState, Limits, router};
use serde_json::{Value, json};

use crate::support::{LINEAR, SALE, app, app_with, call, post, registry};

#[tokio::test]
async fn only_the_canonical_form_of_a_version_is_known() {
    for version in [
        "1",
        "V1",
        "v01",
        "v+1",
        "v",
        "v-1",
        "v1.0",
        "v%31%20",
        "v99999999999",
    ] {
        let path = format!("/predict/total_amount/{version}");
        let (status, answer) = post(&app(), &path, SALE).await;
        assert_eq!(status, 404, "{version}");
        assert_eq!(answer["error"]["code"], "unknown_version");
    }
}

#[tokio::test]
async fn unknown_paths_are_answered_in_json() {
    for path in [
        "/nothing",
        "/predict",
        "/predict/total_amount",
        "/predict/total_amount/v1/",
        "/health/x",
        "/predict/%ff/v1",
    ] {
        let (status, answer) = post(&app(), path, SALE).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(answer["error"]["code"], "unknown_path");
        assert_eq!(answer["error"]["got"], path);
        let known = answer["error"]["expected"].as_str().unwrap();
        assert!(known.contains("/predict/{target}/{version}"), "{known}");
    }
}

#[tokio::test]
async fn without_any_model_nothing_is_trained() {
    let options = RegistryOptions {
        dir: None,
        keep_revisions: 1,
        formats: ModelFormats::empty(),
        recover: false,
        ..RegistryOptions::default()
    };
    let registry = Registry::open(Vec::new(), options).unwrap();
    let app = router(AppState::new(Arc::new(registry)));
    let (status, answer) = post(&app, LINEAR, SALE).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (503, &json!("not_trained"))
    );
}

#[tokio::test]
async fn other_methods_are_refused_with_those_allowed() {
    for (method, path, allowed) in [
        (Method::GET, "/predict/total_amount/v1", "POST"),
        (Method::PUT, "/compare/models", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::DELETE, "/models", "GET,HEAD"),
        (Method::OPTIONS, "/status/batches", "GET,HEAD"),
    ] {
        let (status, headers, answer) = call(&app(), method.clone(), path, Body::empty()).await;
        assert_eq!(status, 405, "{method} {path}");
        assert_eq!(headers["allow"], allowed);
        assert_eq!(answer["error"]["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn a_model_that_is_not_trained_says_why() {
    let board = StatusBoard::default();
    change_status(&board, |status| {
        let why = NotTrained::NoWindow { needed: 3, got: 1 };
        let outcome = ModelOutcome::NotTrained {
            message: why.to_string(),
            why,
        };
        let model = ModelStatus {
            rows: 0,
            outcome,
            revision: None,
            seconds: 0.0,
            prequential: None,
        };
        status.models.insert("linear_model_3".into(), model);
    });
    let state = AppState::new(registry(|_| false)).with_status(Arc::new(board));
    let app = router(state);
    for (path, message) in [
        (
            "/predict/total_amount/v3",
            "linear_model_3 is not trained yet: window 3 does not exist yet: the stream has 1",
        ),
        (
            "/predict/total_amount/v1",
            "linear_model_1 is not trained yet",
        ),
    ] {
        // Whatever the body: without a model there is nothing to hold it against.
        for body in [SALE, "{"] {
            let (status, answer) = post(&app, path, body).await;
            let expected = json!({"error": {"code": "not_trained", "message": message}});
            assert_eq!(
                (status, answer),
                (StatusCode::SERVICE_UNAVAILABLE, expected)
            );
        }
    }
}

/// A model that does not keep its contract.
#[derive(Debug)]
pub(crate) enum Broken {
    Panics,
    NotFinite,
    TooFew,
    WrongKind,
    Refuses,
}

impl Model for Broken {
    fn format(&self) -> &str {
        "broken"
    }

    fn n_features(&self) -> usize {
        5
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        tracing::debug!("asked");
        match self {
            Self::Panics => panic!("as this test asks"),
            Self::NotFinite => Ok(Prediction::Values(Array1::from_elem(
                features.nrows(),
                f64::NAN,
            ))),
            Self::TooFew => Ok(Prediction::Values(Array1::zeros(0))),
            Self::WrongKind => Ok(Prediction::Probabilities(ndarray::Array2::zeros((1, 1)))),
            Self::Refuses => Err(PredictError::Shape {
                expected: 6,
                got: 5,
            }),
        }
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        Ok(Value::Null)
    }
}

#[tokio::test]
async fn a_broken_model_is_an_error_of_the_server_and_never_ends_it() {
    for model in [
        Broken::Panics,
        Broken::NotFinite,
        Broken::TooFew,
        Broken::WrongKind,
        Broken::Refuses,
    ] {
        let app = app_with("linear_model_1", model, Limits::default());
        let batch = format!("[{}]", vec![SALE; 1000].join(","));
        for body in [SALE, &batch] {
            let (status, answer) = post(&app, LINEAR, body.to_owned()).await;
            assert_eq!(status, 500, "{answer}");
            assert_eq!(answer["error"]["code"], "model_failed");
        }
    }
}
