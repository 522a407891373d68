//! Files that are either there whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::StorageError;
use crate::fail_point;

/// Creates a folder and those above it, and makes the names of new ones durable: what is synced
/// into a folder must not vanish with it.
pub(crate) fn create_dir(dir: &Path) -> Result<(), StorageError> {
    let parents = parents_of_missing(dir);
    fs::create_dir_all(dir).map_err(StorageError::io("create folder", dir))?;
    for parent in parents {
        match sync_dir(parent) {
            // A folder above may be one that this process may write to and not read.
            Err(StorageError::Io { source, .. })
                if source.kind() == ErrorKind::PermissionDenied =>
            {
                tracing::debug!("cannot sync {}: {source}", parent.display());
            }
            synced => synced?,
        }
    }
    Ok(())
}

/// The folders that get a new name when `dir` is created, innermost first.
fn parents_of_missing(dir: &Path) -> Vec<&Path> {
    dir.ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .filter_map(|path| match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Some(Path::new(".")),
            parent => parent,
        })
        .collect()
}

/// The checksum by which files are recognised: CRC-32, in hexadecimal.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// Whether something of this name is there.
pub(crate) fn exists(path: &Path) -> Result<bool, StorageError> {
    fs::exists(path).map_err(StorageError::io("look for", path))
}

/// Whether `path` is still the name of this open file. Where the system does not tell, whether there
/// is a file of that name.
pub(crate) fn is_same_file(file: &File, path: &Path) -> Result<bool, StorageError> {
    let named = match fs::metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StorageError::io("look for", path)(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = file.metadata().map_err(StorageError::io("look at", path))?;
        Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, named);
        Ok(true)
    }
}

/// The bytes of a file; `None` if there is no such file.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StorageError::io("read", path)(error)),
    }
}

/// Removes a file, if there is one.
pub(crate) fn remove_if_present(path: &Path) -> Result<(), StorageError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StorageError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// The temporary name beside `path` under which it is written first.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Writes `bytes` to the temporary name of `path`, and syncs them to the disk if `sync` says so.
pub(crate) fn write_temporary(
    path: &Path,
    bytes: &[u8],
    sync: bool,
) -> Result<PathBuf, StorageError> {
    let temporary = temporary(path);
    let mut file = File::create(&temporary).map_err(StorageError::io("create", &temporary))?;
    write_all(&mut file, bytes, "file half written")
        .and_then(|()| if sync { file.sync_data() } else { Ok(()) })
        .map_err(StorageError::io("write", &temporary))?;
    Ok(temporary)
}

/// Writes bytes at the end of a file. `halfway` names the moment between their two halves, for tests
/// that stop there.
pub(crate) fn write_all(file: &mut File, bytes: &[u8], halfway: &str) -> io::Result<()> {
    if cfg!(feature = "fail-points") {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        fail_point::pass(halfway);
        file.write_all(second)
    } else {
        file.write_all(bytes)
    }
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
        .map_err(StorageError::io("sync folder", dir))?;
    fail_point::pass("folder synced");
    Ok(())
}

/// Writes a file so that the old or the new content is there at any moment, never a mix.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let temporary = write_temporary(path, bytes, true)?;
    rename(&temporary, path)?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_folder_is_made_durable_in_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, new) = (dir.path(), dir.path().join("a/b/c"));
        let expected = [dir.join("a/b"), dir.join("a"), dir.to_owned()];
        assert_eq!(parents_of_missing(&new), expected);
        create_dir(&new).unwrap();
        assert!(new.is_dir());
        assert!(parents_of_missing(&new).is_empty());
    }

    #[test]
    fn the_folder_above_a_relative_one_is_the_current_one() {
        let new = Path::new("no such folder/b");
        let expected = [Path::new("no such folder"), Path::new(".")];
        assert_eq!(parents_of_missing(new), expected);
    }
}
