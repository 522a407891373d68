use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CloseReason;
use crate::clean::RejectCounts;
use crate::error::StorageError;
use crate::source::{Position, SourceId};
use crate::storage;
use crate::time::Timestamp;

const FORMAT: &str = "retail-manifest";
const FORMAT_VERSION: u32 = 1;

/// The first line of a manifest: whose batches it lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestHeader {
    format: String,
    format_version: u32,
    /// The stream that the batches come from.
    pub stream: SourceId,
}

impl ManifestHeader {
    /// The header for the batches of this stream.
    #[must_use]
    pub fn new(stream: SourceId) -> Self {
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            stream,
        }
    }
}

/// One line of a manifest: a saved batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchEntry {
    /// The number of the batch, from 1 without gaps.
    pub batch: u64,
    /// The name of its file; `None` for a batch without kept rows.
    pub file: Option<String>,
    /// Its kept rows.
    pub rows: u64,
    /// Kept rows of the stream before it.
    pub first_row: u64,
    /// Records read for it: kept plus rejected.
    pub read: u64,
    /// The rejected ones, by reason.
    pub rejected: RejectCounts,
    /// Source positions before it.
    pub from: Position,
    /// Source positions after it: where reading continues.
    pub to: Position,
    /// Stream times of its first readable record and of its latest one, kept or not.
    pub stream_time: Option<[Timestamp; 2]>,
    /// The latest event time of its rows and of those before it.
    pub watermark: Option<Timestamp>,
    /// Why it was closed.
    pub closed_by: CloseReason,
    /// The length of its file.
    pub bytes: u64,
    /// The CRC-32 of its file, in hexadecimal.
    pub crc32: String,
    /// The length of the rejects file with its rejected records.
    pub rejects_bytes: u64,
}

/// The list of saved batches, one line of JSON each, appended to and synced.
#[derive(Debug)]
pub(super) struct Manifest {
    path: PathBuf,
    file: File,
    header: Option<ManifestHeader>,
}

impl Manifest {
    /// Opens the manifest, or creates it empty. A last line that was cut short by a crash is
    /// removed: its batch had not been saved.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<BatchEntry>), StorageError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        let whole = bytes
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let mut header = None;
        let mut entries = Vec::new();
        let mut sound = 0;
        for (number, line) in bytes[..whole].split_inclusive(|&b| b == b'\n').enumerate() {
            match read_line(line, number, &mut header, &mut entries) {
                Ok(()) => sound += line.len(),
                Err(LineError::Damaged(_)) if sound + line.len() == whole => break,
                Err(LineError::Damaged(detail)) => {
                    return Err(StorageError::Corrupt {
                        path: path.to_owned(),
                        detail: format!("line {}: {detail}", number + 1),
                    });
                }
                Err(LineError::Foreign(detail)) => {
                    return Err(StorageError::Foreign {
                        path: path.to_owned(),
                        detail,
                    });
                }
            }
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(StorageError::io("open", path))?;
        file.set_len(sound as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(StorageError::io("truncate", path))?;
        let manifest = Self {
            path: path.to_owned(),
            file,
            header,
        };
        Ok((manifest, entries))
    }

    /// The header, once there is one.
    pub(super) fn header(&self) -> Option<&ManifestHeader> {
        self.header.as_ref()
    }

    /// Writes the header of a new manifest.
    pub(super) fn begin(&mut self, header: ManifestHeader) -> Result<(), StorageError> {
        let mut line = json_line(&header);
        line.push(b'\n');
        self.write(&line)?;
        self.header = Some(header);
        Ok(())
    }

    /// Appends entries and syncs them: from here on their batches are saved.
    pub(super) fn append(&mut self, entries: &[BatchEntry]) -> Result<(), StorageError> {
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            lines.extend(json_line(entry));
            lines.push(b'\n');
        }
        self.write(&lines)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.file
            .write_all(bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(StorageError::io("write", &self.path))
    }
}

fn json_line(value: &impl Serialize) -> Vec<u8> {
    // These types have string keys and finite numbers only, so serialising them cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}

enum LineError {
    Damaged(String),
    Foreign(String),
}

fn read_line(
    line: &[u8],
    number: usize,
    header: &mut Option<ManifestHeader>,
    entries: &mut Vec<BatchEntry>,
) -> Result<(), LineError> {
    if number == 0 {
        let read: ManifestHeader =
            serde_json::from_slice(line).map_err(|e| LineError::Damaged(e.to_string()))?;
        if read.format != FORMAT || read.format_version != FORMAT_VERSION {
            return Err(LineError::Foreign(format!(
                "expected {FORMAT} version {FORMAT_VERSION}, got {} version {}",
                read.format, read.format_version
            )));
        }
        *header = Some(read);
        return Ok(());
    }
    let entry: BatchEntry =
        serde_json::from_slice(line).map_err(|e| LineError::Damaged(e.to_string()))?;
    if entry.batch != number as u64 {
        return Err(LineError::Damaged(format!(
            "expected batch {number}, got batch {}",
            entry.batch
        )));
    }
    entries.push(entry);
    Ok(())
}
