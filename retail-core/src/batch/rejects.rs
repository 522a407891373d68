use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::encode::text;
use super::numbers::whole;
use crate::clean::Rejection;
use crate::error::StorageError;
use crate::fail_point;
use crate::storage;

pub(super) const HEADER: &[u8] = b"line,partition,offset,reason,detail\n";

/// The file of rejected records, as CSV: which one, and why.
#[derive(Debug)]
pub(super) struct RejectsFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl RejectsFile {
    /// Begins the file anew. Its name is durable when this returns, so that no crash removes it.
    pub(super) fn create(path: &Path) -> Result<Self, StorageError> {
        storage::write_atomically(path, HEADER)?;
        Self::open(path, HEADER.len() as u64)
    }

    /// Opens the file and cuts it to `len` bytes, what the manifest knows of.
    pub(super) fn open(path: &Path, len: u64) -> Result<Self, StorageError> {
        let mut file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(StorageError::io("open", path))?;
        let present = file
            .metadata()
            .map_err(StorageError::io("read", path))?
            .len();
        if present < len {
            return Err(StorageError::Corrupt {
                path: path.to_owned(),
                detail: format!(
                    "expected at least {len} bytes, got {present}; remove it to begin it anew"
                ),
            });
        }
        file.set_len(len)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(StorageError::io("truncate", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            len,
        })
    }

    /// The length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        storage::write_all(&mut self.file, bytes, "rejects half written")
            .map_err(StorageError::io("write", &self.path))?;
        self.len += bytes.len() as u64;
        fail_point::pass("rejects written");
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), StorageError> {
        self.file
            .sync_data()
            .map_err(StorageError::io("sync", &self.path))?;
        fail_point::pass("rejects synced");
        Ok(())
    }
}

/// Appends a rejected record as a row of the file.
pub(super) fn encode(rejection: &Rejection, out: &mut Vec<u8>) {
    if let Some(line) = rejection.line {
        whole(line, out);
    }
    out.push(b',');
    whole(u64::from(rejection.partition), out);
    out.push(b',');
    whole(rejection.offset, out);
    out.push(b',');
    out.extend_from_slice(rejection.reason.key().as_bytes());
    out.push(b',');
    text(&rejection.reason.to_string(), out);
    out.push(b'\n');
}
