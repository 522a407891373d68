//! Small models whose answers are known, a router over them, and a client for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use retail_core::evaluate::{Metrics, RegressionMetrics};
use retail_core::feature::{FeatureSchema, FeatureSet, StandardFeature};
use retail_core::label::{QuantityCategory, Task};
use retail_core::registry::{
    Artefact, HoldOutResult, ModelInfo, Registry, RegistryOptions, Slice, SlotName, standard_slots,
};
use retail_core::source::Position;
use retail_core::time::Timestamp;
use retail_core::train::{FormatError, Model, ModelFormats, NotTrained, PredictError, Prediction};
use retail_http::{AppState, Limits, router};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::ServiceExt;

pub(crate) const SALE: &str = r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#;
pub(crate) const LINEAR: &str = "/predict/total_amount/v1";
pub(crate) const FULL_SALE: &str =
    r#"{"quantity":10,"price":25.5,"total_amount":255,"month":6,"day":11,"hour":14}"#;

/// A model whose score for class `c` is `bias + Σ (c + 1) · (i + 1) · x_i / 1000`, which makes every
/// feature, its order and every class count.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) task: Task,
    pub(crate) n_features: usize,
    pub(crate) bias: f64,
}

impl Known {
    fn score(&self, class: usize, row: ArrayView1<'_, f64>) -> f64 {
        let weighted = row.iter().enumerate().map(|(i, x)| (i + 1) as f64 * x);
        self.bias + (class + 1) as f64 * weighted.sum::<f64>() / 1000.0
    }
}

impl Model for Known {
    fn format(&self) -> &str {
        "known"
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features)?;
        if self.task == Task::Regression {
            let values = features.rows().into_iter().map(|row| self.score(0, row));
            return Ok(Prediction::Values(values.collect::<Array1<f64>>()));
        }
        let n_classes = self.task.n_classes();
        let mut scores = Array2::from_shape_fn((features.nrows(), n_classes), |(row, class)| {
            self.score(class, features.row(row)).min(500.0).exp()
        });
        for mut row in scores.rows_mut() {
            let sum = row.sum();
            row /= sum;
        }
        Ok(Prediction::Probabilities(scores))
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        Ok(serde_json::json!({
            "bias": self.bias, "n_features": self.n_features, "task": self.task,
        }))
    }
}

pub(crate) fn task(target: &str) -> Task {
    match target {
        "total_amount" => Task::Regression,
        "quantity_category" => Task::Multiclass {
            classes: QuantityCategory::CLASSES.map(String::from).to_vec(),
        },
        _ => Task::Binary,
    }
}

pub(crate) fn schema(slot: &SlotName) -> FeatureSchema {
    let features = match slot.target.as_str() {
        "total_amount" => FeatureSet::standard(&StandardFeature::REGRESSION),
        _ => FeatureSet::standard(&StandardFeature::CLASSIFICATION),
    };
    // The third linear model sees the interaction, too.
    match slot.name.as_str() {
        "linear_model_3" => features.with(StandardFeature::QuantityTimesPrice).schema(),
        _ => features.schema(),
    }
}

pub(crate) fn artefact(slot: &SlotName, model: Arc<dyn Model>) -> Artefact {
    let info = ModelInfo {
        name: slot.name.clone(),
        target: slot.target.clone(),
        version: slot.version,
        trainer: "known".into(),
        hyper_parameters: serde_json::json!({ "alpha": 0.5 }),
        seed: Some(7),
        task: task(&slot.target),
        label: BTreeMap::from([("edge".to_owned(), 1.5)]),
        features: schema(slot),
        slice: Slice {
            window: "first 1/3 of the rows".into(),
            closed: true,
            rows: 300,
            first_row: 0,
            end_row: 300,
            from: Position::default(),
            to: Position::default(),
            stream_time: [Timestamp::EPOCH, Timestamp::EPOCH],
        },
        holdout: HoldOutResult::NotMeasured {
            not_trained: NotTrained::NoVariation,
        },
        baseline: Some(Metrics::Regression(RegressionMetrics {
            rmse: 2.5,
            mae: 1.5,
            r2: None,
            rows: 60,
        })),
        engine_version: "0.0.0-test".into(),
    };
    Artefact { info, model }
}

/// The bias differs between versions: a mix-up would show.
pub(crate) fn known(slot: &SlotName) -> Known {
    Known {
        task: task(&slot.target),
        n_features: schema(slot).len(),
        bias: f64::from(slot.version) / 8.0,
    }
}

pub(crate) fn empty_registry() -> Registry {
    let options = RegistryOptions {
        dir: None,
        keep_revisions: 2,
        formats: ModelFormats::empty(),
        recover: false,
        ..RegistryOptions::default()
    };
    Registry::open(standard_slots(), options).unwrap()
}

pub(crate) fn slot(name: &str) -> SlotName {
    let mut slots = standard_slots().into_iter();
    slots.find(|slot| slot.name == name).unwrap()
}

/// A registry with the known models in the slots for which `trained` says so.
pub(crate) fn registry(trained: impl Fn(&SlotName) -> bool) -> Arc<Registry> {
    let registry = empty_registry();
    for slot in standard_slots().iter().filter(|slot| trained(slot)) {
        let artefact = artefact(slot, Arc::new(known(slot)));
        registry.publish(artefact).unwrap().unwrap();
    }
    Arc::new(registry)
}

/// A router over all nine models.
pub(crate) fn app() -> Router {
    router(AppState::new(registry(|_| true)))
}

/// A router over one model only, in the slot of this name.
pub(crate) fn app_with(name: &str, model: impl Model + 'static, limits: Limits) -> Router {
    let registry = empty_registry();
    let artefact = artefact(&slot(name), Arc::new(model));
    registry.publish(artefact).unwrap().unwrap();
    router(AppState::new(Arc::new(registry)).with_limits(limits))
}

/// A model for `linear_model_1` that says when it has been asked and answers when the gate opens.
#[derive(Debug)]
pub(crate) struct Gated {
    model: Known,
    /// What it says of itself.
    pub(crate) steps_per_row: usize,
    entered: UnboundedSender<()>,
    opened: Mutex<mpsc::Receiver<()>>,
}

pub(crate) struct Gate {
    entered: UnboundedReceiver<()>,
    opens: mpsc::Sender<()>,
}

pub(crate) fn gated() -> (Gated, Gate) {
    let (entered, asked) = unbounded_channel();
    let (opens, opened) = mpsc::channel();
    let model = Gated {
        model: known(&slot("linear_model_1")),
        steps_per_row: 1,
        entered,
        opened: Mutex::new(opened),
    };
    let gate = Gate {
        entered: asked,
        opens,
    };
    (model, gate)
}

impl Gate {
    /// Returns once the model has been asked.
    pub(crate) async fn entered(&mut self) {
        self.entered.recv().await.unwrap();
    }

    /// Lets all questions be answered from now on.
    pub(crate) fn open(self) {
        drop(self.opens);
    }
}

impl Model for Gated {
    fn format(&self) -> &str {
        "gated"
    }

    fn steps_per_row(&self) -> usize {
        self.steps_per_row
    }

    fn n_features(&self) -> usize {
        self.model.n_features
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        // Nobody listens any longer once the gate is open.
        let _ = self.entered.send(());
        let _ = self.opened.lock().unwrap().recv();
        self.model.predict(features)
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        Ok(Value::Null)
    }
}

pub(crate) async fn call(
    app: &Router,
    method: Method,
    path: &str,
    body: impl Into<Body>,
) -> (StatusCode, HeaderMap, Value) {
    let request = Request::builder().method(method).uri(path);
    send(app, request.body(body.into()).unwrap()).await
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    assert_eq!(head.headers["content-type"], "application/json");
    let value = serde_json::from_slice(&body).unwrap();
    (head.status, head.headers, value)
}

pub(crate) async fn post(app: &Router, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let (status, _, value) = call(app, Method::POST, path, body).await;
    (status, value)
}

pub(crate) async fn get(app: &Router, path: &str) -> (StatusCode, Value) {
    let (status, _, value) = call(app, Method::GET, path, Body::empty()).await;
    (status, value)
}
