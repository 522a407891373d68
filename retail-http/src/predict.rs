use std::sync::Arc;

use ndarray::{Array2, Axis};
use retail_core::label::Task;
use retail_core::registry::{Served, SlotName};
use retail_core::train::{Contributions, Prediction, Scale};

use crate::error::ApiError;
use crate::feedback::Said;
use crate::query::Extras;
use crate::request_id::RequestId;
use crate::state::AppState;

/// The most simple steps that the explanations of one request may take: a few seconds.
const MOST_STEPS: usize = 1 << 31;

/// What one model says of the rows of one request.
#[derive(Debug)]
pub(crate) struct Predicted {
    pub(crate) slot: Arc<SlotName>,
    pub(crate) served: Arc<Served>,
    /// What the model saw, `(n_samples, n_features)`.
    pub(crate) features: Array2<f64>,
    /// What it said, `(n_samples, 1)` for a regression and `(n_samples, n_classes)` otherwise.
    pub(crate) scores: Array2<f64>,
    /// The intervals, if they were asked for.
    pub(crate) intervals: Option<Intervals>,
    /// What features contribute, if that was asked for.
    pub(crate) contributions: Option<Contributions>,
}

/// Where targets lie with a given probability.
#[derive(Debug)]
pub(crate) struct Intervals {
    /// The probability, above 0 and below 1.
    pub(crate) level: f64,
    /// Lower and upper ends, `(n_samples, 2)`.
    pub(crate) ends: Array2<f64>,
}

impl Predicted {
    /// Asks a model about these rows, and about what else is wanted.
    ///
    /// # Errors
    /// [`ApiError::NoInterval`] and [`ApiError::NoExplanation`] if the model gives none and has to;
    /// [`ApiError::TooMuchToExplain`] if that would take too long; [`ApiError::ModelFailed`] if its answer is
    /// not what its task asks for.
    pub(crate) fn new(
        slot: Arc<SlotName>,
        served: Arc<Served>,
        features: Array2<f64>,
        extras: Extras,
    ) -> Result<Self, ApiError> {
        let (model, revision, rows) =
            (&*slot.name, served.revision as i64, features.nrows() as i64);
        let _predict = tracing::debug_span!("predict", model, revision, rows).entered();
        let scores = scores(&slot, &served, &features)?;
        let level = extras.interval;
        let intervals = level.map(|level| intervals(&slot, &served, &features, level));
        let explain = extras.explain;
        let contributions = explain.then(|| contributions(&slot, &served, &features));
        Ok(Self {
            intervals: found(intervals, extras)?,
            contributions: found(contributions, extras)?,
            slot,
            served,
            features,
            scores,
        })
    }

    /// What the model said, as it is kept.
    pub(crate) fn said(&self) -> Said<'_> {
        Said {
            slot: &self.slot,
            served: &self.served,
            scores: &self.scores,
        }
    }
}

impl AppState {
    /// Lets the shadows of the model that was asked answer, too.
    pub(crate) fn shadow(&self, asked: &SlotName, predicted: &Predicted) {
        let Predicted {
            served,
            features,
            scores,
            ..
        } = predicted;
        let traffic = &self.traffic;
        traffic.shadow(&self.registry, &asked.name, served, features, scores);
    }

    /// Keeps what models said to the request with this id, if answers are kept.
    pub(crate) fn remember<'p>(
        &self,
        id: Option<&RequestId>,
        said: impl IntoIterator<Item = &'p Predicted>,
    ) {
        if let (Some(feedback), Some(id)) = (&self.feedback, id) {
            feedback.remember(id.as_bytes(), said.into_iter().map(Predicted::said));
        }
    }
}

/// What was asked for beside the prediction.
fn found<T>(asked: Option<Result<T, ApiError>>, extras: Extras) -> Result<Option<T>, ApiError> {
    match asked.transpose() {
        Err(
            ApiError::NoInterval { .. }
            | ApiError::NoExplanation { .. }
            | ApiError::TooMuchToExplain { .. },
        ) if extras.where_possible => Ok(None),
        found => found,
    }
}

fn scores(
    slot: &SlotName,
    served: &Served,
    features: &Array2<f64>,
) -> Result<Array2<f64>, ApiError> {
    let task = &served.artefact.info.task;
    let prediction = served
        .predict(features.view())
        .map_err(|error| failed(slot, error))?;
    let n_scores = match task {
        Task::Regression => 1,
        classification => classification.n_classes(),
    };
    let scores = match (prediction, task) {
        (Prediction::Values(values), Task::Regression) => values.insert_axis(Axis(1)),
        (Prediction::Probabilities(scores), Task::Binary | Task::Multiclass { .. }) => scores,
        (other, task) => return Err(failed(slot, format!("{other:?} for {task:?}"))),
    };
    if n_scores == 0 || scores.dim() != (features.nrows(), n_scores) {
        let shape = format!("an answer of the shape {:?}", scores.dim());
        return Err(failed(slot, shape));
    }
    finite(slot, scores)
}

fn intervals(
    slot: &SlotName,
    served: &Served,
    features: &Array2<f64>,
    level: f64,
) -> Result<Intervals, ApiError> {
    let model = &served.artefact.model;
    let ends = model
        .predict_interval(features.view(), level)
        .map_err(|error| failed(slot, error))?
        .ok_or_else(|| ApiError::NoInterval {
            model: slot.name.clone(),
        })?;
    if ends.dim() != (features.nrows(), 2) {
        let shape = format!("intervals of the shape {:?}", ends.dim());
        return Err(failed(slot, shape));
    }
    let ends = finite(slot, ends)?;
    Ok(Intervals { level, ends })
}

fn contributions(
    slot: &SlotName,
    served: &Served,
    features: &Array2<f64>,
) -> Result<Contributions, ApiError> {
    let model = &served.artefact.model;
    let most = MOST_STEPS / model.steps_to_explain_row().max(1);
    if features.nrows() > most {
        return Err(ApiError::TooMuchToExplain {
            model: slot.name.clone(),
            limit: most,
            got: features.nrows(),
        });
    }
    let found = model
        .contributions(features.view())
        .map_err(|error| failed(slot, error))?
        .ok_or_else(|| ApiError::NoExplanation {
            model: slot.name.clone(),
        })?;
    let n_outputs = match (&served.artefact.info.task, found.scale) {
        (Task::Regression, Scale::Value) | (Task::Binary, Scale::LogOdds) => 1,
        (task, Scale::Probability) if *task != Task::Regression => task.n_classes(),
        (task, scale) => return Err(failed(slot, format!("{scale:?} for {task:?}"))),
    };
    let expected = (features.nrows(), n_outputs, features.ncols());
    if found.base.len() != n_outputs || found.values.dim() != expected {
        let shape = format!("contributions of the shape {:?}", found.values.dim());
        return Err(failed(slot, shape));
    }
    let mut numbers = found.base.iter().chain(&found.values);
    if numbers.all(|number| number.is_finite()) {
        Ok(found)
    } else {
        Err(failed(slot, "contributions that are not finite"))
    }
}

fn finite(slot: &SlotName, numbers: Array2<f64>) -> Result<Array2<f64>, ApiError> {
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(numbers)
    } else {
        Err(failed(slot, "an answer that is not finite"))
    }
}

fn failed(slot: &SlotName, cause: impl std::fmt::Display) -> ApiError {
    ApiError::ModelFailed {
        cause: format!("{} gave no answer: {cause}", slot.name),
    }
}
