use std::path::Path;

use super::manifest::Manifest;
use super::rejects::RejectsFile;
use super::unsynced::Unsynced;
use crate::error::StorageError;
use crate::storage::{self, DataMode};

/// Begins the file of rejected records again, after it was removed.
pub(super) fn restart(
    path: &Path,
    through: u64,
    batches: &Path,
    unsynced: &mut Unsynced,
    manifest: &mut Manifest,
    mode: DataMode,
) -> Result<RejectsFile, StorageError> {
    tracing::warn!(
        "{} is missing; it is started again after batch {through}",
        path.display()
    );
    // No batch up to here may be forgotten any more, and then be looked for in the new file by its
    // place in the old one.
    unsynced.sync()?;
    storage::sync_dir(batches)?;
    manifest.restart_rejects(through)?;
    RejectsFile::create(path, mode)
}
