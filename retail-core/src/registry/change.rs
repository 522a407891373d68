//! What an operator can ask for, and what comes of it.

use serde::Serialize;

use super::alias::{Alias, Aliases};
use crate::error::StorageError;

/// Which revision of a model is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionRef {
    /// The one of this number.
    Number(u64),
    /// The one that has this name.
    Alias(Alias),
}

impl From<u64> for RevisionRef {
    fn from(revision: u64) -> Self {
        Self::Number(revision)
    }
}

impl From<Alias> for RevisionRef {
    fn from(alias: Alias) -> Self {
        Self::Alias(alias)
    }
}

/// Which revisions of a model are served and named. As JSON,
/// `{"revision":5,"pinned":false,"aliases":{"champion":3}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SlotState {
    /// The revision that is served, if the model is trained.
    pub revision: Option<u64>,
    /// Whether it goes on being served when others are trained.
    pub pinned: bool,
    /// Which revision each alias stands for.
    pub aliases: Aliases,
}

/// What a change has changed. Asking for what is so already is no error, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The state before.
    pub before: SlotState,
    /// The state now.
    pub after: SlotState,
}

/// Why a change was not made. What was served before still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// There is no such model.
    #[error("expected one of {}, got {name}", known.join(", "))]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The models that there are.
        known: Vec<String>,
    },
    /// The model is not trained yet: there is no revision.
    #[error("{name} is not trained yet")]
    NotTrained {
        /// The model.
        name: String,
    },
    /// There is no such revision, or none any more.
    #[error("{name} has no revision {revision}: {}", kept(kept_revisions))]
    UnknownRevision {
        /// The model.
        name: String,
        /// What was asked for.
        revision: u64,
        /// The revisions that there are, ascending.
        kept_revisions: Vec<u64>,
    },
    /// The alias stands for no revision of the model.
    #[error("{name} has no {alias}")]
    UnsetAlias {
        /// The model.
        name: String,
        /// The alias.
        alias: Alias,
    },
    /// There is nothing to roll back to.
    #[error("{name}: there is no sound revision before {revision}")]
    NoEarlier {
        /// The model.
        name: String,
        /// The revision that is served.
        revision: u64,
    },
    /// The model is pinned to another revision.
    #[error("{name} is pinned to revision {revision}; unpin it first")]
    Pinned {
        /// The model.
        name: String,
        /// The revision that it is pinned to.
        revision: u64,
    },
    /// A share of the requests that is none.
    #[error("share: expected 0 to 1, got {share}")]
    WrongShare {
        /// What was asked for.
        share: f64,
    },
    /// The folder cannot be read or written, or the revision that was asked for is damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn kept(revisions: &[u64]) -> String {
    match revisions {
        [] => "none is kept".to_owned(),
        _ => {
            let numbers: Vec<String> = revisions.iter().map(u64::to_string).collect();
            format!("kept are {}", numbers.join(", "))
        }
    }
}
