//! What stands in for Parquet in a build without it.

use std::path::Path;

use crate::error::StorageError;
use crate::record::Transactions;

fn refuse(path: &Path) -> StorageError {
    StorageError::Feature {
        path: path.to_owned(),
        feature: "parquet",
    }
}

pub(super) fn encode(_: &Transactions, path: &Path, _: &mut Vec<u8>) -> Result<(), StorageError> {
    Err(refuse(path))
}

pub(super) fn decode(path: &Path, _: Vec<u8>) -> Result<Transactions, StorageError> {
    Err(refuse(path))
}
