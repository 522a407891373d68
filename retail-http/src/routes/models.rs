use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::feature::FeatureSchema;
use retail_core::label::Task;
use retail_core::registry::{HoldOutResult, Served, Slice, SlotName};
use serde::Serialize;

use crate::json::json;
use crate::paths::version_text;
use crate::state::AppState;

/// `GET /models`.
pub(crate) async fn models(State(state): State<AppState>) -> Response {
    let slots: Vec<_> = state.registry.iter().collect();
    let models = slots
        .iter()
        .map(|(slot, served)| Listed::new(&state, slot, served.as_deref()))
        .collect();
    json(StatusCode::OK, &Models { models })
}

#[derive(Serialize)]
struct Models<'a> {
    models: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    target: &'a str,
    version: String,
    trained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    model: Option<Described<'a>>,
}

/// What the artefact says of the model that is being served.
#[derive(Serialize)]
struct Described<'a> {
    revision: u64,
    trainer: &'a str,
    hyper_parameters: &'a serde_json::Value,
    seed: Option<u64>,
    task: &'a Task,
    label: &'a BTreeMap<String, f64>,
    features: &'a FeatureSchema,
    slice: &'a Slice,
    holdout: &'a HoldOutResult,
    engine_version: &'a str,
}

impl<'a> Listed<'a> {
    fn new(state: &AppState, slot: &'a SlotName, served: Option<&'a Served>) -> Self {
        Self {
            name: &slot.name,
            target: &slot.target,
            version: version_text(slot.version),
            trained: served.is_some(),
            reason: match served {
                Some(_) => None,
                None => state.reason(&slot.name),
            },
            model: served.map(|served| {
                let info = &served.artefact.info;
                Described {
                    revision: served.revision,
                    trainer: &info.trainer,
                    hyper_parameters: &info.hyper_parameters,
                    seed: info.seed,
                    task: &info.task,
                    label: &info.label,
                    features: &info.features,
                    slice: &info.slice,
                    holdout: &info.holdout,
                    engine_version: &info.engine_version,
                }
            }),
        }
    }
}
