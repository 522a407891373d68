//! Rows of a batch as the bytes of a file, and back.

mod csv;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
mod without_parquet;

use std::path::Path;

use serde::{Deserialize, Serialize};

#[cfg(not(feature = "parquet"))]
use self::without_parquet as parquet;
use super::encode_csv;
use crate::error::StorageError;
use crate::record::Transactions;

/// In which form batches are saved.
///
/// Each batch keeps the form in which it was saved, which the end of its file's name tells: a store
/// opened with another form goes on with that one and reads both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFormat {
    /// CSV files with the columns of a stream record.
    #[default]
    Csv,
    /// Parquet files with the same columns, each a row group of its own, compressed with Snappy. It
    /// takes the cargo feature `parquet`.
    ///
    /// | column | type |
    /// |---|---|
    /// | `invoice`, `stock_code`, `description`, `country` | string |
    /// | `quantity` | 64-bit integer |
    /// | `price` | double |
    /// | `customer_id` | unsigned 64-bit integer, or null |
    /// | `invoice_date`, `timestamp` | timestamp in microseconds, local (without a time zone) |
    ///
    /// Equal rows have equal bytes, and are read back bit for bit.
    Parquet,
    /// Not at all: a restart begins the stream again.
    None,
}

impl BatchFormat {
    /// Whether this build can write it.
    #[must_use]
    pub const fn is_available(self) -> bool {
        match self {
            Self::Csv | Self::None => true,
            Self::Parquet => cfg!(feature = "parquet"),
        }
    }

    /// How the names of its files end.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => ".parquet",
            Self::Csv | Self::None => ".csv",
        }
    }

    /// How the names of files in the other format end.
    pub(super) const fn other_extension(self) -> &'static str {
        match self {
            Self::Parquet => Self::Csv.extension(),
            Self::Csv | Self::None => Self::Parquet.extension(),
        }
    }

    /// Appends the bytes of a file with these rows. `path` is for messages.
    pub(super) fn encode(
        self,
        rows: &Transactions,
        path: &Path,
        out: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        match self {
            Self::Csv => encode_csv(rows, out),
            Self::Parquet => parquet::encode(rows, path, out)?,
            Self::None => {}
        }
        Ok(())
    }
}

/// The rows in the bytes of a file, whose name tells the format.
pub(super) fn decode(path: &Path, bytes: Vec<u8>) -> Result<Transactions, StorageError> {
    let name = path.as_os_str().as_encoded_bytes();
    if name.ends_with(BatchFormat::Parquet.extension().as_bytes()) {
        parquet::decode(path, bytes)
    } else {
        csv::decode(path, bytes)
    }
}
