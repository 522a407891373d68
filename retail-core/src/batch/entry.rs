use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CloseReason;
use crate::clean::RejectCounts;
use crate::source::{Mark, Place, Position, SourceId};
use crate::time::Timestamp;

pub(super) const FORMAT: &str = "retail-manifest";
pub(super) const FORMAT_VERSION: u32 = 3;

/// The first line of a manifest: whose batches it lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestHeader {
    pub(super) format: String,
    pub(super) format_version: u32,
    /// The stream that the batches come from.
    pub stream: SourceId,
    /// The name of its first part, for people: the path of a file, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_part: Option<String>,
    /// The settings that decide which rows are in which batch, by their keys in the configuration.
    /// `None` in manifests that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
}

impl ManifestHeader {
    /// The header for the batches of this stream, of which nothing else is known.
    #[must_use]
    pub fn new(stream: SourceId) -> Self {
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            stream,
            first_part: None,
            settings: None,
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
    /// What the source read up to there, if it can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Whether the source went elsewhere before it: otherwise it begins where the batch before ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub jumped: bool,
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

impl From<SourceId> for ManifestHeader {
    fn from(stream: SourceId) -> Self {
        Self::new(stream)
    }
}

impl BatchEntry {
    /// Where reading continues after it.
    pub(super) fn place(&self) -> Place {
        Place {
            position: self.to.clone(),
            mark: self.mark.clone(),
        }
    }

    /// Whether its last record may not have been written in full yet.
    pub(super) fn is_provisional(&self) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.provisional)
    }

    /// What is wrong with it as the batch that follows `before`, if anything is.
    pub(super) fn check_after(&self, before: Option<&Self>) -> Result<(), String> {
        let differ = |what: &str, expected: u64, got: u64| {
            (expected != got).then(|| format!("{what}: expected {expected}, got {got}"))
        };
        let span = self.to.iter().map(|(partition, to)| {
            let from = self.from.next_offset(partition);
            to.checked_sub(from)
        });
        let spanned = span
            .reduce(|sum, more| Some(sum?.saturating_add(more?)))
            .unwrap_or(Some(0));
        let wrong = differ(
            "batch",
            before.map_or(0, |b| b.batch).saturating_add(1),
            self.batch,
        )
        .or(differ(
            "first_row",
            before.map_or(0, |b| b.first_row.saturating_add(b.rows)),
            self.first_row,
        ))
        .or(differ(
            "read",
            self.rows.saturating_add(self.rejected.total()),
            self.read,
        ));
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if spanned.is_none_or(|spanned| spanned < self.read) {
            return Err(format!(
                "read: expected as many records as lie between from and to, got {}",
                self.read
            ));
        }
        match before {
            Some(before) if before.to != self.from && !self.jumped => {
                Err("from: expected where the batch before ends".to_owned())
            }
            _ => Ok(()),
        }
    }
}
