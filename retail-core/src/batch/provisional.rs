use std::path::Path;

use super::BatchEntry;
use super::manifest::Manifest;
use super::next::Next;
use super::rejects::{HEADER, RejectsFile};
use crate::error::StorageError;
use crate::storage;

/// A batch that will be read again, because its last record may not have been whole.
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) entry: BatchEntry,
    /// Where its line begins.
    pub(super) start: u64,
    /// Whether the rejects file was started again after it.
    pub(super) rejects_restarted: bool,
}

impl Provisional {
    /// Removes the batch from the folder `dir` and from the manifest, and its rejected records, so
    /// that `next` follows on the batch before it.
    pub(super) fn remove(
        &self,
        dir: &Path,
        next: &Next,
        manifest: &mut Manifest,
        rejects: Option<&mut RejectsFile>,
    ) -> Result<(), StorageError> {
        // In this order: what is listed is there at any moment.
        manifest.cut(self.start)?;
        if self.rejects_restarted {
            manifest.restart_rejects(next.batches)?;
        }
        if let Some(rejects) = rejects {
            rejects.cut(next.rejects_bytes.max(HEADER.len() as u64))?;
        }
        match &self.entry.file {
            Some(name) => storage::remove_if_present(&dir.join(name)),
            None => Ok(()),
        }
    }
}
