use std::fs;
use std::io::Cursor;
use std::path::Path;

use super::BatchEntry;
use super::recovery::check;
use crate::error::StorageError;
use crate::record::Transactions;
use crate::source::{CsvSource, Incoming, Origin, Source};

/// Reads the rows of a saved batch, whose file is in the folder `dir`.
///
/// # Errors
/// [`StorageError`] if the file is missing, or is not what was saved.
pub(super) fn load(dir: &Path, entry: &BatchEntry) -> Result<Transactions, StorageError> {
    let mut rows = Transactions::new();
    let Some(name) = &entry.file else {
        return Ok(rows);
    };
    let path = dir.join(name);
    let corrupt = |detail: String| StorageError::Corrupt {
        path: path.clone(),
        detail,
    };
    let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
    check(entry, &bytes).map_err(corrupt)?;
    let mut refused = 0_u64;
    let mut sink = |_: Origin, record: &Incoming<'_>| {
        match record {
            Ok(row) => rows.push(row),
            Err(_) => refused += 1,
        }
        std::ops::ControlFlow::Continue(())
    };
    // The very bytes that were checked, not what the file holds by now.
    CsvSource::of_batch(Cursor::new(bytes), &path)
        .and_then(|mut source| source.read(&mut sink))
        .map_err(|error| corrupt(error.to_string()))?;
    if refused > 0 || rows.len() as u64 != entry.rows {
        return Err(corrupt(format!(
            "expected {} readable rows, got {}",
            entry.rows,
            rows.len()
        )));
    }
    Ok(rows)
}
