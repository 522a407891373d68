use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ndarray::{Array2, ArrayView1, Axis};
use retail_core::feature::{FeatureSpec, RangeError};
use retail_core::label::Task;
use retail_core::registry::{Served, SlotName};
use retail_core::train::{PredictError, Prediction};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::ApiError;
use crate::request::Features;

/// The probability from which on a binary target is answered with yes, inclusive.
pub(crate) const DECISION_THRESHOLD: f64 = 0.5;

/// What one model says of the rows of one request. Serialises as an array of [`Answer`]s.
#[derive(Debug)]
pub(crate) struct Answers {
    slot: SlotName,
    served: Arc<Served>,
    /// What the model saw, `(n_samples, n_features)`.
    features: Array2<f64>,
    /// What it said, `(n_samples, 1)` for a regression and `(n_samples, n_classes)` otherwise.
    scores: Array2<f64>,
}

impl Answers {
    /// Asks a model about the rows that a client gave.
    ///
    /// # Errors
    /// [`ApiError::OutOfRange`] for features that the model's schema does not allow;
    /// [`ApiError::ModelFailed`] where the model's answer is not what its task asks for.
    pub(crate) fn predict(
        slot: SlotName,
        served: Arc<Served>,
        given: &Features<'_>,
    ) -> Result<Self, ApiError> {
        let info = &served.artefact.info;
        let features = given.matrix(&info.features)?;
        let prediction = served.predict(features.view()).map_err(|error| {
            refusal(&error, given, &info.features.0).unwrap_or_else(|| failed(&slot, &error))
        })?;
        let n_scores = match &info.task {
            Task::Regression => 1,
            classification => classification.n_classes(),
        };
        let scores = match (prediction, &info.task) {
            (Prediction::Values(values), Task::Regression) => values.insert_axis(Axis(1)),
            (Prediction::Probabilities(scores), Task::Binary | Task::Multiclass { .. }) => scores,
            (other, task) => return Err(failed(&slot, format!("{other:?} for {task:?}"))),
        };
        if n_scores == 0 || scores.dim() != (features.nrows(), n_scores) {
            let shape = format!("an answer of the shape {:?}", scores.dim());
            return Err(failed(&slot, shape));
        }
        if !scores.iter().all(|score| score.is_finite()) {
            return Err(failed(&slot, "an answer that is not finite"));
        }
        Ok(Self {
            slot,
            served,
            features,
            scores,
        })
    }

    /// The answers, row by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Answer<'_>> {
        let rows = self.features.rows().into_iter().zip(self.scores.rows());
        rows.map(|(features, scores)| Answer {
            of: self,
            features,
            scores,
        })
    }
}

/// A computed feature can leave the finite numbers although no input was out of range.
fn refusal(error: &PredictError, given: &Features<'_>, specs: &[FeatureSpec]) -> Option<ApiError> {
    let PredictError::NotFinite { row, feature } = *error else {
        return None;
    };
    Some(ApiError::OutOfRange {
        row: given.row(row),
        error: RangeError {
            feature: specs.get(feature)?.name.clone(),
            expected: "a finite number".to_owned(),
            got: f64::INFINITY,
        },
    })
}

fn failed(slot: &SlotName, cause: impl std::fmt::Display) -> ApiError {
    tracing::error!("{} gave no answer: {cause}", slot.name);
    ApiError::ModelFailed
}

impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What a model says of one row.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    of: &'a Answers,
    features: ArrayView1<'a, f64>,
    scores: ArrayView1<'a, f64>,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Answers { slot, served, .. } = self.of;
        let info = &served.artefact.info;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &slot.name)?;
        map.serialize_entry("model_version", &version_text(slot.version))?;
        map.serialize_entry("revision", &served.revision)?;
        let features = info.features.0.iter().zip(self.features);
        let used = features.map(|(spec, &value)| (spec.name.as_str(), Number(value, spec.whole)));
        map.serialize_entry("features_used", &Object(used.collect()))?;
        match &info.task {
            Task::Regression => {
                map.serialize_entry("prediction", &self.scores.first())?;
            }
            Task::Multiclass { classes } => {
                let (class, confidence) = largest(self.scores);
                let probabilities = classes.iter().map(String::as_str).zip(self.scores);
                map.serialize_entry("predicted_category", info.task.class_name(class))?;
                map.serialize_entry("probabilities", &Object(probabilities.collect()))?;
                map.serialize_entry("confidence", &confidence)?;
            }
            Task::Binary => {
                let probability = self.scores.last().copied().unwrap_or_default();
                let key = format!("is_{}", slot.target);
                map.serialize_entry(&key, &(probability >= DECISION_THRESHOLD))?;
                map.serialize_entry("probability", &probability)?;
                map.serialize_entry("threshold", &DECISION_THRESHOLD)?;
            }
        }
        map.end()
    }
}

/// The index and value of the largest score; the first one of several.
fn largest(scores: ArrayView1<'_, f64>) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (index, score);
        }
    }
    best
}

/// How paths and answers name a version, for example `v1`.
pub(crate) fn version_text(version: u32) -> String {
    format!("v{version}")
}

/// An object whose keys keep their order.
struct Object<'a, V>(Vec<(&'a str, V)>);

impl<V: Serialize> Serialize for Object<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The value of a feature; whole ones are written as `10`, not as `10.0`.
struct Number(f64, bool);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, whole) = *self;
        // 2^53: up to here every whole number is exact.
        if whole && value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

/// A response whose body is `value` as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!("cannot write an answer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
