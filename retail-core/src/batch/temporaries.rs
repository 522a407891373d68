//! What a process that was killed leaves half written in the folders of batches and logs.

use std::ffi::OsStr;
use std::path::Path;

use super::name;
use super::rejects::REJECTS;
use crate::error::StorageError;
use crate::storage;

/// What a Kafka source keeps in the folder of logs.
pub(crate) const KAFKA: &str = "kafka.json";

/// Removes it. Only for whoever alone writes there.
pub(crate) fn remove(batches: &Path, logs: &Path) -> Result<(), StorageError> {
    storage::remove_temporaries(batches, name::is_of_a_batch)?;
    storage::remove_temporaries(logs, is_replaced_whole)
}

/// Whether this is the temporary name of a file in the folder of logs.
pub(crate) fn is_in_logs(name: &OsStr) -> bool {
    storage::final_name(name).is_some_and(is_replaced_whole)
}

fn is_replaced_whole(name: &str) -> bool {
    [REJECTS, KAFKA].contains(&name)
}
