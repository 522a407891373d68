//! Files that are either there whole or not at all, and who may read them.

mod findings;
pub(crate) mod line;
mod mode;
mod temporary;

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::StorageError;
use crate::fail_point;

pub use findings::{Finding, Findings};
pub use mode::{DataMode, DataModeError};
pub(crate) use temporary::{final_name, remove_temporaries, temporary};

/// Creates a folder and those above it, and makes the names of new ones durable: what is synced
/// into a folder must not vanish with it.
pub(crate) fn create_dir(dir: &Path, mode: DataMode) -> Result<(), StorageError> {
    let missing = missing(dir);
    for &(folder, _) in missing.iter().rev() {
        mode.create_folder(folder)
            .map_err(StorageError::io("create folder", dir))?;
    }
    for (_, parent) in missing {
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

/// The folders that have to be made for `dir` to be there, innermost first, each with the one that it
/// is in.
fn missing(dir: &Path) -> Vec<(&Path, &Path)> {
    dir.ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.is_dir())
        .filter_map(|path| match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Some((path, Path::new("."))),
            parent => parent.map(|parent| (path, parent)),
        })
        .collect()
}

/// Opens a file with these options; one that is not there is made, in this mode.
pub(crate) fn open_or_create(
    path: &Path,
    options: &OpenOptions,
    mode: DataMode,
) -> Result<File, StorageError> {
    let opened = match options.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            match mode.create_new(path, options) {
                // Somebody else was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path),
                created => created,
            }
        }
        opened => opened,
    };
    opened.map_err(StorageError::io("open", path))
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

/// What is in a folder, in the order of names; nothing if there is no such folder.
pub(crate) fn entries(dir: &Path) -> Result<Vec<DirEntry>, StorageError> {
    let read = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let mut entries = read.map_err(StorageError::io("list", dir))?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
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

/// Writes `bytes` to the temporary name of `path`, and syncs them to the disk if `sync` says so.
pub(crate) fn write_temporary(
    path: &Path,
    bytes: &[u8],
    sync: bool,
    mode: DataMode,
) -> Result<PathBuf, StorageError> {
    let temporary = temporary(path);
    let mut file = create_anew(&temporary, mode).map_err(StorageError::io("create", &temporary))?;
    write_all(&mut file, bytes, "file half written")
        .and_then(|()| if sync { file.sync_data() } else { Ok(()) })
        .map_err(StorageError::io("write", &temporary))?;
    Ok(temporary)
}

/// Makes a file to write to. What had its name, and a mode of its own, is removed.
fn create_anew(path: &Path, mode: DataMode) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    match mode.create_new(path, &options) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            mode.create_new(path, &options)
        }
        created => created,
    }
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
pub(crate) fn write_atomically(
    path: &Path,
    bytes: &[u8],
    mode: DataMode,
) -> Result<(), StorageError> {
    let temporary = write_temporary(path, bytes, true, mode)?;
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
        let (a, b) = (dir.join("a"), dir.join("a/b"));
        assert_eq!(missing(&new), [(&*new, &*b), (&*b, &*a), (&*a, dir)]);
        create_dir(&new, DataMode::default()).unwrap();
        assert!(new.is_dir());
        assert!(missing(&new).is_empty());
    }

    #[test]
    fn the_folder_above_a_relative_one_is_the_current_one() {
        let new = Path::new("no such folder/b");
        let above = Path::new("no such folder");
        assert_eq!(missing(new), [(new, above), (above, Path::new("."))]);
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        for new in [file.clone(), file.join("below")] {
            let said = create_dir(&new, DataMode::default()).unwrap_err();
            let said = said.to_string();
            assert!(said.contains(&file.display().to_string()), "{said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_made_has_its_mode_and_what_was_there_keeps_its_own() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let bits = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for (mode, folders, files) in [
            ("private", 0o700, 0o600),
            ("group", 0o750, 0o640),
            ("0660", 0o770, 0o660),
            ("0644", 0o755, 0o644),
        ] {
            let mode: DataMode = mode.parse().unwrap();
            let folder = dir.path().join(mode.to_string());
            create_dir(&folder.join("below"), mode).unwrap();
            assert_eq!(bits(&folder), folders, "{mode}");
            assert_eq!(bits(&folder.join("below")), folders, "{mode}");
            let (one, other) = (folder.join("one"), folder.join("other"));
            // What a process of an earlier mode left under the temporary name lends nothing.
            fs::write(temporary(&one), "old").unwrap();
            write_atomically(&one, b"new", mode).unwrap();
            assert_eq!(fs::read(&one).unwrap(), b"new");
            let mut options = OpenOptions::new();
            options.append(true);
            open_or_create(&other, &options, mode).unwrap();
            assert_eq!((bits(&one), bits(&other)), (files, files), "{mode}");

            for path in [&one, &folder] {
                fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            }
            create_dir(&folder, mode).unwrap();
            open_or_create(&one, &options, mode).unwrap();
            assert_eq!((bits(&one), bits(&folder)), (0o777, 0o777), "{mode}");
        }
    }
}
