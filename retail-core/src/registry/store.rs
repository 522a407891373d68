use std::fs;
use std::path::{Path, PathBuf};

use super::{Artefact, Served};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage;
use crate::train::ModelFormats;

/// The folder of one slot: `revision_<n>.json` for each revision kept, and `current`, which names
/// the one that is served.
#[derive(Debug)]
pub(super) struct SlotFolder {
    dir: PathBuf,
}

const CURRENT: &str = "current";

impl SlotFolder {
    pub(super) fn new(models: &Path, name: &str) -> Self {
        Self {
            dir: models.join(name),
        }
    }

    pub(super) fn path(&self, revision: u64) -> PathBuf {
        self.dir.join(format!("revision_{revision}.json"))
    }

    /// The revisions on disk, ascending.
    pub(super) fn revisions(&self) -> Result<Vec<u64>, StorageError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StorageError::io("list", &self.dir)(error)),
        };
        let mut revisions = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StorageError::io("list", &self.dir))?;
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix("revision_"))
                .and_then(|rest| rest.strip_suffix(".json"))
                .and_then(|digits| digits.parse::<u64>().ok());
            revisions.extend(number);
        }
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// The revision that `current` names; the newest one where there is no such file.
    pub(super) fn current(&self) -> Result<Option<u64>, StorageError> {
        let path = self.dir.join(CURRENT);
        match storage::read_if_present(&path)? {
            Some(bytes) => std::str::from_utf8(&bytes)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .map(Some)
                .ok_or_else(|| StorageError::Corrupt {
                    path,
                    detail: "expected the number of a revision".into(),
                }),
            None => Ok(self.revisions()?.last().copied()),
        }
    }

    pub(super) fn load(
        &self,
        revision: u64,
        formats: &ModelFormats,
    ) -> Result<Served, StorageError> {
        let path = self.path(revision);
        let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
        let artefact = Artefact::decode(&bytes, &path, formats)?;
        Ok(Served { revision, artefact })
    }

    /// Writes a revision and makes it the current one.
    pub(super) fn save(&self, revision: u64, bytes: &[u8]) -> Result<(), StorageError> {
        storage::create_dir(&self.dir)?;
        storage::write_atomically(&self.path(revision), bytes)?;
        fail_point::pass("model saved");
        self.set_current(revision)
    }

    pub(super) fn set_current(&self, revision: u64) -> Result<(), StorageError> {
        storage::write_atomically(&self.dir.join(CURRENT), format!("{revision}\n").as_bytes())
    }

    /// Removes all but the newest `keep` revisions; never the current one.
    pub(super) fn prune(&self, keep: usize, current: u64) -> Result<(), StorageError> {
        let revisions = self.revisions()?;
        let old = revisions.len().saturating_sub(keep);
        for &revision in revisions[..old].iter().filter(|&&r| r != current) {
            let path = self.path(revision);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StorageError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
