//! An answer of the protocol.

use retail_core::label::Task;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::request::WantedTensor;
use crate::classes::{DECISION_THRESHOLD, largest};
use crate::error::one_of;
use crate::predict::Predicted;

/// A tensor that models of a task give. Names are the keys of `/predict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Prediction,
    Category,
    Probabilities,
    Confidence,
    IsYes,
    Probability,
}

impl Output {
    /// The tensors of a task.
    pub(super) fn all(task: &Task) -> &'static [Self] {
        match task {
            Task::Regression => &[Self::Prediction],
            Task::Multiclass { .. } => &[Self::Category, Self::Probabilities, Self::Confidence],
            Task::Binary => &[Self::IsYes, Self::Probability],
        }
    }

    pub(super) fn name(self, target: &str) -> String {
        match self {
            Self::Prediction => "prediction".to_owned(),
            Self::Category => "predicted_category".to_owned(),
            Self::Probabilities => "probabilities".to_owned(),
            Self::Confidence => "confidence".to_owned(),
            Self::IsYes => format!("is_{target}"),
            Self::Probability => "probability".to_owned(),
        }
    }

    pub(super) fn datatype(self) -> &'static str {
        match self {
            Self::Category => "BYTES",
            Self::IsYes => "BOOL",
            Self::Prediction | Self::Probabilities | Self::Confidence | Self::Probability => "FP64",
        }
    }

    /// The tensors that a request wants, in its order; all if it names none.
    ///
    /// # Errors
    /// [`Fault::Tensor`] for a tensor that there is not, or that is named twice.
    pub(super) fn wanted(
        task: &Task,
        target: &str,
        wanted: &[WantedTensor],
    ) -> Result<Vec<Self>, Fault> {
        let all = Self::all(task);
        if wanted.is_empty() {
            return Ok(all.to_vec());
        }
        let mut found = Vec::new();
        for tensor in wanted {
            let Some(output) = all.iter().find(|output| output.name(target) == tensor.name) else {
                let known: Vec<String> = all.iter().map(|output| output.name(target)).collect();
                let (known, got) = (one_of(&known), &tensor.name);
                return Err(Fault::Tensor(format!(
                    "outputs: expected {known}, got {got:?}"
                )));
            };
            if found.contains(output) {
                let got = &tensor.name;
                return Err(Fault::Tensor(format!(
                    "outputs: {got:?} is there more than once"
                )));
            }
            found.push(*output);
        }
        Ok(found)
    }

    /// The tensor of these predictions.
    fn tensor(self, predicted: &Predicted) -> Tensor<'_> {
        let Predicted { scores, served, .. } = predicted;
        let task = &served.artefact.info.task;
        let rows = scores.outer_iter();
        let last = |row: ndarray::ArrayView1<'_, f64>| row.last().copied().unwrap_or_default();
        let data = match self {
            Self::Prediction | Self::Probabilities => {
                Data::Numbers(scores.iter().copied().collect())
            }
            Self::Category => {
                Data::Texts(rows.map(|row| task.class_name(largest(row).0)).collect())
            }
            Self::Confidence => Data::Numbers(rows.map(|row| largest(row).1).collect()),
            Self::IsYes => Data::Bools(rows.map(|row| last(row) >= DECISION_THRESHOLD).collect()),
            Self::Probability => Data::Numbers(rows.map(last).collect()),
        };
        Tensor {
            name: self.name(&predicted.slot.target),
            datatype: self.datatype(),
            shape: match self {
                Self::Probabilities => scores.shape().to_vec(),
                _ => vec![scores.nrows()],
            },
            data,
        }
    }
}

/// The answer to a request.
#[derive(Serialize, ToSchema)]
#[schema(as = InferResponse)]
pub(super) struct InferAnswer<'a> {
    /// The target.
    model_name: &'a str,
    model_version: String,
    /// That of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<&'a str>,
    parameters: Parameters,
    outputs: Vec<Tensor<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InferParameters)]
struct Parameters {
    /// Which training of the model answered, from 1.
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OutputTensor)]
struct Tensor<'a> {
    name: String,
    datatype: &'static str,
    shape: Vec<usize>,
    data: Data<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OutputData)]
enum Data<'a> {
    Numbers(Vec<f64>),
    Texts(Vec<&'a str>),
    Bools(Vec<bool>),
}

impl<'a> InferAnswer<'a> {
    pub(super) fn new(id: Option<&'a str>, predicted: &'a Predicted, outputs: &[Output]) -> Self {
        let Predicted { slot, served, .. } = predicted;
        Self {
            model_name: &slot.target,
            model_version: slot.version.to_string(),
            id,
            parameters: Parameters {
                revision: served.revision,
            },
            outputs: outputs.iter().map(|o| o.tensor(predicted)).collect(),
        }
    }
}
