use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StorageError;
use crate::{fail_point, storage};

/// The folders of an engine's state.
const PARTS: [&str; 3] = ["batches", "models", "logs"];

/// What the name of a folder in the archive ends with until all of a state is in it.
const UNFINISHED: &str = "unfinished";

/// The data directory of an engine, locked for this process.
pub(super) struct Folder {
    dir: PathBuf,
    /// Held for as long as the engine lives. The lock goes when the file is closed, even if the
    /// process is killed.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be, and takes it for this process. Finishes what a process that was
    /// killed had begun to [set aside](Self::set_aside).
    pub(super) fn lock(dir: PathBuf) -> Result<Self, StorageError> {
        storage::create_dir(&dir)?;
        let path = dir.join(".lock");
        let file = File::create(&path).map_err(StorageError::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => {
                let folder = Self { dir, _lock: file };
                for unfinished in folder.unfinished()? {
                    folder.finish(&unfinished)?;
                }
                Ok(folder)
            }
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked { path: dir }),
            Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
        }
    }

    /// Whether there is anything of a state.
    pub(super) fn has_state(&self) -> Result<bool, StorageError> {
        for part in PARTS {
            let path = self.dir.join(part);
            if storage::exists(&path)? {
                let mut entries = fs::read_dir(&path).map_err(StorageError::io("list", &path))?;
                if entries.next().is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Moves the state into a numbered folder of the archive, and returns its name.
    ///
    /// It is one step to those who come later: a process that is killed on the way leaves a folder
    /// whose name says that it is unfinished, and whoever takes the data directory next moves the rest.
    pub(super) fn set_aside(&self) -> Result<PathBuf, StorageError> {
        let archive = self.dir.join("archive");
        storage::create_dir(&archive)?;
        let free = (1_u32..).map(|number| archive.join(format!("{number:04}")));
        let mut free = free.filter(|path| !path.exists() && !unfinished(path).exists());
        let path = free.next().unwrap_or_default();
        let moving = unfinished(&path);
        storage::create_dir(&moving)?;
        storage::sync_dir(&archive)?;
        self.finish(&moving)
    }

    /// Moves what is left of the state into this folder, and takes the mark from its name.
    fn finish(&self, moving: &Path) -> Result<PathBuf, StorageError> {
        for part in PARTS {
            let from = self.dir.join(part);
            if storage::exists(&from)? {
                storage::rename(&from, &moving.join(part))?;
                fail_point::pass("a part set aside");
            }
        }
        storage::sync_dir(moving)?;
        storage::sync_dir(&self.dir)?;
        let path = moving.with_extension("");
        storage::rename(moving, &path)?;
        storage::sync_dir(&self.dir.join("archive"))?;
        Ok(path)
    }

    /// The folders of the archive that do not have all of a state yet.
    fn unfinished(&self) -> Result<Vec<PathBuf>, StorageError> {
        let archive = self.dir.join("archive");
        if !storage::exists(&archive)? {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(&archive).map_err(StorageError::io("list", &archive))? {
            let entry = entry.map_err(StorageError::io("list", &archive))?;
            let path = entry.path();
            if path.extension().is_some_and(|mark| mark == UNFINISHED) {
                found.push(path);
            }
        }
        Ok(found)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn batches(&self) -> PathBuf {
        self.dir.join("batches")
    }

    pub(super) fn models(&self) -> PathBuf {
        self.dir.join("models")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension(UNFINISHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data directory whose parts are in these folders, one file in each.
    fn state(dir: &Path, places: [&str; 3]) {
        for (part, place) in PARTS.into_iter().zip(places) {
            let folder = dir.join(place).join(part);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("file"), part).unwrap();
        }
    }

    #[test]
    fn a_state_is_set_aside_as_a_whole_wherever_a_process_was_killed() {
        const HALF: &str = "archive/0001.unfinished";
        for places in [
            ["", "", ""],
            [HALF, "", ""],
            [HALF, HALF, ""],
            [HALF, HALF, HALF],
        ] {
            let dir = tempfile::tempdir().unwrap();
            state(dir.path(), places);
            let folder = Folder::lock(dir.path().to_owned()).unwrap();
            assert_eq!(folder.has_state().unwrap(), places[0].is_empty());
            if places[0].is_empty() {
                let aside = folder.set_aside().unwrap();
                assert_eq!(aside, dir.path().join("archive/0001"));
            }
            for part in PARTS {
                assert!(!dir.path().join(part).exists(), "{places:?}: {part}");
                let file = dir.path().join("archive/0001").join(part).join("file");
                assert_eq!(fs::read_to_string(file).unwrap(), part, "{places:?}");
            }
            assert!(!dir.path().join(HALF).exists());
            // The next one has a number of its own.
            state(dir.path(), [""; 3]);
            assert_eq!(folder.set_aside().unwrap(), dir.path().join("archive/0002"));
        }
    }
}
