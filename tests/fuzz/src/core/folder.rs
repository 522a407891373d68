//! A folder for the files of one input after the other.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder in memory, if the system has one: files are written for every input.
pub(crate) fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => TempDir::with_prefix_in("retail-fuzz-", memory),
        false => TempDir::with_prefix("retail-fuzz-"),
    };
    made.expect("a folder for temporary files")
}

/// Writes a file, and the folders that it is in.
pub(crate) fn write(path: impl Into<PathBuf>, bytes: &[u8]) {
    let path = path.into();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("a folder");
    }
    fs::write(path, bytes).expect("a file");
}
