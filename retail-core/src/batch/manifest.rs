use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::listed::{Listed, Synced, parse};
use super::{BatchEntry, ManifestHeader};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage::{self, DataMode, line};

/// The name of the file in the folder of batches.
pub(super) const MANIFEST: &str = "manifest.jsonl";

/// The list of saved batches, one line of JSON with a checksum each, only ever appended to. Between
/// them stand lines that say up to which batch everything is known to be on the disk.
#[derive(Debug)]
pub(super) struct Manifest {
    path: PathBuf,
    file: File,
    header: Option<ManifestHeader>,
}

impl Manifest {
    /// Opens the manifest, or creates it empty. A last line that was not written in full before a
    /// crash is removed.
    pub(super) fn open(path: &Path, mode: DataMode) -> Result<(Self, Listed), StorageError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        let (header, listed, sound) = parse(&bytes, path)?;
        let mut file = storage::open_or_create(path, OpenOptions::new().write(true), mode)?;
        cut(&mut file, sound).map_err(StorageError::io("truncate", path))?;
        let manifest = Self {
            path: path.to_owned(),
            file,
            header,
        };
        Ok((manifest, listed))
    }

    /// The header, once there is one.
    pub(super) fn header(&self) -> Option<&ManifestHeader> {
        self.header.as_ref()
    }

    /// Writes the header of a new manifest, and syncs it.
    pub(super) fn begin(&mut self, header: ManifestHeader) -> Result<(), StorageError> {
        let mut line = Vec::new();
        line::encode(&header, &mut line);
        self.write(&line, true)?;
        self.header = Some(header);
        Ok(())
    }

    /// Appends entries. If they and all before them are on the disk, says so after those that are
    /// `due`, and syncs.
    pub(super) fn append(
        &mut self,
        entries: &[BatchEntry],
        synced: bool,
        due: impl Fn(u64) -> bool,
    ) -> Result<(), StorageError> {
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            line::encode(entry, &mut lines);
            if synced && due(entry.batch) {
                line::encode(&Synced::through(entry.batch), &mut lines);
            }
        }
        self.write(&lines, synced)
    }

    /// Says that all batches up to this one are on the disk, and syncs.
    pub(super) fn synced(&mut self, through: u64) -> Result<(), StorageError> {
        let mut line = Vec::new();
        line::encode(&Synced::through(through), &mut line);
        self.write(&line, true)
    }

    /// Says that all batches up to this one are on the disk and that the rejects file starts again
    /// after it, and syncs.
    pub(super) fn restart_rejects(&mut self, through: u64) -> Result<(), StorageError> {
        let mut line = Vec::new();
        let synced = Synced {
            rejects_restarted: true,
            ..Synced::through(through)
        };
        line::encode(&synced, &mut line);
        self.write(&line, true)
    }

    /// Removes what begins at this byte.
    pub(super) fn cut(&mut self, len: u64) -> Result<(), StorageError> {
        cut(&mut self.file, len).map_err(StorageError::io("truncate", &self.path))
    }

    fn write(&mut self, bytes: &[u8], sync: bool) -> Result<(), StorageError> {
        storage::write_all(&mut self.file, bytes, "manifest half written")
            .map_err(StorageError::io("write", &self.path))?;
        fail_point::pass("manifest written");
        if sync {
            self.file
                .sync_data()
                .map_err(StorageError::io("sync", &self.path))?;
            fail_point::pass("manifest synced");
        }
        Ok(())
    }
}

/// Shortens a file, and goes to its new end.
fn cut(file: &mut File, len: u64) -> std::io::Result<()> {
    file.set_len(len)?;
    file.seek(SeekFrom::Start(len)).map(|_| ())
}
