//! What can go wrong, as types: one enum, with a typed error of the part concerned inside.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use crate::source::SourceError;
use crate::train::ForestError;

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value or file is not legal.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A source could not be opened or read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file or folder of the engine could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The saved state belongs to another stream than the source given.
    #[error(
        "{place} holds the state of another stream ({saved}); the source given is {given}",
        place = place(dir)
    )]
    StreamMismatch {
        /// The data directory; empty for an engine in memory.
        dir: PathBuf,
        /// The stream whose state it holds.
        saved: String,
        /// The stream given.
        given: String,
    },
    /// A thread of the engine ended early; the cause has been logged.
    #[error("the {0} of the engine stopped unexpectedly")]
    Stopped(&'static str),
}

fn place(dir: &Path) -> String {
    if dir.as_os_str().is_empty() {
        "this engine".to_owned()
    } else {
        dir.display().to_string()
    }
}

/// A configuration that is not legal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value is out of range.
    #[error("{key}: expected {expected}, got {got}")]
    Value {
        /// Which key, dotted as in the file.
        key: &'static str,
        /// What is legal.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// A hyper-parameter of the forest is out of range.
    #[error("forest.{0}")]
    Forest(#[from] ForestError),
    /// The file could not be read.
    #[error("cannot read {path}: {message}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// The text is not a configuration: a syntax error, an unknown key or a value of another type.
    #[error("{origin}: {message}")]
    Syntax {
        /// Where the text came from.
        origin: String,
        /// What is wrong, and on which line.
        message: String,
    },
}

impl ConfigError {
    /// A value out of range.
    pub(crate) fn value(key: &'static str, expected: &'static str, got: impl Display) -> Self {
        Self::Value {
            key,
            expected,
            got: got.to_string(),
        }
    }
}

/// A file or folder of the engine that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, for example `write`.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is damaged: its checksum or structure is not what was written.
    #[error("{path} is damaged: {detail}", path = path.display())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A file is of another kind or of a newer format.
    #[error("{path} is not readable by this version: {detail}", path = path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it seems to be.
        detail: String,
    },
    /// A model is not where it belongs: its file says that it is another one.
    #[error("{path} is out of place: {detail}", path = path.display())]
    Misplaced {
        /// Which file or folder.
        path: PathBuf,
        /// What it says it is, and what is expected.
        detail: String,
    },
    /// A model has no form that can be saved.
    #[error("the model {model} cannot be saved: {detail}")]
    Unwritable {
        /// Which model.
        model: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Writing has failed before, so that what the folder holds is known once it is opened again.
    #[error("{path} is not written to after an earlier error; open it again", path = path.display())]
    Failed {
        /// Which folder.
        path: PathBuf,
    },
    /// Another process is using the folder.
    #[error("{path} is in use by another engine", path = path.display())]
    Locked {
        /// Which folder.
        path: PathBuf,
    },
}

impl StorageError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
