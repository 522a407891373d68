//! The revisions of a model that are kept.

use std::io::ErrorKind;
use std::sync::Arc;

use super::slot::Slot;
use super::{ChangeError, Registry, RevisionRef, Served};
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

    /// Reads a revision, for those who want to ask it beside the one that is served.
    ///
    /// # Errors
    /// [`ChangeError::UnknownRevision`] if it is not there, or not any more;
    /// [`ChangeError::UnsetAlias`], [`ChangeError::UnknownModel`]; [`ChangeError::Storage`] if it is
    /// damaged.
    pub fn load(
        &self,
        name: &str,
        revision: impl Into<RevisionRef>,
    ) -> Result<Arc<Served>, ChangeError> {
        let slot = self.slot(name)?;
        let revision = slot.number(revision.into())?;
        if let Some(served) = slot.current.load_full()
            && served.revision == revision
        {
            return Ok(served);
        }
        let unknown = |kept_revisions| ChangeError::UnknownRevision {
            name: name.to_owned(),
            revision,
            kept_revisions,
        };
        let Some(folder) = self.folder(&slot) else {
            return Err(unknown(self.kept(&slot)?));
        };
        match folder.load(revision, &self.options.formats) {
            Ok(loaded) => Ok(Arc::new(loaded)),
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
