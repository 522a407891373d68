//! What a process that was killed leaves half written in the folders of models.

use std::path::Path;

use super::alias::ALIASES;
use super::current::CURRENT;
use super::store::revision_of;
use super::traffic::TRAFFIC;
use crate::error::StorageError;
use crate::storage;

/// Removes it. Only for whoever alone writes there.
pub(crate) fn remove(models: &Path) -> Result<(), StorageError> {
    for entry in storage::entries(models)? {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            storage::remove_temporaries(&entry.path(), is_of_a_model)?;
        }
    }
    Ok(())
}

/// Whether a file of this name is one that is kept of a model.
pub(super) fn is_of_a_model(name: &str) -> bool {
    [CURRENT, ALIASES, TRAFFIC].contains(&name) || revision_of(name).is_some()
}
