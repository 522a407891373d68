//! Errors of files and folders, which every part that writes or reads them shares.
//!
//! Each part has its own errors beside its code, for example
//! [`WindowError`](crate::window::WindowError); [`Error`](crate::Error) is any of them.

use std::io;
use std::path::{Path, PathBuf};

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
    /// A file is not there, though others say that it was written.
    #[error("{path} is missing: {detail}", path = path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What can be done.
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
    /// A file or folder takes a cargo feature that this build is without.
    #[error("{path} takes a build with --features {feature}", path = path.display())]
    Feature {
        /// Which file or folder.
        path: PathBuf,
        /// The feature.
        feature: &'static str,
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
    /// Writing has failed before. What the folder holds is known only once it is opened again.
    #[error("{path} is not written to after an earlier error; open it again", path = path.display())]
    Failed {
        /// Which folder.
        path: PathBuf,
    },
    /// A folder has nothing in it that an engine keeps.
    #[error("{path} is not a data folder: {detail}", path = path.display())]
    NotData {
        /// Which folder.
        path: PathBuf,
        /// What is there, and what is expected.
        detail: String,
    },
    /// Another process is using the folder.
    #[error("{path} is in use by another engine; close that one, or choose another folder", path = path.display())]
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
