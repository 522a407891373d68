//! What of the listed batches is there after a crash.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use super::BatchEntry;
use super::listed::Listed;
use crate::error::StorageError;
use crate::storage::{self, checksum};

/// Whether these are the bytes of a batch file.
pub(super) fn check(entry: &BatchEntry, bytes: &[u8]) -> Result<(), String> {
    let sum = checksum(bytes);
    if bytes.len() as u64 == entry.bytes && sum == entry.crc32 {
        Ok(())
    } else {
        Err(format!(
            "expected {} bytes with checksum {}, got {} with {sum}",
            entry.bytes,
            entry.crc32,
            bytes.len()
        ))
    }
}

/// How many batches are there as the manifest says: all that had reached the disk, and of those
/// behind them as many as are whole. Without the rejects file, those are whole whose rows are: its
/// name had reached the disk before any batch, so someone has removed it.
///
/// # Errors
/// [`StorageError::Corrupt`] if the rejected records of a batch that had reached the disk are not
/// those that were written.
pub(super) fn whole_batches(
    dir: &Path,
    rejects: &Path,
    listed: &Listed,
) -> Result<usize, StorageError> {
    let mut spans = Spans::open(rejects)?;
    for (index, entry) in listed.entries.iter().enumerate() {
        // What comes before was in a file that is not there any more.
        if listed
            .restarted_after
            .is_some_and(|batch| entry.batch <= batch)
        {
            continue;
        }
        let start = listed.rejects_bytes(index);
        let has_rejects = match &mut spans {
            Some(spans) => spans.has(start, entry)?,
            None => true,
        };
        let is_synced = (index as u64) < listed.synced;
        if is_synced {
            if !has_rejects {
                return Err(StorageError::Corrupt {
                    path: rejects.to_owned(),
                    detail: format!(
                        "bytes {start} to {} are not the rejected records of batch {}; remove it to \
                         begin it again",
                        entry.rejects_bytes, entry.batch
                    ),
                });
            }
            continue;
        }
        let has_rows = match &entry.file {
            Some(name) => storage::read_if_present(&dir.join(name))?
                .is_some_and(|bytes| check(entry, &bytes).is_ok()),
            None => true,
        };
        if !has_rejects || !has_rows {
            tracing::warn!(
                "batch {} was not on the disk yet when the system went down; reading it again",
                entry.batch
            );
            return Ok(index);
        }
    }
    Ok(listed.entries.len())
}

/// The rejects file, read from its beginning to its end.
pub(super) struct Spans<'a> {
    path: &'a Path,
    file: BufReader<File>,
    at: u64,
    pub(super) len: u64,
    bytes: Vec<u8>,
}

impl<'a> Spans<'a> {
    /// The file; `None` if there is none.
    pub(super) fn open(path: &'a Path) -> Result<Option<Self>, StorageError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StorageError::io("open", path)(error)),
        };
        let metadata = file.metadata().map_err(StorageError::io("read", path))?;
        Ok(Some(Self {
            path,
            file: BufReader::with_capacity(1 << 16, file),
            at: 0,
            len: metadata.len(),
            bytes: Vec::new(),
        }))
    }

    /// Whether the rejected records of a batch, which begin at `start`, are there.
    pub(super) fn has(&mut self, start: u64, entry: &BatchEntry) -> Result<bool, StorageError> {
        let end = entry.rejects_bytes;
        if start < self.at || end < start || end > self.len {
            return Ok(false);
        }
        self.read(start - self.at)?;
        self.read(end - start)?;
        Ok(checksum(&self.bytes) == entry.rejects_crc32)
    }

    fn read(&mut self, len: u64) -> Result<(), StorageError> {
        self.bytes.clear();
        Read::by_ref(&mut self.file)
            .take(len)
            .read_to_end(&mut self.bytes)
            .map_err(StorageError::io("read", self.path))?;
        self.at += len;
        Ok(())
    }
}
