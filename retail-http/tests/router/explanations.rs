//! `?explain=true`.

use std::sync::Arc;

use axum::Router;
use ndarray::{Array2, ArrayView2, ShapeBuilder};
use retail_core::label::Task;
use retail_core::train::{
    Contributions, Dataset, FormatError, LinearRegression, LogisticRegression, Model, PredictError,
    Prediction, RandomForest, Trainer,
};
use retail_http::{AppState, Limits, router};
use serde_json::{Value, json};

use crate::support::{
    FULL_SALE, app, app_with, artefact, empty_registry, get, post, registry, schema, slot, task,
};

const LINEAR: &str = "linear_model_1";
const FOREST: &str = "rf_model_window_1";
const LOGISTIC: &str = "logistic_model_batch_1";

/// Rows for a slot, whose targets have to do with them.
fn rows(name: &str) -> Dataset {
    let slot = slot(name);
    let (features, task) = (schema(&slot), task(&slot.target));
    let value = |row: usize, column: usize| ((row * 37 + column * 101 + row * row) % 53) as f64;
    let target = |row: usize| {
        let sum = value(row, 0) + 0.5 * value(row, 1) + (row % 3) as f64;
        match &task {
            Task::Regression => sum,
            Task::Binary => f64::from(u8::from(sum > 40.0)),
            Task::Multiclass { classes } => ((sum / 20.0) as usize % classes.len()) as f64,
        }
    };
    Dataset {
        features: Array2::from_shape_fn((300, features.len()).f(), |(row, at)| value(row, at)),
        feature_names: features.names().map(String::from).collect(),
        target: (0..300).map(target).collect(),
        row_numbers: (0..300).collect(),
        task,
    }
}

fn trained(name: &str) -> Arc<dyn Model> {
    let rows = rows(name);
    match name {
        LINEAR => LinearRegression::default().fit(&rows).unwrap(),
        FOREST => RandomForest::params()
            .n_trees(3)
            .check()
            .unwrap()
            .fit(&rows)
            .unwrap(),
        _ => LogisticRegression::default().fit(&rows).unwrap(),
    }
}

fn served(models: &[(&str, Arc<dyn Model>)]) -> Router {
    let registry = empty_registry();
    for (name, model) in models {
        let artefact = artefact(&slot(name), Arc::clone(model));
        registry.publish(artefact).unwrap().unwrap();
    }
    router(AppState::new(registry.into()))
}

/// What a base and contributions sum to. They are of the features that were used, in their order.
fn sum(explained: &Value, answer: &Value) -> f64 {
    let contributions = explained["contributions"].as_object().unwrap();
    let used = answer["features_used"].as_object().unwrap();
    assert!(contributions.keys().eq(used.keys()), "{explained}");
    let parts = contributions.values().map(|part| part.as_f64().unwrap());
    explained["base"].as_f64().unwrap() + parts.sum::<f64>()
}

fn close(got: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    let error = (got - expected).abs();
    assert!(error <= 1e-12 * expected.abs().max(1.0), "{got} {expected}");
}

#[tokio::test]
async fn contributions_sum_to_the_answer() {
    let app = served(&[LINEAR, FOREST, LOGISTIC].map(|name| (name, trained(name))));
    let (_, answer) = post(&app, "/predict/total_amount/v1?explain=true", FULL_SALE).await;
    let explained = &answer["explanation"];
    assert_eq!(explained["scale"], "value");
    close(sum(explained, &answer), &answer["prediction"]);

    let (_, answer) = post(
        &app,
        "/predict/high_value_customer/v1?explain=true",
        FULL_SALE,
    )
    .await;
    let explained = &answer["explanation"];
    assert_eq!(explained["scale"], "log_odds");
    let probability = 1.0 / (1.0 + (-sum(explained, &answer)).exp());
    close(probability, &answer["probability"]);

    let (_, answer) = post(
        &app,
        "/predict/quantity_category/v1?explain=true",
        FULL_SALE,
    )
    .await;
    let explained = &answer["explanation"];
    assert_eq!(explained["scale"], "probability");
    let classes = explained["classes"].as_object().unwrap();
    let probabilities = answer["probabilities"].as_object().unwrap();
    assert!(classes.keys().eq(probabilities.keys()));
    for (class, explained) in classes {
        close(sum(explained, &answer), &probabilities[class]);
    }

    // A comparison has the same.
    let (_, all) = post(&app, "/compare/models?explain=true", FULL_SALE).await;
    assert_eq!(all["predictions"]["quantity_category"]["v1"], answer);
}

#[tokio::test]
async fn a_forest_of_yes_and_no_explains_yes() {
    let forest = RandomForest::params().n_trees(4).check().unwrap();
    let forest = forest.fit(&rows(LOGISTIC)).unwrap();
    let app = served(&[(LOGISTIC, forest)]);
    let path = "/predict/high_value_customer/v1?explain=true";
    let (_, answer) = post(&app, path, FULL_SALE).await;
    assert_eq!(answer["explanation"]["scale"], "probability");
    close(sum(&answer["explanation"], &answer), &answer["probability"]);
}

#[tokio::test]
async fn each_row_has_its_own_and_none_without_being_asked() {
    let app = served(&[(FOREST, trained(FOREST))]);
    let path = "/predict/quantity_category/v1";
    let other = FULL_SALE
        .replace("\"day\":11", "\"day\":29")
        .replace("10,", "20,");
    let other = other.replace("255", "510");
    let asked = format!("{path}?explain=true&interval_is_not_this=1");
    let (_, both) = post(&app, &asked, format!("[{FULL_SALE},{other}]")).await;
    for (row, body) in [(0, FULL_SALE), (1, &other)] {
        let (_, alone) = post(&app, &asked, body.to_owned()).await;
        assert_eq!(both[row], alone);
    }
    assert_ne!(both[0]["explanation"], both[1]["explanation"]);
    for path in [path.to_owned(), format!("{path}?explain=false")] {
        let (_, plain) = post(&app, &path, FULL_SALE).await;
        assert_eq!(plain.get("explanation"), None);
        let mut explained = both[0].clone();
        explained.as_object_mut().unwrap().remove("explanation");
        assert_eq!(plain, explained);
    }
}

#[tokio::test]
async fn what_cannot_be_explained_says_so() {
    let path = "/predict/total_amount/v1?explain=true";
    let (status, answer) = post(&app(), path, FULL_SALE).await;
    let expected = json!({
        "code": "no_explanation",
        "message": "explain: linear_model_1 gives no explanation; train it again",
        "field": "explain",
    });
    assert_eq!((status.as_u16(), &answer["error"]), (422, &expected));
    for value in ["", "yes", "1", "True"] {
        let path = format!("/predict/total_amount/v1?explain={value}");
        let (status, answer) = post(&app(), &path, FULL_SALE).await;
        assert_eq!(status, 400);
        assert_eq!(
            answer["error"]["message"],
            format!("explain: expected true or false, got {value:?}")
        );
    }
    let (status, answer) = post(&app(), &format!("{path}&explain=true"), FULL_SALE).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (400, &json!("duplicate_field"))
    );
    // Other paths take no such key.
    let none = router(AppState::new(registry(|_| true)));
    assert_eq!(get(&none, "/health?explain=maybe").await.0, 200);
}

/// A model that takes this many steps to explain a row, and says so with zeros.
#[derive(Debug)]
struct Slow(Arc<dyn Model>, usize);

impl Model for Slow {
    fn format(&self) -> &str {
        self.0.format()
    }
    fn n_features(&self) -> usize {
        self.0.n_features()
    }
    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        self.0.predict(features)
    }
    fn contributions(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Contributions>, PredictError> {
        self.0.contributions(features)
    }
    fn steps_to_explain_row(&self) -> usize {
        self.1
    }
    fn to_json(&self) -> Result<Value, FormatError> {
        self.0.to_json()
    }
}

#[tokio::test]
async fn as_many_rows_as_take_too_long_are_refused() {
    // Two billion steps are allowed.
    let slow = |steps| app_with(LINEAR, Slow(trained(LINEAR), steps), Limits::default());
    let path = "/predict/total_amount/v1?explain=true";
    let rows = |n: usize| format!("[{}]", vec![FULL_SALE; n].join(","));
    let app = slow(1 << 29);
    assert_eq!(post(&app, path, rows(4)).await.0, 200);
    let (status, answer) = post(&app, path, rows(5)).await;
    let expected = json!({
        "code": "too_much_to_explain",
        "message": "explain: expected at most 4 rows for linear_model_1, got 5",
        "field": "explain",
        "expected": "at most 4 rows for linear_model_1",
        "got": "5",
    });
    assert_eq!((status.as_u16(), &answer["error"]), (422, &expected));
    let (_, answer) = post(&slow(1 << 32), path, FULL_SALE).await;
    let expected = "a smaller model than linear_model_1";
    assert_eq!(answer["error"]["expected"], expected);
}

#[tokio::test]
async fn a_comparison_has_what_each_model_can_say() {
    let app = served(&[LINEAR, FOREST].map(|name| (name, trained(name))));
    let path = "/compare/models?explain=true&interval=0.9";
    let (_, all) = post(&app, path, FULL_SALE).await;
    for (target, has_interval) in [("total_amount", true), ("quantity_category", false)] {
        let said = &all["predictions"][target]["v1"];
        assert_eq!(said.get("interval").is_some(), has_interval, "{said}");
        assert!(said["explanation"].is_object(), "{said}");
    }
    // The models of `app` can say neither.
    let (status, plain) = post(&crate::support::app(), "/compare/models", FULL_SALE).await;
    assert_eq!(status, 200);
    assert_eq!(post(&crate::support::app(), path, FULL_SALE).await.1, plain);
    let (status, _) = post(&app, "/compare/models?interval=2", FULL_SALE).await;
    assert_eq!(status, 422);
}
