use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::check::check;
use crate::error::StorageError;
use crate::evaluate::{HoldOut, Metrics};
use crate::feature::FeatureSchema;
use crate::label::Task;
use crate::source::Position;
use crate::storage::checksum;
use crate::time::Timestamp;
use crate::train::{Model, ModelFormats, NotTrained};

/// The version of the artefact format that this crate writes.
const FORMAT_VERSION: u32 = 1;

const MAGIC: &str = "retail-model";

/// The result of a model's hold-out evaluation. As JSON, `{"rmse":…,…,"rows":…}` or
/// `{"not_trained":{"reason":…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HoldOutResult {
    /// Why there are no metrics: the first 80 % of the slice gave no model.
    NotMeasured {
        /// The reason.
        not_trained: NotTrained,
    },
    /// Metrics on the last 20 % of the slice.
    Measured(Metrics),
}

impl From<Result<HoldOut, NotTrained>> for HoldOutResult {
    fn from(result: Result<HoldOut, NotTrained>) -> Self {
        match result {
            Ok(holdout) => Self::Measured(holdout.metrics),
            Err(not_trained) => Self::NotMeasured { not_trained },
        }
    }
}

/// The rows that a model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// The window in words, for example `first 1/3 of the rows`.
    pub window: String,
    /// Whether no further row could join the window.
    pub closed: bool,
    /// How many rows.
    pub rows: u64,
    /// The first row, counted in kept rows of the stream.
    pub first_row: u64,
    /// One past the last row.
    pub end_row: u64,
    /// Source positions before the first batch that the slice touches.
    pub from: Position,
    /// Source positions after the last batch that the slice touches.
    pub to: Position,
    /// Stream times of the first and the last row, inclusive.
    pub stream_time: [Timestamp; 2],
}

/// All there is to know of a model besides its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelInfo {
    /// The slot, for example `linear_model_1`.
    pub name: String,
    /// What is predicted, for example `total_amount`.
    pub target: String,
    /// The version within the target, from 1.
    pub version: u32,
    /// The algorithm that trained it, for example `linfa-linear`.
    pub trainer: String,
    /// The hyper-parameters of the training.
    pub hyper_parameters: serde_json::Value,
    /// The seed of the training, if anything was drawn at random.
    pub seed: Option<u64>,
    /// The kind of target.
    pub task: Task,
    /// What the label learned or was configured with, for example the spend threshold.
    pub label: BTreeMap<String, f64>,
    /// Names, order, units and legal ranges of the features.
    pub features: FeatureSchema,
    /// The rows that the model was trained on.
    pub slice: Slice,
    /// Metrics on the last fifth of the slice, of a model trained on the rows before; or why there
    /// are none.
    pub holdout: HoldOutResult,
    /// Metrics of the naive prediction on the same rows, if there are any: see
    /// [`Metrics::of_baseline`]. Artefacts of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Metrics>,
    /// The version of the crate that trained it.
    pub engine_version: String,
}

/// A model with all there is to know of it.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// What it is and where it comes from.
    pub info: ModelInfo,
    /// The model.
    pub model: Arc<dyn Model>,
}

/// The first line of an artefact file.
#[derive(Serialize, Deserialize)]
struct Header {
    magic: String,
    format_version: u32,
    crc32: String,
    bytes: usize,
}

/// The second line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    info: ModelInfo,
    format: String,
    model: serde_json::Value,
}

impl Artefact {
    /// The artefact as bytes: a line of JSON with the format, its version and the CRC-32 and length
    /// of the second line; and that second line, the artefact. The same artefact always gives the
    /// same bytes.
    ///
    /// # Errors
    /// [`StorageError::Unwritable`] if the model has no JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, StorageError> {
        let body = Body {
            info: self.info.clone(),
            format: self.model.format().to_owned(),
            model: self
                .model
                .to_json()
                .map_err(|error| self.unwritable(&error))?,
        };
        let body = self.line(&body)?;
        let header = Header {
            magic: MAGIC.to_owned(),
            format_version: FORMAT_VERSION,
            crc32: checksum(&body),
            bytes: body.len(),
        };
        let mut bytes = self.line(&header)?;
        bytes.extend(body);
        Ok(bytes)
    }

    fn unwritable(&self, error: &dyn std::error::Error) -> StorageError {
        StorageError::Unwritable {
            model: self.info.name.clone(),
            detail: error.to_string(),
        }
    }

    /// One line of JSON, its keys in alphabetical order.
    fn line(&self, value: &impl Serialize) -> Result<Vec<u8>, StorageError> {
        let json = serde_json::to_value(value).map_err(|error| self.unwritable(&error))?;
        let mut line = json.to_string().into_bytes();
        line.push(b'\n');
        Ok(line)
    }

    /// Reads what [`Artefact::encode`] wrote. `path` is for error messages.
    ///
    /// # Errors
    /// [`StorageError::Foreign`] if this is no artefact, or one of a newer format;
    /// [`StorageError::Corrupt`] if it is one that has been damaged.
    pub fn decode(bytes: &[u8], path: &Path, formats: &ModelFormats) -> Result<Self, StorageError> {
        let foreign = |detail: String| StorageError::Foreign {
            path: path.to_owned(),
            detail,
        };
        let corrupt = |detail: String| StorageError::Corrupt {
            path: path.to_owned(),
            detail,
        };
        let head = head(bytes);
        let body = bytes.get(head.len()..).unwrap_or_default();
        let header: Header = serde_json::from_slice(head)
            .map_err(|_| foreign("the first line is not that of a model artefact".into()))?;
        if header.magic != MAGIC {
            return Err(foreign(format!(
                "expected {MAGIC:?}, got {:?}",
                header.magic
            )));
        }
        if header.format_version != FORMAT_VERSION {
            return Err(foreign(format!(
                "expected format version {FORMAT_VERSION}, got {}",
                header.format_version
            )));
        }
        if body.len() != header.bytes {
            return Err(corrupt(format!(
                "expected {} bytes after the first line, got {}",
                header.bytes,
                body.len()
            )));
        }
        let sum = checksum(body);
        if sum != header.crc32 {
            return Err(corrupt(format!(
                "expected checksum {}, got {sum}",
                header.crc32
            )));
        }
        let body: Body =
            serde_json::from_slice(body).map_err(|error| corrupt(error.to_string()))?;
        let model = formats
            .read(&body.format, &body.model)
            .map_err(|error| corrupt(error.to_string()))?;
        check(&body.info, model.as_ref()).map_err(corrupt)?;
        Ok(Self {
            info: body.info,
            model,
        })
    }
}

/// The first line of an artefact.
pub(super) fn head(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    end.and_then(|end| bytes.get(..=end)).unwrap_or(bytes)
}
