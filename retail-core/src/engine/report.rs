use serde::Serialize;

use super::{EngineStatus, ModelStatus};
use crate::clean::RejectCounts;

/// What has become of a stream: all batches saved so far, those of earlier runs included. As JSON it
/// is the summary line of `--once`.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Records read: kept plus rejected.
    pub rows_read: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Records dropped, by reason.
    pub rejected: RejectCounts,
    /// Batches saved.
    pub batches: u64,
    /// The models, by name.
    pub models: Vec<ModelReport>,
    /// How many seconds this run took.
    pub seconds: f64,
}

/// A model's line in a [`RunReport`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelReport {
    /// The slot, for example `linear_model_1`.
    pub name: String,
    /// What became of it at its last training.
    #[serde(flatten)]
    pub status: ModelStatus,
}

impl RunReport {
    pub(super) fn new(status: &EngineStatus, seconds: f64) -> Self {
        let models = status.models.iter().map(|(name, status)| ModelReport {
            name: name.clone(),
            status: status.clone(),
        });
        Self {
            rows_read: status.rows_read,
            rows_kept: status.rows_kept,
            rejected: status.rejected,
            batches: status.batches,
            models: models.collect(),
            seconds,
        }
    }
}
