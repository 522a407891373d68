use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::evaluate::Metrics;
use retail_core::feature::FeatureSchema;
use retail_core::label::Task;
use retail_core::registry::{HoldOutResult, Served, Slice, SlotName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::json::json;
use crate::openapi::Unheard;
use crate::openapi::engine::{FeatureShape, SliceShape, TaskShape};
use crate::openapi::measures::{HoldOutShape, MetricsShape};
use crate::paths::{MODELS, version_text};
use crate::state::{AppState, Shared};

/// `GET /models`.
#[utoipa::path(
    get,
    path = MODELS,
    tag = "state",
    operation_id = "models",
    summary = "What each model is and where it comes from",
    responses(
        (
            status = 200, description = "All models, trained or not.", body = Models<'_>,
            example = json!({ "models": [
                {
                    "name": "linear_model_1", "target": "total_amount", "version": "v1", "trained": true,
                    "revision": 1, "trainer": "linear", "hyper_parameters": {}, "seed": null,
                    "task": {"kind": "regression"}, "label": {},
                    "features": [
                        {"name": "quantity", "unit": "items", "min": 1.0, "max": 1e6, "whole": true},
                    ],
                    "slice": {
                        "window": "first 1/3 of the rows", "closed": true, "rows": 266, "first_row": 0,
                        "end_row": 266, "from": {"0": 0}, "to": {"0": 1000},
                        "stream_time": ["2010-12-01 08:26:00", "2010-12-01 08:27:00"],
                    },
                    "holdout": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 54},
                    "baseline": {"rmse": 86.25, "mae": 31.5, "r2": -0.25, "rows": 54},
                    "engine_version": "0.1.0",
                },
                {
                    "name": "linear_model_2", "target": "total_amount", "version": "v2", "trained": false,
                    "reason": "no rows were kept",
                },
            ]}),
        ),
        Unheard,
    ),
)]
pub(crate) async fn models(State(state): State<Shared>) -> Response {
    let slots: Vec<_> = state.registry.iter().collect();
    let models = slots
        .iter()
        .map(|(slot, served)| Listed::new(&state, slot, served.as_deref()))
        .collect();
    json(StatusCode::OK, &Models { models })
}

/// All models, trained or not.
#[derive(Serialize, ToSchema)]
pub(crate) struct Models<'a> {
    models: Vec<Listed<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Model)]
enum Listed<'a> {
    NotTrained(NotTrained<'a>),
    Trained(Trained<'a>),
}

/// A model that is not trained yet.
#[derive(Serialize, ToSchema)]
#[schema(as = UntrainedModel)]
struct NotTrained<'a> {
    /// The slot.
    name: &'a str,
    /// What it is to predict.
    target: &'a str,
    version: String,
    #[schema(schema_with = always::<false>)]
    trained: bool,
    /// Why it is not trained, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// What the artefact says of the model that is being served.
#[derive(Serialize, ToSchema)]
#[schema(as = TrainedModel)]
struct Trained<'a> {
    /// The slot.
    name: &'a str,
    /// What it predicts.
    target: &'a str,
    version: String,
    #[schema(schema_with = always::<true>)]
    trained: bool,
    /// Which training of the slot it is, from 1.
    revision: u64,
    /// The algorithm that trained it.
    trainer: &'a str,
    hyper_parameters: &'a serde_json::Value,
    /// The seed of the training, if anything was drawn at random.
    #[schema(required = true)]
    seed: Option<u64>,
    #[schema(value_type = TaskShape)]
    task: &'a Task,
    /// What the label learned or was configured with.
    label: &'a BTreeMap<String, f64>,
    /// In the order of its columns.
    #[schema(value_type = Vec<FeatureShape>)]
    features: &'a FeatureSchema,
    #[schema(value_type = SliceShape)]
    slice: &'a Slice,
    #[schema(value_type = HoldOutShape)]
    holdout: &'a HoldOutResult,
    /// How good the naive prediction is on the same rows: always the mean, or the shares of the classes, of
    /// the rows before. It is left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MetricsShape, required = false)]
    baseline: Option<&'a Metrics>,
    engine_version: &'a str,
}

/// A value that is always this one.
fn always<const VALUE: bool>() -> RefOr<Schema> {
    let value = ObjectBuilder::new().schema_type(Type::Boolean);
    value.enum_values(Some([VALUE])).into()
}

impl<'a> Listed<'a> {
    fn new(state: &AppState, slot: &'a SlotName, served: Option<&'a Served>) -> Self {
        let (name, target) = (&*slot.name, &*slot.target);
        let version = version_text(slot.version);
        let Some(served) = served else {
            return Self::NotTrained(NotTrained {
                name,
                target,
                version,
                trained: false,
                reason: state.reason(name),
            });
        };
        let info = &served.artefact.info;
        Self::Trained(Trained {
            name,
            target,
            version,
            trained: true,
            revision: served.revision,
            trainer: &info.trainer,
            hyper_parameters: &info.hyper_parameters,
            seed: info.seed,
            task: &info.task,
            label: &info.label,
            features: &info.features,
            slice: &info.slice,
            holdout: &info.holdout,
            baseline: info.baseline.as_ref(),
            engine_version: &info.engine_version,
        })
    }
}
