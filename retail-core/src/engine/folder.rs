use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StorageError;
use crate::storage;

/// The data directory of an engine, locked for this process.
pub(super) struct Folder {
    dir: PathBuf,
    /// Held for as long as the engine lives. The lock goes when the file is closed, even if the
    /// process is killed.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be, and takes it for this process.
    pub(super) fn lock(dir: PathBuf) -> Result<Self, StorageError> {
        storage::create_dir(&dir)?;
        let path = dir.join(".lock");
        let file = File::create(&path).map_err(StorageError::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked { path: dir }),
            Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
        }
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
