use std::error::Error;
use std::path::PathBuf;

use crate::time::DateOrder;

/// A source cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file could not be opened or read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The first line of a file does not name all required columns.
    #[error(
        "{path}: line 1 is not the expected header: missing {missing}; expected columns \
         Invoice|InvoiceNo, Quantity, InvoiceDate, Price|UnitPrice, Customer ID|CustomerID, and if there \
         are any StockCode, Description, Country; got {got}",
        path = path.display(), missing = missing.join(", ")
    )]
    Header {
        /// The file.
        path: PathBuf,
        /// The accepted names of each missing column.
        missing: Vec<String>,
        /// The line, shortened.
        got: String,
    },
    /// A file is of another format.
    #[error("{path}: expected a CSV with a header, got {got}", path = path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        got: &'static str,
    },
    /// The lines of a file end with carriage returns alone, as they did on the first Macintosh.
    #[error(
        "{path}: expected lines that end with LF or CRLF, got lines that end with CR only; convert \
         them, for example with tr '\\r' '\\n'",
        path = path.display()
    )]
    LineEnds {
        /// The file.
        path: PathBuf,
    },
    /// The header names one column twice.
    #[error("{path}: line 1 names the column {column} twice", path = path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The column's accepted names.
        column: String,
    },
    /// A date is in another order than those before it.
    #[error(
        "{path}: line {line}: the date {text} is not read {order}, as those before it are; name the \
         order of all dates with --date-format ymd, mdy or dmy (stream.date_format)",
        path = path.display()
    )]
    DateOrder {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The date.
        text: String,
        /// The order of the dates before it.
        order: DateOrder,
    },
    /// A saved position lies beyond the end: the source is shorter than when it was saved.
    #[error(
        "the source has {got} records, but {expected} of it were read before: it has shrunk; put back \
         what is missing to go on with it, or start again with --fresh, which keeps what has been saved \
         in the archive"
    )]
    PositionBeyondEnd {
        /// Records read before.
        expected: u64,
        /// Records the source has now.
        got: u64,
    },
    /// The source begins at another place of the stream than where the saved batches end, and has no
    /// records of before.
    #[error(
        "{expected} records of the stream are saved, and the source goes on with record {got}, counted \
         from 0; give it the records from record {expected} on, and say so (Engine::position)"
    )]
    OtherPosition {
        /// Records saved.
        expected: u64,
        /// The number of the next record of the source.
        got: u64,
    },
    /// Records that were saved are not those that the source has in their place.
    #[error(
        "records {first} to {last} of the source, counted from 0, are not those that were saved before; \
         if it holds the records that follow on those, say so with MemorySource::starting_at"
    )]
    OtherRecords {
        /// The first record of the first batch that differs.
        first: u64,
        /// Its last record.
        last: u64,
    },
    /// A file is not any more what it was when it was read.
    #[error(
        "{path}: lines {first} to {last} are not those that were read before: the file has changed; \
         put the earlier file back to go on with it, or start again with --fresh, which keeps what has \
         been saved in the archive",
        path = path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The first line of the first stretch that differs.
        first: u64,
        /// Its last line.
        last: u64,
    },
    /// A parameter of the source is out of range.
    #[error("{parameter}: expected {expected}, got {got}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// The legal values.
        expected: &'static str,
        /// The given value.
        got: String,
    },
    /// An adapter failed with an error of its own.
    #[error("{source}")]
    Adapter {
        /// The adapter's error; downcast it for its details.
        source: Box<dyn Error + Send + Sync>,
        /// Whether trying again can help.
        retryable: bool,
    },
}
