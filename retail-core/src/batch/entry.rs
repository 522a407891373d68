use serde::{Deserialize, Serialize};

use super::CloseReason;
use crate::clean::RejectCounts;
use crate::source::{Position, SourceId};
use crate::time::Timestamp;

pub(super) const FORMAT: &str = "retail-manifest";
pub(super) const FORMAT_VERSION: u32 = 1;

/// The first line of a manifest: whose batches it lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestHeader {
    pub(super) format: String,
    pub(super) format_version: u32,
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
    /// The CRC-32 of its rejected records in that file, in hexadecimal.
    pub rejects_crc32: String,
}
