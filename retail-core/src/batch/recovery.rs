//! What of the listed batches is there after a crash.

use std::path::Path;

use super::BatchEntry;
use super::manifest::Listed;
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
pub(super) fn whole_batches(
    dir: &Path,
    rejects: &Path,
    listed: &Listed,
) -> Result<usize, StorageError> {
    let synced = listed.synced as usize;
    let behind = &listed.entries[synced..];
    if behind.is_empty() {
        return Ok(synced);
    }
    let rejects = storage::read_if_present(rejects)?;
    let mut start = listed.rejects_bytes(synced);
    for (entry, number) in behind.iter().zip(synced..) {
        let end = entry.rejects_bytes;
        let has_rejects = rejects.as_ref().is_none_or(|rejects| {
            rejects
                .get(start as usize..end as usize)
                .is_some_and(|bytes| checksum(bytes) == entry.rejects_crc32)
        });
        let has_rows = match &entry.file {
            Some(name) => storage::read_if_present(&dir.join(name))?
                .is_some_and(|bytes| check(entry, &bytes).is_ok()),
            None => true,
        };
        if !has_rejects || !has_rows {
            tracing::warn!(
                "batch {} was not on the disk yet when the system went down; reading it again",
                number + 1
            );
            return Ok(number);
        }
        start = end;
    }
    Ok(listed.entries.len())
}
