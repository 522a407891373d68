use ndarray::{ArrayView1, Axis};
use retail_core::label::Task;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::ApiError;
use crate::explanation::Explanation;
use crate::json::{Number, Object};
use crate::paths::Version;
use crate::predict::Predicted;

/// The probability from which on a binary target is answered with yes, inclusive.
pub(crate) const DECISION_THRESHOLD: f64 = 0.5;

/// Room for the answer about one row.
const USUAL_BYTES: usize = 512;

/// The answers of one model, which serialise as an array of [`Answer`]s.
#[derive(Debug)]
pub(crate) struct Answers(pub(crate) Predicted);

impl Answers {
    /// The answers, row by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Answer<'_>> {
        let of = &self.0;
        (0..of.features.nrows()).map(|row| Answer { of, row })
    }
}

impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// An answer as JSON.
///
/// # Errors
/// [`ApiError::ModelFailed`] if it cannot be written.
pub(crate) fn written(answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    let written = serde_json::to_writer(&mut text, answer);
    written.map(|()| text).map_err(|error| {
        let cause = format!("cannot write an answer: {error}");
        ApiError::ModelFailed { cause }
    })
}

/// What a model says of one row.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    of: &'a Predicted,
    row: usize,
}

/// Where the target of a row lies with the probability `level`.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Interval {
    /// The probability.
    level: f64,
    lower: f64,
    upper: f64,
}

impl Answer<'_> {
    fn interval(&self) -> Option<Interval> {
        let intervals = self.of.intervals.as_ref()?;
        let ends = intervals.ends.index_axis(Axis(0), self.row);
        Some(Interval {
            level: intervals.level,
            lower: *ends.first()?,
            upper: *ends.last()?,
        })
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Predicted {
            slot,
            served,
            features,
            scores,
            ..
        } = self.of;
        let info = &served.artefact.info;
        let scores = scores.index_axis(Axis(0), self.row);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &slot.name)?;
        map.serialize_entry("model_version", &Version(slot.version))?;
        map.serialize_entry("revision", &served.revision)?;
        let features = features.index_axis(Axis(0), self.row);
        let used = info.features.0.iter().zip(features).map(|(spec, &value)| {
            let whole = spec.whole;
            (spec.name.as_str(), Number { value, whole })
        });
        map.serialize_entry("features_used", &Object(used))?;
        match &info.task {
            Task::Regression => {
                map.serialize_entry("prediction", &scores.first())?;
                if let Some(interval) = self.interval() {
                    map.serialize_entry("interval", &interval)?;
                }
            }
            Task::Multiclass { classes } => {
                let (class, confidence) = largest(scores);
                let probabilities = classes.iter().map(String::as_str).zip(scores);
                map.serialize_entry("predicted_category", info.task.class_name(class))?;
                map.serialize_entry("probabilities", &Object(probabilities))?;
                map.serialize_entry("confidence", &confidence)?;
            }
            Task::Binary => {
                let probability = scores.last().copied().unwrap_or_default();
                let key = format!("is_{}", slot.target);
                map.serialize_entry(&key, &(probability >= DECISION_THRESHOLD))?;
                map.serialize_entry("probability", &probability)?;
                map.serialize_entry("threshold", &DECISION_THRESHOLD)?;
            }
        }
        if let Some(explanation) = Explanation::of(self.of, self.row) {
            map.serialize_entry("explanation", &explanation)?;
        }
        map.end()
    }
}

/// The index and value of the largest score; of equal ones the first.
pub(crate) fn largest(scores: ArrayView1<'_, f64>) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (index, score);
        }
    }
    best
}
