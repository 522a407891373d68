//! Who answers the requests to a model besides it, and the file that says so.
//!
//! The registry keeps the plan and the revisions that it names; whoever serves the models carries it out. The
//! file is one line of JSON with a checksum of its own, beside the one with the aliases. A folder without it
//! has no plan.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::{ChangeError, Registry, RevisionRef};
use crate::error::StorageError;
use crate::storage::{self, DataMode, line};

/// The name of the file.
pub(super) const TRAFFIC: &str = "traffic";

/// What can be done about a damaged one.
pub(super) const ADVICE: &str = "remove this file, and set the plan again";

/// Who answers the requests to a model besides it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficPlan {
    /// Who takes a share of the requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<TrafficSplit>,
    /// Whose answers are compared and never sent.
    pub shadows: Vec<ContenderRef>,
}

/// A share of the requests to a model that somebody else answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficSplit {
    /// Who answers them.
    pub to: ContenderRef,
    /// The share of keys, from 0 to 1, both included.
    pub share: f64,
    /// The name of the header that has the key.
    pub header: String,
}

/// Somebody who can answer in the place of a model, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContenderRef {
    /// A revision of the same model.
    Revision(u64),
    /// The revision of the same model that has this name, at any time.
    Alias(Alias),
    /// Another version of the same target, in the revision that is served.
    Version(u32),
}

impl ContenderRef {
    /// The revision of the model that is meant; none if it is another version.
    #[must_use]
    pub fn revision(self) -> Option<RevisionRef> {
        match self {
            Self::Revision(revision) => Some(revision.into()),
            Self::Alias(alias) => Some(alias.into()),
            Self::Version(_) => None,
        }
    }
}

impl fmt::Display for ContenderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(revision) => write!(f, "revision {revision}"),
            Self::Alias(alias) => write!(f, "{alias}"),
            Self::Version(version) => write!(f, "v{version}"),
        }
    }
}

impl TrafficPlan {
    /// Whether nobody else answers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.split.is_none() && self.shadows.is_empty()
    }

    /// The revisions that it names by their numbers.
    pub(super) fn revisions(&self) -> impl Iterator<Item = u64> {
        let split = self.split.iter().map(|split| split.to);
        split
            .chain(self.shadows.iter().copied())
            .filter_map(|contender| match contender {
                ContenderRef::Revision(revision) => Some(revision),
                _ => None,
            })
    }

    fn check(self) -> Result<Self, String> {
        match &self.split {
            Some(split) if !(0.0..=1.0).contains(&split.share) => {
                Err(format!("share: expected 0 to 1, got {}", split.share))
            }
            _ => Ok(self),
        }
    }
}

impl Registry {
    /// Who answers the requests to a model besides it, as its folder says now. Without a folder, and for a model
    /// that has no plan, the plan is empty.
    ///
    /// # Errors
    /// [`ChangeError::UnknownModel`], and [`ChangeError::Storage`] if the file is damaged or cannot be read.
    pub fn traffic(&self, name: &str) -> Result<TrafficPlan, ChangeError> {
        let slot = self.slot(name)?;
        Ok(match self.folder(&slot) {
            Some(folder) => folder.traffic()?,
            None => TrafficPlan::default(),
        })
    }

    /// Keeps a plan in the folder of a model, in the place of an earlier one or of a damaged file. The revisions
    /// that it names by their numbers are kept as long as it does. Whether it survives a restart: without a
    /// folder, only an empty plan does.
    ///
    /// ```
    /// use retail_core::engine::{Engine, EngineConfig};
    /// use retail_core::registry::{ContenderRef, TrafficPlan, TrafficSplit};
    /// use retail_core::source::SyntheticSource;
    ///
    /// let dir = tempfile::tempdir()?;
    /// let mut engine = Engine::builder(EngineConfig::default())?.dir(dir.path()).open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?))?;
    ///
    /// let plan = TrafficPlan {
    ///     split: Some(TrafficSplit {
    ///         to: ContenderRef::Version(2),
    ///         share: 0.1,
    ///         header: "x-customer-id".to_owned(),
    ///     }),
    ///     shadows: vec![ContenderRef::Revision(1)],
    /// };
    /// let registry = engine.registry();
    /// assert!(registry.set_traffic("linear_model_1", &plan)?);
    /// assert_eq!(registry.traffic("linear_model_1")?, plan);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ChangeError::UnknownRevision`] if it names a revision that is not there; [`ChangeError::WrongShare`],
    /// [`ChangeError::UnknownModel`] and [`ChangeError::Storage`].
    pub fn set_traffic(&self, name: &str, plan: &TrafficPlan) -> Result<bool, ChangeError> {
        let _writing = self.lock();
        let slot = self.slot(name)?;
        if let Some(split) = &plan.split
            && !(0.0..=1.0).contains(&split.share)
        {
            let share = split.share;
            return Err(ChangeError::WrongShare { share });
        }
        let kept_revisions = self.kept(&slot)?;
        if let Some(revision) = plan.revisions().find(|it| !kept_revisions.contains(it)) {
            return Err(ChangeError::UnknownRevision {
                name: name.to_owned(),
                revision,
                kept_revisions,
            });
        }
        let Some(folder) = self.folder(&slot) else {
            return Ok(plan.is_empty());
        };
        // A damaged file differs from any plan.
        if folder.traffic().ok().as_ref() != Some(plan) {
            folder.set_traffic(plan, self.options.mode)?;
        }
        Ok(true)
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(TRAFFIC)
}

/// The plan in this folder; an empty one if there is no file.
pub(super) fn read(folder: &Path) -> Result<TrafficPlan, StorageError> {
    let path = path(folder);
    let Some(bytes) = storage::read_if_present(&path)? else {
        return Ok(TrafficPlan::default());
    };
    let parsed = line::open(&bytes).and_then(|object| line::parse(&object));
    let checked = parsed.and_then(TrafficPlan::check);
    checked.map_err(|detail| StorageError::Corrupt {
        path,
        detail: format!("{detail}; {ADVICE}"),
    })
}

/// Makes this the plan of the folder, which is made if it is not there.
pub(super) fn write(folder: &Path, plan: &TrafficPlan, mode: DataMode) -> Result<(), StorageError> {
    let mut bytes = Vec::new();
    line::encode(plan, &mut bytes);
    storage::create_dir(folder, mode)?;
    storage::write_atomically(&path(folder), &bytes, mode)
}

/// It names a revision that is not there.
pub(super) fn dangling(folder: &Path, revision: u64) -> StorageError {
    StorageError::Corrupt {
        path: path(folder),
        detail: format!("it names revision {revision}, which is not there; set the plan again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> TrafficPlan {
        TrafficPlan {
            split: Some(TrafficSplit {
                to: ContenderRef::Alias(Alias::Candidate),
                share: 0.1,
                header: "x-customer-id".to_owned(),
            }),
            shadows: vec![ContenderRef::Revision(u64::MAX), ContenderRef::Version(2)],
        }
    }

    #[test]
    fn what_was_written_is_read_and_any_change_of_it_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), TrafficPlan::default());
        let folder = dir.path().join("model");
        for plan in [TrafficPlan::default(), plan()] {
            write(&folder, &plan, DataMode::default()).unwrap();
            assert_eq!(read(&folder).unwrap(), plan);
        }
        let sound = std::fs::read(path(&folder)).unwrap();
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut changed = sound.clone();
                changed[at] ^= 1 << bit;
                std::fs::write(path(&folder), &changed).unwrap();
                let said = read(&folder).unwrap_err().to_string();
                assert!(said.ends_with(ADVICE), "bit {bit} of byte {at}: {said}");
            }
            std::fs::write(path(&folder), &sound[..at]).unwrap();
            read(&folder).unwrap_err();
        }
    }

    #[test]
    fn the_form_on_disk_stays_as_it_is() {
        let mut bytes = Vec::new();
        line::encode(&plan(), &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let object = concat!(
            r#"{"split":{"to":{"alias":"candidate"},"share":0.1,"header":"x-customer-id"},"#,
            r#""shadows":[{"revision":18446744073709551615},{"version":2}],"line_crc32":""#,
        );
        assert!(text.starts_with(object), "{text}");
    }

    #[test]
    fn a_share_that_is_none_is_damage_even_with_a_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let mut plan = plan();
        for share in [-0.1, 1.1] {
            plan.split.as_mut().unwrap().share = share;
            write(dir.path(), &plan, DataMode::default()).unwrap();
            let said = read(dir.path()).unwrap_err().to_string();
            assert!(
                said.contains(&format!("share: expected 0 to 1, got {share}")),
                "{said}"
            );
        }
    }
}
