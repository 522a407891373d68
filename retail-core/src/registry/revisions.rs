//! The revisions of a model that are kept, and what each of them is.

use std::io::ErrorKind;

use super::slot::Slot;
use super::{ChangeError, ModelInfo, Registry, Served};
use crate::error::StorageError;

impl Registry {
    /// The revisions of a model that can be promoted, ascending: those on disk, or without a folder
    /// the one that is served. Some may be damaged.
    ///
    /// # Errors
    /// [`ChangeError::UnknownModel`], and [`ChangeError::Storage`] if the folder cannot be read.
    pub fn revisions(&self, name: &str) -> Result<Vec<u64>, ChangeError> {
        Ok(self.kept(&*self.slot(name)?)?)
    }

    /// What a revision is and where it comes from, from its file.
    ///
    /// # Errors
    /// [`ChangeError::UnknownRevision`] if it is not there, or not any more;
    /// [`ChangeError::UnknownModel`]; [`ChangeError::Storage`] if it is damaged.
    pub fn revision(&self, name: &str, revision: u64) -> Result<ModelInfo, ChangeError> {
        let slot = self.slot(name)?;
        if let Some(served) = slot.current.load_full()
            && served.revision == revision
        {
            return Ok(served.artefact.info.clone());
        }
        let unknown = |kept_revisions| ChangeError::UnknownRevision {
            name: name.to_owned(),
            revision,
            kept_revisions,
        };
        let Some(folder) = self.folder(&slot) else {
            return Err(unknown(self.revisions(name)?));
        };
        match folder.load(revision, &self.options.formats) {
            Ok(Served { artefact, .. }) => Ok(artefact.info),
            Err(StorageError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Err(unknown(folder.revisions()?))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn kept(&self, slot: &Slot) -> Result<Vec<u64>, StorageError> {
        match self.folder(slot) {
            Some(folder) => folder.revisions(),
            None => Ok(slot.current.load().iter().map(|it| it.revision).collect()),
        }
    }
}
