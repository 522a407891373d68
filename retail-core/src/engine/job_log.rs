use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Event, ModelOutcome, ModelStatus, Observer};
use serde_json::json;

use crate::error::StorageError;
use crate::storage::{self, DataMode, Findings, checksum};
use crate::time::Clock;

/// Writes a log file for each model, `logs/<model>.log`. Each training is one line: the time at which
/// it ended, rows, seconds and hold-out metrics, or why there is no model; and the CRC-32 of what comes
/// before it in the line.
pub struct JobLog {
    dir: PathBuf,
    mode: DataMode,
    clock: Arc<dyn Clock>,
}

const KEY: &str = " crc32=";

impl JobLog {
    /// A log in this folder. What is made has this mode.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be made.
    pub fn new(dir: &Path, mode: DataMode, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        storage::create_dir(dir, mode)?;
        Ok(Self {
            dir: dir.to_owned(),
            mode,
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
            ModelOutcome::Trained { holdout, .. } => {
                format!("status=trained holdout={}", json!(holdout))
            }
            ModelOutcome::NotTrained { message, .. } => {
                format!("status=not_trained why={message:?}")
            }
        };
        let line = format!(
            "{now}Z rows={rows} seconds={seconds:.6} revision={revision} new={changed} {what}"
        );
        format!("{line}{KEY}{}\n", checksum(line.as_bytes()))
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
        let line = self.line(status, *changed);
        let written = storage::open_or_create(&path, OpenOptions::new().append(true), self.mode)
            .and_then(|mut file| {
                let written = file.write_all(line.as_bytes());
                written.map_err(StorageError::io("write", &path))
            });
        if let Err(error) = written {
            tracing::warn!("{error}");
        }
    }
}

/// Checks the lines of a log. Nothing depends on it.
pub(super) fn check(path: &Path, running: bool, findings: &mut Findings) {
    const ADVICE: &str = "nothing depends on it: remove the line";
    let read = storage::read_if_present(path);
    let Some(Some(bytes)) = findings.take(path, read, ADVICE) else {
        return;
    };
    findings.files += 1;
    for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(1_u64..) {
        let Some(line) = line.strip_suffix(b"\n") else {
            if !running {
                findings.fault(path, format!("damaged: line {number} is cut short"), ADVICE);
            }
            continue;
        };
        if !is_sound(line) {
            let what = format!("damaged: line {number} is not as it was written");
            findings.fault(path, what, ADVICE);
        }
    }
}

fn is_sound(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else {
        return false;
    };
    match text.rsplit_once(KEY) {
        Some((said, sum)) => checksum(said.as_bytes()) == sum,
        // As earlier versions wrote them.
        None => !text.contains("crc32") && text.ends_with(['}', '"']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SystemClock;
    use crate::train::NotTrained;

    #[test]
    fn a_line_with_any_bit_changed_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let log = JobLog::new(dir.path(), DataMode::default(), Arc::new(SystemClock)).unwrap();
        let status = ModelStatus {
            rows: 7,
            outcome: ModelOutcome::NotTrained {
                why: NotTrained::NoRows,
                message: "no \"rows\"".into(),
            },
            revision: None,
            seconds: 0.5,
            prequential: None,
        };
        for changed in [true, false] {
            log.event(&Event::Trained {
                model: "m".into(),
                status: Box::new(status.clone()),
                changed,
            });
        }
        let path = dir.path().join("m.log");
        let sound = std::fs::read(&path).unwrap();
        let faults = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut findings = Findings::default();
            check(&path, false, &mut findings);
            findings.faults.len()
        };
        assert_eq!(faults(&sound), 0);
        assert_eq!(
            faults(b"2011-12-09 12:50:00Z rows=7 status=trained holdout={}\n"),
            0
        );
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut changed = sound.clone();
                changed[at] ^= 1 << bit;
                assert!(faults(&changed) > 0, "bit {bit} of byte {at}");
            }
        }
    }
}
