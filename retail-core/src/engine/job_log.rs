use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Event, ModelOutcome, ModelStatus, Observer};
use serde_json::json;

use crate::error::StorageError;
use crate::storage;
use crate::time::Clock;

/// Writes a log file for each model, `logs/<model>.log`. Each training is one line: the time at which
/// it ended, rows, seconds and hold-out metrics, or why there is no model.
pub struct JobLog {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl JobLog {
    /// A log in this folder.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be made.
    pub fn new(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        storage::create_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            clock,
        })
    }

    fn line(&self, status: &ModelStatus, changed: bool) -> String {
        let now = self.clock.now();
        let ModelStatus {
            rows,
            seconds,
            revision,
            ..
        } = status;
        let revision = revision.map_or("none".to_owned(), |r| r.to_string());
        let what = match &status.outcome {
            ModelOutcome::Trained { holdout } => {
                format!("status=trained holdout={}", json!(holdout))
            }
            ModelOutcome::NotTrained { message, .. } => {
                format!("status=not_trained why={message:?}")
            }
        };
        format!(
            "{now}Z rows={rows} seconds={seconds:.6} revision={revision} new={changed} {what}\n"
        )
    }
}

impl Observer for JobLog {
    fn event(&self, event: &Event) {
        let Event::Trained {
            model,
            status,
            changed,
        } = event
        else {
            return;
        };
        let path = self.dir.join(format!("{model}.log"));
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(self.line(status, *changed).as_bytes()));
        if let Err(error) = written {
            tracing::warn!("cannot write {}: {error}", path.display());
        }
    }
}
