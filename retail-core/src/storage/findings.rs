use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::StorageError;

/// What a check of files found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// How many files were checked.
    pub files: u64,
    /// What is not as it was written.
    pub faults: Vec<Finding>,
    /// What is not part of the data, or will be put right by the next run.
    pub notes: Vec<Finding>,
}

/// What was found of one file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Which file or folder.
    pub path: PathBuf,
    /// What is wrong with it, and what can be done.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.detail)
    }
}

impl Findings {
    pub(crate) fn fault(&mut self, path: &Path, what: impl fmt::Display, advice: &str) {
        self.faults.push(Finding {
            path: path.to_owned(),
            detail: format!("{what}; {advice}"),
        });
    }

    pub(crate) fn note(&mut self, path: &Path, what: &str) {
        self.notes.push(Finding {
            path: path.to_owned(),
            detail: what.to_owned(),
        });
    }

    /// Notes what nothing is known of.
    pub(crate) fn unknown(&mut self, path: &Path) {
        self.note(path, "not a file of the engine; it is left alone");
    }

    /// Notes a file that a process was killed over.
    pub(crate) fn half_written(&mut self, path: &Path) {
        self.note(
            path,
            "left half written by a run that was killed; the next run removes it",
        );
    }

    /// What comes of reading, or a fault and `None`.
    pub(crate) fn take<T>(
        &mut self,
        path: &Path,
        read: Result<T, StorageError>,
        advice: &str,
    ) -> Option<T> {
        read.map_err(|error| self.fault(path, what(error), advice))
            .ok()
    }
}

/// What is wrong, without the path.
fn what(error: StorageError) -> String {
    match error {
        StorageError::Io { action, source, .. } => format!("cannot {action} it: {source}"),
        StorageError::Corrupt { detail, .. } => format!("damaged: {detail}"),
        StorageError::Missing { detail, .. } => format!("missing: {detail}"),
        StorageError::Foreign { detail, .. } => format!("not readable by this version: {detail}"),
        StorageError::Misplaced { detail, .. } => format!("out of place: {detail}"),
        other => other.to_string(),
    }
}
