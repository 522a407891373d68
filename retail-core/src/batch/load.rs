use std::fs;
use std::path::Path;

use super::BatchEntry;
use super::format::decode;
use super::recovery::check;
use crate::error::StorageError;
use crate::record::Transactions;

/// Reads the rows of a saved batch, whose file is in the folder `dir`.
///
/// # Errors
/// [`StorageError`] if the file is missing, or is not what was saved.
pub(super) fn load(dir: &Path, entry: &BatchEntry) -> Result<Transactions, StorageError> {
    let Some(name) = &entry.file else {
        return Ok(Transactions::new());
    };
    let path = dir.join(name);
    let corrupt = |detail: String| StorageError::Corrupt {
        path: path.clone(),
        detail,
    };
    let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
    check(entry, &bytes).map_err(corrupt)?;
    // The very bytes that were checked, not what the file holds by now.
    let rows = decode(&path, bytes)?;
    if rows.len() as u64 != entry.rows {
        return Err(corrupt(format!(
            "expected {} rows, got {}",
            entry.rows,
            rows.len()
        )));
    }
    Ok(rows)
}
