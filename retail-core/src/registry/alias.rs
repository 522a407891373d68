//! Names for revisions, and the file that says which revision each of them stands for.
//!
//! It is one line of JSON with a checksum of its own, beside the file that names the revision that is
//! served. A folder without it has no aliases.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::StorageError;
use crate::storage::{self, DataMode, line};

/// The name of the file.
pub(super) const ALIASES: &str = "aliases";

/// What can be done about a damaged one.
pub(super) const ADVICE: &str = "remove this file, and set the aliases again";

/// A name that a revision of a model can have, as in the registry of MLflow. It stays with its
/// revision until it is set to another one or removed, whatever is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alias {
    /// The revision that others have to surpass.
    Champion,
    /// The revision that may be served next.
    Candidate,
}

impl Alias {
    /// Every alias.
    pub const ALL: [Self; 2] = [Self::Champion, Self::Candidate];

    /// The name, for example `champion`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Candidate => "candidate",
        }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no [`Alias`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of champion, candidate, got {got:?}")]
pub struct AliasError {
    /// What was given.
    pub got: String,
}

impl FromStr for Alias {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        let mut all = Self::ALL.into_iter();
        all.find(|alias| alias.name() == text)
            .ok_or_else(|| AliasError {
                got: text.to_owned(),
            })
    }
}

/// Which revision each alias of a model stands for.
pub type Aliases = BTreeMap<Alias, u64>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    aliases: Aliases,
}

fn path(folder: &Path) -> PathBuf {
    folder.join(ALIASES)
}

/// The aliases in this folder; none if there is no file.
pub(super) fn read(folder: &Path) -> Result<Aliases, StorageError> {
    let path = path(folder);
    let Some(bytes) = storage::read_if_present(&path)? else {
        return Ok(Aliases::new());
    };
    let parsed = line::open(&bytes).and_then(|object| line::parse(&object));
    let File { aliases } = parsed.map_err(|detail| StorageError::Corrupt {
        path,
        detail: format!("{detail}; {ADVICE}"),
    })?;
    Ok(aliases)
}

/// Makes these the aliases of the folder.
pub(super) fn write(folder: &Path, aliases: &Aliases, mode: DataMode) -> Result<(), StorageError> {
    let mut bytes = Vec::new();
    let aliases = aliases.clone();
    line::encode(&File { aliases }, &mut bytes);
    storage::write_atomically(&path(folder), &bytes, mode)
}

/// One of them stands for a revision that is not there.
pub(super) fn dangling(folder: &Path, alias: Alias, revision: u64) -> StorageError {
    StorageError::Corrupt {
        path: path(folder),
        detail: format!(
            "it names revision {revision} as {alias}, which is not there; set the alias again, or \
             remove it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_any_change_of_it_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap().is_empty());
        for aliases in [
            Aliases::new(),
            Aliases::from([(Alias::Candidate, 7)]),
            Aliases::from([(Alias::Champion, u64::MAX), (Alias::Candidate, 1)]),
        ] {
            write(dir.path(), &aliases, DataMode::default()).unwrap();
            assert_eq!(read(dir.path()).unwrap(), aliases);
        }
        let sound = std::fs::read(path(dir.path())).unwrap();
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut changed = sound.clone();
                changed[at] ^= 1 << bit;
                std::fs::write(path(dir.path()), &changed).unwrap();
                let said = read(dir.path()).unwrap_err().to_string();
                assert!(said.ends_with(ADVICE), "bit {bit} of byte {at}: {said}");
            }
            std::fs::write(path(dir.path()), &sound[..at]).unwrap();
            read(dir.path()).unwrap_err();
        }
    }

    #[test]
    fn an_alias_is_read_as_it_is_written() {
        for alias in Alias::ALL {
            assert_eq!(alias.to_string().parse(), Ok(alias));
            let json = serde_json::to_string(&alias).unwrap();
            assert_eq!(json, format!("\"{alias}\""));
        }
        for other in ["", "Champion", "challenger", "champion "] {
            let said = other.parse::<Alias>().unwrap_err().to_string();
            assert!(said.ends_with(&format!("got {other:?}")), "{said}");
        }
    }
}
