use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::difference::listed;
use super::suggestion::with_suggestion;
use super::{Difference, PipelineError};
use crate::batch::LimitError;
use crate::error::StorageError;
use crate::label::LabelError;
use crate::source::SourceError;
#[cfg(feature = "linfa")]
use crate::train::linfa::LinfaTreeError;
use crate::train::{ForestError, LinearError, LogisticError};
use crate::window::WindowError;

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value or file is not legal.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The pipelines of an engine do not go together.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A parameter of a window strategy is out of range.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A parameter of a label is out of range.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// A limit of a batch is out of range.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A hyper-parameter of a linear regression is out of range.
    #[error(transparent)]
    Linear(#[from] LinearError),
    /// A hyper-parameter of a logistic regression is out of range.
    #[error(transparent)]
    Logistic(#[from] LogisticError),
    /// A hyper-parameter of a random forest is out of range.
    #[error(transparent)]
    Forest(#[from] ForestError),
    /// A source could not be opened or read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file or folder of the engine could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The saved batches were made with other settings, or from another stream.
    #[error(
        "{place} holds batches that were saved with other settings: {differences}; {advice}",
        place = place(dir.as_deref()),
        differences = listed(differences),
        advice = advice(dir.as_deref())
    )]
    SettingsDiffer {
        /// The data directory; `None` for an engine in memory.
        dir: Option<PathBuf>,
        /// What is not as it was; at least one.
        differences: Vec<Difference>,
        /// The name of the file that was read, or of the first one, if the source had names.
        read_from: Option<String>,
    },
    /// A file does not hold what was read before, and has another name than the one that did.
    #[error("{source}; it was read from {saved}")]
    OtherInput {
        /// The name of the file that was read, or of the first one.
        saved: String,
        /// Where the other one differs.
        source: SourceError,
    },
    /// A thread of the engine panicked. The panic has been reported where it happened.
    #[error("the {0} thread of the engine stopped unexpectedly")]
    Stopped(EngineThread),
}

fn advice(dir: Option<&Path>) -> &'static str {
    match dir {
        Some(_) => {
            "give the earlier ones to go on with them, name another --data-dir, or start again with \
             --fresh, which keeps what has been saved in the archive"
        }
        None => {
            "open another engine, or, if these records follow on the saved ones, say so with \
             MemorySource::named and MemorySource::starting_at"
        }
    }
}

fn place(dir: Option<&Path>) -> String {
    dir.map_or("this engine".to_owned(), |dir| dir.display().to_string())
}

/// A thread of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineThread {
    /// The one that reads the source: the caller's.
    Reading,
    /// The one that saves batches.
    Saving,
    /// The one that trains models.
    Training,
}

impl fmt::Display for EngineThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading",
            Self::Saving => "saving",
            Self::Training => "training",
        })
    }
}

/// A configuration that is not legal. Messages name the key as it stands in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number of seconds is out of range.
    #[error("{key}: expected {expected}, got {got}")]
    Seconds {
        /// The key, dotted as in the file.
        key: &'static str,
        /// What is legal.
        expected: &'static str,
        /// The number given.
        got: f64,
    },
    /// Another value of the section `batch` is out of range.
    #[error("batch.{0}")]
    Batch(#[source] LimitError),
    /// Another value of the section `window` is out of range.
    #[error("window.{0}")]
    Window(#[source] WindowError),
    /// A value of the section `label` is out of range.
    #[error("{section}.{source}")]
    Label {
        /// The part of the key before the parameter's name.
        section: &'static str,
        /// The parameter.
        source: LabelError,
    },
    /// A value of the section `linear` is out of range.
    #[error("linear.{0}")]
    Linear(#[from] LinearError),
    /// A value of the section `logistic` is out of range.
    #[error("logistic.{0}")]
    Logistic(#[from] LogisticError),
    /// A value of the section `forest` is out of range.
    #[error("forest.{0}")]
    Forest(#[from] ForestError),
    /// A value of the section `forest` is out of range for a tree of linfa.
    #[cfg(feature = "linfa")]
    #[error("forest.{0}")]
    LinfaTree(#[from] LinfaTreeError),
    /// linfa's trainers are wanted, and this build has none.
    #[error("train.family: expected mergeable, got linfa, which needs the cargo feature linfa")]
    NoLinfa,
    /// Batches are wanted in Parquet, and this build has none.
    #[error(
        "batch.format: expected csv or none, got parquet, which needs the cargo feature parquet: \
         build with --features parquet"
    )]
    NoParquet,
    /// The number of models trained at the same time.
    #[error("train.threads: expected a whole number from 0 to 1024, got {got}")]
    Threads {
        /// The value given.
        got: usize,
    },
    /// The number of revisions kept.
    #[error("train.keep_revisions: expected a whole number from 1 to 1000000, got {got}")]
    KeepRevisions {
        /// The value given.
        got: usize,
    },
    /// The number of rows after which models are retrained.
    #[error("train.policy.every_rows: expected a whole number from 1, got {got}")]
    EveryRows {
        /// The value given.
        got: u64,
    },
    /// The file could not be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
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
    /// A text that is not a configuration, with the message of whoever has read it. If that names a key or
    /// a word that does not exist, one that comes close is added.
    #[must_use]
    pub fn syntax(origin: &str, message: &str) -> Self {
        Self::Syntax {
            origin: origin.to_owned(),
            message: with_suggestion(&message.trim().replace('\n', " ")),
        }
    }
}
