use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use crate::error::StorageError;
use crate::record::Transactions;
use crate::source::{CsvSource, Incoming, Origin, Source};

/// The rows in the bytes of a CSV file.
pub(super) fn decode(path: &Path, bytes: Vec<u8>) -> Result<Transactions, StorageError> {
    let corrupt = |detail| StorageError::Corrupt {
        path: path.to_owned(),
        detail,
    };
    let mut rows = Transactions::new();
    let mut refused = None;
    let mut sink = |origin: Origin, record: &Incoming<'_>| {
        match record {
            Ok(row) => rows.push(row),
            Err(reason) => {
                let line = origin.line.unwrap_or_default();
                refused.get_or_insert_with(|| format!("line {line}: {reason}"));
            }
        }
        ControlFlow::Continue(())
    };
    CsvSource::of_batch(Cursor::new(bytes), path)
        .and_then(|mut source| source.read(&mut sink))
        .map_err(|error| corrupt(error.to_string()))?;
    refused.map_or(Ok(rows), |detail| Err(corrupt(detail)))
}
