//! Where records come from.
//!
//! A [`Source`] pushes records into a [`Sink`], borrowing them from its own buffer, so that the
//! way from bytes to columns needs no allocation per record.

mod csv;
mod digits;
mod fields;
mod json;
mod memory;
mod paced;
mod replay;
mod synthetic;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clean::RejectReason;
use crate::record::TransactionRef;
use crate::time::Timestamp;

pub use self::csv::CsvSource;
pub use self::json::{JsonDecoder, JsonEncoder};
pub use self::memory::MemorySource;
pub use self::paced::Paced;
pub use self::replay::Replay;
pub use self::synthetic::{SyntheticParams, SyntheticSource, SyntheticValidParams, write_csv};

/// Where one record stands in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The partition; sources with a single one use 0.
    pub partition: u32,
    /// The records before this one in its partition.
    pub offset: u64,
    /// The line of the file the record starts on, counted from 1, where the source has lines.
    pub line: Option<u64>,
}

/// The offset of the next record to read, per partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(BTreeMap<u32, u64>);

impl Position {
    /// The offset of the next record of `partition`; 0 where nothing of it has been read.
    #[must_use]
    pub fn next_offset(&self, partition: u32) -> u64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    /// Records that the record at `origin` has been taken.
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

    /// Every partition with its next offset.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.0
            .iter()
            .map(|(&partition, &offset)| (partition, offset))
    }
}

/// A record on its way from a source to a sink: readable, or the reason why not.
pub type Incoming<'a> = Result<TransactionRef<'a>, RejectReason>;

/// Takes the records that a source pushes.
pub trait Sink {
    /// Takes one record. `Break` asks the source to return; the record has been taken all the same.
    fn push(&mut self, origin: Origin, record: Incoming<'_>) -> ControlFlow<()>;

    /// Says that the next record of `partition` is the one at `offset`, because others read, or will
    /// read, what lies between. Nothing has to follow.
    fn jump(&mut self, partition: u32, offset: u64) {
        let _ = (partition, offset);
    }

    /// Asks that what has been pushed be saved, and not wait for more.
    fn flush(&mut self) {}

    /// Whether the texts of records are wanted; by default they are. Where they are not, a source
    /// need not read them, and may leave all of them empty but the invoice, which cleaning looks at.
    fn wants_text(&self) -> bool {
        true
    }
}

impl<F: FnMut(Origin, Incoming<'_>) -> ControlFlow<()>> Sink for F {
    fn push(&mut self, origin: Origin, record: Incoming<'_>) -> ControlFlow<()> {
        self(origin, record)
    }
}

/// Why a source returned from [`Source::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStatus {
    /// The sink asked to stop; there may be more records.
    Paused,
    /// No record is available at the moment; there may be some later.
    Idle,
    /// The source is exhausted.
    End,
}

/// What distinguishes one stream from another, so that saved state is not continued with a
/// different stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub BTreeMap<String, String>);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{key} {value}")?;
        }
        Ok(())
    }
}

/// How far a source has been read, for progress displays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What a unit is: `bytes` or `records`.
    pub unit: &'static str,
}

/// A stream of records that can be read from a position on.
pub trait Source: Send {
    /// What distinguishes this stream from others.
    fn id(&self) -> SourceId;

    /// Whether this is the continuation of the stream that `saved` names. By default: same id.
    ///
    /// # Errors
    /// Where the source cannot be looked at.
    fn continues(&self, saved: &SourceId) -> Result<bool, SourceError> {
        Ok(self.id() == *saved)
    }

    /// Makes `position` the place to read from.
    ///
    /// # Errors
    /// [`SourceError::PositionBeyondEnd`] where the source has fewer records, or what the medium says.
    fn seek(&mut self, position: &Position) -> Result<(), SourceError>;

    /// Pushes records into `sink` until it asks to stop, nothing is available, or the source ends.
    ///
    /// # Errors
    /// What the medium says. Records that cannot be understood are not errors: they are pushed
    /// with their reason.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError>;

    /// Takes note that everything up to `position` has been saved. Called between reads whenever more
    /// has been, and once more after the last batch; so a source that shares its records with others,
    /// or has to acknowledge them, learns when it may.
    ///
    /// # Errors
    /// What the medium says.
    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        let _ = position;
        Ok(())
    }

    /// How far the source has been read.
    fn progress(&self) -> Progress;

    /// Stream time at this moment, where the source knows it without a record; so that batches can
    /// grow old while nothing arrives.
    fn stream_now(&self) -> Option<Timestamp> {
        None
    }
}

/// A source that cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file could not be opened or read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The first line of a file does not name the needed columns.
    #[error(
        "{path}: line 1 is not the expected header: missing {missing}; expected columns \
         Invoice|InvoiceNo, StockCode, Description, Quantity, InvoiceDate, Price|UnitPrice, \
         Customer ID|CustomerID, Country; got {got}",
        path = path.display(), missing = missing.join(", ")
    )]
    Header {
        /// Which file.
        path: PathBuf,
        /// The columns that are missing, by their accepted names.
        missing: Vec<String>,
        /// The line, shortened.
        got: String,
    },
    /// The header names one column twice.
    #[error("{path}: line 1 names the column {column} twice", path = path.display())]
    DuplicateColumn {
        /// Which file.
        path: PathBuf,
        /// The column's accepted name.
        column: String,
    },
    /// A saved position lies beyond the end: the source is shorter than when it was saved.
    #[error("the source has {got} records, but {expected} of it were read before: it has shrunk")]
    PositionBeyondEnd {
        /// Records read before.
        expected: u64,
        /// Records there are.
        got: u64,
    },
    /// A parameter of the source is out of range.
    #[error("{parameter}: expected {expected}, got {got}")]
    Parameter {
        /// Which parameter.
        parameter: &'static str,
        /// What is legal.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// An adapter's own error; `retryable` says whether trying again can help.
    #[error("{message}")]
    Adapter {
        /// What happened, in one line.
        message: String,
        /// Whether trying again can help.
        retryable: bool,
    },
}
