use std::ops::Range;

use retail_core::label::Task;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::classes::{DECISION_THRESHOLD, largest};
use crate::error::ApiError;
use crate::explanation::Explanation;
use crate::json::Number;
use crate::paths::Version;
use crate::predict::Predicted;

/// Room for the answer about one row.
const USUAL_BYTES: usize = 512;

/// The answers of one model, as JSON.
///
/// The keys and whatever else is the same in all rows are written once: most of an answer is.
pub(crate) struct Answers<'a> {
    of: &'a Predicted,
    /// What stands before the first feature.
    head: Text,
    /// What stands before each feature's value, and which are whole numbers.
    features: Vec<(Text, bool)>,
    /// What stands before each score of a class, and before the decision between two.
    scores: Vec<Text>,
    /// All these texts, one after another.
    texts: Vec<u8>,
}

/// A part of [`Answers::texts`].
type Text = Range<usize>;

impl<'a> Answers<'a> {
    /// # Errors
    /// [`ApiError::ModelFailed`] if they cannot be written, here and below.
    pub(crate) fn new(of: &'a Predicted) -> Result<Self, ApiError> {
        Self::prepared(of).map_err(|error| unwritable(&error))
    }

    fn prepared(of: &'a Predicted) -> Result<Self, serde_json::Error> {
        let mut texts = Vec::with_capacity(USUAL_BYTES);
        let info = &of.served.artefact.info;
        texts.extend_from_slice(b"{\"model\":");
        serde_json::to_writer(&mut texts, &of.slot.name)?;
        texts.extend_from_slice(b",\"model_version\":");
        serde_json::to_writer(&mut texts, &Version(of.slot.version))?;
        texts.extend_from_slice(b",\"revision\":");
        serde_json::to_writer(&mut texts, &of.served.revision)?;
        texts.extend_from_slice(b",\"features_used\":{");
        let head = 0..texts.len();
        let mut features = Vec::with_capacity(info.features.0.len());
        for spec in &info.features.0 {
            features.push((
                key(&mut texts, features.is_empty(), &spec.name)?,
                spec.whole,
            ));
        }
        let mut scores = Vec::new();
        match &info.task {
            Task::Regression => {}
            Task::Multiclass { classes } => {
                scores.reserve_exact(classes.len());
                for class in classes {
                    scores.push(key(&mut texts, scores.is_empty(), class)?);
                }
            }
            Task::Binary => {
                let name = format!("is_{}", of.slot.target);
                scores.push(key(&mut texts, true, &name)?);
            }
        }
        Ok(Self {
            of,
            head,
            features,
            scores,
            texts,
        })
    }

    /// All rows, as an array.
    pub(crate) fn array(&self) -> Result<Vec<u8>, ApiError> {
        let n_rows = self.of.features.nrows();
        let mut text = Vec::with_capacity(USUAL_BYTES);
        text.push(b'[');
        for row in 0..n_rows {
            if row > 0 {
                text.push(b',');
            }
            self.write(row, &mut text)
                .map_err(|error| unwritable(&error))?;
            if row == 0 {
                // The others are about as long.
                text.reserve(text.len().saturating_mul(n_rows));
            }
        }
        text.push(b']');
        Ok(text)
    }

    /// The first row.
    pub(crate) fn first(&self) -> Result<Vec<u8>, ApiError> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        self.write(0, &mut text)
            .map_err(|error| unwritable(&error))?;
        Ok(text)
    }

    /// The first row, as a part of other JSON.
    pub(crate) fn raw(&self) -> Result<Box<RawValue>, ApiError> {
        serde_json::from_slice(&self.first()?).map_err(|error| unwritable(&error))
    }

    fn write(&self, row: usize, text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let features = self.of.features.row(row);
        let scores = self.of.scores.row(row);
        text.extend_from_slice(self.text(&self.head));
        for ((key, whole), &value) in self.features.iter().zip(features) {
            text.extend_from_slice(self.text(key));
            let whole = *whole;
            serde_json::to_writer(&mut *text, &Number { value, whole })?;
        }
        match &self.of.served.artefact.info.task {
            Task::Regression => {
                text.extend_from_slice(b"},\"prediction\":");
                serde_json::to_writer(&mut *text, &scores.first())?;
                if let Some(interval) = interval(self.of, row) {
                    text.extend_from_slice(b",\"interval\":");
                    serde_json::to_writer(&mut *text, &interval)?;
                }
            }
            task @ Task::Multiclass { .. } => {
                let (class, confidence) = largest(scores);
                text.extend_from_slice(b"},\"predicted_category\":");
                serde_json::to_writer(&mut *text, task.class_name(class))?;
                text.extend_from_slice(b",\"probabilities\":{");
                for (key, probability) in self.scores.iter().zip(scores) {
                    text.extend_from_slice(self.text(key));
                    serde_json::to_writer(&mut *text, probability)?;
                }
                text.extend_from_slice(b"},\"confidence\":");
                serde_json::to_writer(&mut *text, &confidence)?;
            }
            Task::Binary => {
                let probability = scores.last().copied().unwrap_or_default();
                text.extend_from_slice(b"},");
                for key in &self.scores {
                    text.extend_from_slice(self.text(key));
                }
                serde_json::to_writer(&mut *text, &(probability >= DECISION_THRESHOLD))?;
                text.extend_from_slice(b",\"probability\":");
                serde_json::to_writer(&mut *text, &probability)?;
                text.extend_from_slice(b",\"threshold\":");
                serde_json::to_writer(&mut *text, &DECISION_THRESHOLD)?;
            }
        }
        if let Some(explanation) = Explanation::of(self.of, row) {
            text.extend_from_slice(b",\"explanation\":");
            serde_json::to_writer(&mut *text, &explanation)?;
        }
        text.push(b'}');
        Ok(())
    }

    fn text(&self, text: &Text) -> &[u8] {
        self.texts.get(text.clone()).unwrap_or_default()
    }
}

/// Adds a key of an object, with what stands around it.
fn key(texts: &mut Vec<u8>, is_first: bool, name: &str) -> Result<Text, serde_json::Error> {
    let start = texts.len();
    if !is_first {
        texts.push(b',');
    }
    serde_json::to_writer(&mut *texts, name)?;
    texts.push(b':');
    Ok(start..texts.len())
}

/// An answer as JSON.
///
/// # Errors
/// [`ApiError::ModelFailed`] if it cannot be written.
pub(crate) fn written(answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    let written = serde_json::to_writer(&mut text, answer);
    written.map(|()| text).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> ApiError {
    ApiError::ModelFailed {
        cause: format!("cannot write an answer: {error}"),
    }
}

/// Where the target of a row lies with the probability `level`.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Interval {
    /// The probability.
    level: f64,
    lower: f64,
    upper: f64,
}

fn interval(of: &Predicted, row: usize) -> Option<Interval> {
    let intervals = of.intervals.as_ref()?;
    let ends = intervals.ends.row(row);
    Some(Interval {
        level: intervals.level,
        lower: *ends.first()?,
        upper: *ends.last()?,
    })
}
