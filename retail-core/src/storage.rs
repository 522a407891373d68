//! Files that are either there whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::StorageError;

/// Creates a folder and those above it.
pub(crate) fn create_dir(dir: &Path) -> Result<(), StorageError> {
    fs::create_dir_all(dir).map_err(StorageError::io("create folder", dir))
}

/// The bytes of a file; `None` where there is no such file.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StorageError::io("read", path)(error)),
    }
}

/// The temporary name beside `path` under which it is written first.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Writes `bytes` to the temporary name of `path`, and syncs them to the disk where `sync` says so.
pub(crate) fn write_temporary(
    path: &Path,
    bytes: &[u8],
    sync: bool,
) -> Result<PathBuf, StorageError> {
    let temporary = temporary(path);
    let mut file = File::create(&temporary).map_err(StorageError::io("create", &temporary))?;
    file.write_all(bytes)
        .and_then(|()| if sync { file.sync_data() } else { Ok(()) })
        .map_err(StorageError::io("write", &temporary))?;
    Ok(temporary)
}

/// Makes the content of a file durable.
pub(crate) fn sync_file(path: &Path) -> Result<(), StorageError> {
    File::open(path)
        .and_then(|file| file.sync_data())
        .map_err(StorageError::io("sync", path))
}

/// Gives a file its final name, replacing what had it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(StorageError::io("rename to", to))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StorageError> {
    File::open(dir)
        .and_then(|file| file.sync_all())
        .map_err(StorageError::io("sync folder", dir))
}

/// Writes a file so that, whatever happens, either the old or the new content is there.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let temporary = write_temporary(path, bytes, true)?;
    rename(&temporary, path)?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => Ok(()),
    }
}
