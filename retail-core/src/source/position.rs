use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a record stands in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The partition; 0 in sources with only one.
    pub partition: u32,
    /// In which of several files, or sheets, of the partition it is, counted from 0.
    pub part: u32,
    /// The number of records before this one in its partition.
    pub offset: u64,
    /// The line of that file, or the row of that sheet, on which the record starts, counted from 1, if
    /// the source has lines.
    pub line: Option<u64>,
}

/// The offset of the next record to read, per partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(BTreeMap<u32, u64>);

impl<const N: usize> From<[(u32, u64); N]> for Position {
    /// Partitions, each with the offset of its next record.
    fn from(offsets: [(u32, u64); N]) -> Self {
        Self(offsets.into())
    }
}

impl Position {
    /// The offset of the next record of `partition`; 0 if none of it has been read.
    #[must_use]
    pub fn next_offset(&self, partition: u32) -> u64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    /// Notes that the record at `origin` has been read.
    pub fn advance(&mut self, origin: &Origin) {
        match self.0.get_mut(&origin.partition) {
            Some(next) => *next = origin.offset + 1,
            None => self.set(origin.partition, origin.offset + 1),
        }
    }

    /// Makes `offset` the next one of `partition`.
    pub fn set(&mut self, partition: u32, offset: u64) {
        self.0.insert(partition, offset);
    }

    /// Every partition with its next offset, in order of partitions.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.0
            .iter()
            .map(|(&partition, &offset)| (partition, offset))
    }
}
