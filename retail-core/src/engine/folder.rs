use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::StorageError;
use crate::storage::{self, DataMode};
use crate::{batch, fail_point, registry};

/// The file that is locked.
pub(super) const LOCK: &str = ".lock";

/// The folders of an engine's state.
pub(super) const PARTS: [&str; 3] = ["batches", "models", "logs"];

/// The folder of earlier states.
pub(super) const ARCHIVE: &str = "archive";

/// What the name of a folder in the archive ends with until all of a state is in it.
pub(super) const UNFINISHED: &str = "unfinished";

/// The data directory of an engine, locked for this process.
pub(super) struct Folder {
    dir: PathBuf,
    mode: DataMode,
    /// Held for as long as the engine lives. The lock goes when the file is closed, even if the
    /// process is killed.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be, and takes it for this process. Finishes what a process that was
    /// killed had begun to [set aside](Self::set_aside), and removes what it left half written.
    pub(super) fn lock(dir: PathBuf, mode: DataMode) -> Result<Self, StorageError> {
        storage::create_dir(&dir, mode)?;
        let path = dir.join(LOCK);
        let file = storage::open_or_create(&path, OpenOptions::new().write(true), mode)?;
        match file.try_lock() {
            Ok(()) => {
                let folder = Self {
                    dir,
                    mode,
                    _lock: file,
                };
                for unfinished in folder.unfinished()? {
                    folder.finish(&unfinished)?;
                }
                folder.tidy_up()?;
                folder.warn_of_modes()?;
                Ok(folder)
            }
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked { path: dir }),
            Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
        }
    }

    /// Removes what a process that was killed left half written.
    fn tidy_up(&self) -> Result<(), StorageError> {
        batch::temporaries::remove(&self.batches(), &self.logs())?;
        registry::temporaries::remove(&self.models())
    }

    /// Says if others can look into what an earlier process made. That is not changed: it may be
    /// what the owner wants.
    fn warn_of_modes(&self) -> Result<(), StorageError> {
        for part in PARTS {
            let path = self.dir.join(part);
            if storage::exists(&path)?
                && let Some(bits) = self.mode.exceeded_by(&path)?
            {
                let (path, mode) = (path.display(), self.mode);
                tracing::warn!(
                    "{path} was made with the mode {bits:04o} and is left so; new files in it are \
                     {mode}, and `chmod -R` closes the others"
                );
            }
        }
        Ok(())
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
        let archive = self.dir.join(ARCHIVE);
        storage::create_dir(&archive, self.mode)?;
        let free = (1_u32..).map(|number| archive.join(format!("{number:04}")));
        let mut free = free.filter(|path| !path.exists() && !unfinished(path).exists());
        let path = free.next().unwrap_or_default();
        let moving = unfinished(&path);
        storage::create_dir(&moving, self.mode)?;
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
        storage::sync_dir(&self.dir.join(ARCHIVE))?;
        Ok(path)
    }

    /// The folders of the archive that do not have all of a state yet.
    fn unfinished(&self) -> Result<Vec<PathBuf>, StorageError> {
        let archive = self.dir.join(ARCHIVE);
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

/// Whether an engine is using the data directory. Nothing is made or changed.
pub(super) fn is_locked(dir: &Path) -> Result<bool, StorageError> {
    let path = dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StorageError::io("open", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
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
            let folder = Folder::lock(dir.path().to_owned(), DataMode::default()).unwrap();
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
