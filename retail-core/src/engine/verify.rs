//! Whether the files of a data directory are as they were written. Nothing is changed.

use std::fmt;
use std::path::Path;

use super::folder::{ARCHIVE, LOCK, PARTS, UNFINISHED, is_locked};
use super::{audit_log, job_log};
use crate::error::StorageError;
use crate::storage::{self, Findings};
use crate::train::ModelFormats;
use crate::{batch, registry};

/// What [`verify`] checked, and what it found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Whether an engine was using the data directory meanwhile. What it was writing was left out.
    pub running: bool,
    /// Batches that the manifests list.
    pub batches: u64,
    /// Models.
    pub models: u64,
    /// Their revisions, older ones included.
    pub revisions: u64,
    /// Earlier states in the archive.
    pub archived: u64,
    /// Faults and notes.
    pub findings: Findings,
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batches,
            models,
            revisions,
            archived,
            findings,
            ..
        } = self;
        write!(
            f,
            "checked {} files: {batches} batches and {revisions} revisions of {models} models",
            findings.files
        )?;
        if *archived > 0 {
            write!(f, ", {archived} earlier states included")?;
        }
        match findings.faults.len() {
            1 => f.write_str("; 1 fault"),
            faults => write!(f, "; {faults} faults"),
        }
    }
}

/// Checks every file of the data directory `dir` against its checksums and against the other files:
/// the manifest, the batches and rejected records that it lists, all revisions of models and what
/// names those that are served, logs, and the earlier states in the archive. Nothing is written,
/// and nothing is repaired. An engine may be running meanwhile.
///
/// ```
/// use retail_core::engine::{Engine, EngineConfig, verify};
/// use retail_core::source::SyntheticSource;
/// use retail_core::train::ModelFormats;
///
/// let dir = tempfile::tempdir()?;
/// let mut engine = Engine::builder(EngineConfig::default())?.dir(dir.path()).open()?;
/// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?))?;
/// drop(engine);
///
/// let checked = verify(dir.path(), &ModelFormats::default())?;
/// assert!(checked.findings.faults.is_empty());
/// assert_eq!(checked.models, 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StorageError::NotData`] if there is no such folder, or nothing in it to check.
pub fn verify(dir: &Path, formats: &ModelFormats) -> Result<Verification, StorageError> {
    let not_data = |detail: &str| StorageError::NotData {
        path: dir.to_owned(),
        detail: detail.to_owned(),
    };
    if !dir.is_dir() {
        return Err(not_data("there is no such folder"));
    }
    let mut done = Verification {
        running: is_locked(dir)?,
        ..Verification::default()
    };
    for entry in storage::entries(dir)? {
        let name = entry.file_name();
        let is_ours = PARTS.iter().any(|part| name == *part) || name == ARCHIVE || name == LOCK;
        if !is_ours {
            done.findings.unknown(&entry.path());
        }
    }
    done.check_state(dir, formats, done.running);
    done.check_archive(&dir.join(ARCHIVE), formats)?;
    if done.findings.files == 0 && done.findings.faults.is_empty() {
        return Err(not_data(
            "there is nothing to check in it; expected batches, models and logs of an engine",
        ));
    }
    done.running |= is_locked(dir)?;
    Ok(done)
}

impl Verification {
    /// Checks what an engine keeps in the folders `batches`, `models` and `logs` of `dir`.
    fn check_state(&mut self, dir: &Path, formats: &ModelFormats, running: bool) {
        let [batches, models, logs] = PARTS.map(|part| dir.join(part));
        let findings = &mut self.findings;
        self.batches += batch::verify::verify(&batches, &logs, running, findings);
        let counts = registry::verify::verify(&models, formats, running, findings);
        self.models += counts.models;
        self.revisions += counts.revisions;
        check_logs(&logs, running, findings);
    }

    fn check_archive(
        &mut self,
        archive: &Path,
        formats: &ModelFormats,
    ) -> Result<(), StorageError> {
        for entry in storage::entries(archive)? {
            let path = entry.path();
            if !path.is_dir() {
                self.findings.unknown(&path);
                continue;
            }
            if path.extension().is_some_and(|mark| mark == UNFINISHED) {
                self.findings.note(
                    &path,
                    "not all of a state is in it yet; the next run moves the rest",
                );
            }
            self.archived += 1;
            self.check_state(&path, formats, false);
        }
        Ok(())
    }
}

/// Checks the logs of models and of those who change them. The rejected records beside them belong to the batches.
fn check_logs(logs: &Path, running: bool, findings: &mut Findings) {
    let entries = storage::entries(logs);
    for entry in findings
        .take(logs, entries, "make it readable")
        .unwrap_or_default()
    {
        let (name, path) = (entry.file_name(), entry.path());
        if name == batch::REJECTS {
            continue;
        }
        if batch::temporaries::is_in_logs(&name) {
            if !running {
                findings.half_written(&path);
            }
        } else if path.extension().is_some_and(|extension| extension == "log") && path.is_file() {
            job_log::check(&path, running, findings);
        } else if audit_log::is_named(&name) {
            audit_log::check(&path, running, findings);
        } else if name == batch::temporaries::KAFKA {
            check_json(&path, findings);
        } else {
            findings.unknown(&path);
        }
    }
}

/// Checks what a Kafka source keeps beside its batches, as far as it can be without knowing it.
fn check_json(path: &Path, findings: &mut Findings) {
    const ADVICE: &str = "remove it: what it notes is only used for checks";
    let read = storage::read_if_present(path);
    let Some(Some(bytes)) = findings.take(path, read, ADVICE) else {
        return;
    };
    findings.files += 1;
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(&bytes) {
        findings.fault(path, format!("damaged: {error}"), ADVICE);
    }
}
