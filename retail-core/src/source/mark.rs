use serde::{Deserialize, Serialize};

use super::Position;

/// What a source read up to some place, in a form that can be compared later: by then, other content
/// may be there under the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Bytes before the place, of a file's text: of what a compressed file holds, or a workbook as CSV. 0 in a
    /// source that has no text.
    pub bytes: u64,
    /// The line that begins there, counted from 1.
    pub line: u64,
    /// The CRC-32 of the bytes before it, in hexadecimal. In a source that has no text, of the records since
    /// the mark before.
    pub crc32: String,
    /// Whether the record before it is provisional: its line has no end yet, so whoever writes the
    /// file may not have written all of it. A store goes back to the place before that batch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// In which of several files, or sheets, it is, counted from 0. The checksum is then also of the
    /// content of those before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u32,
    /// The records of the files before that one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: u64,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// A place in a source up to which records have been saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The offsets of the next records.
    pub position: Position,
    /// What was read up to there, if the source can tell.
    pub mark: Option<Mark>,
}
