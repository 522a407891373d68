use std::path::PathBuf;

use crate::error::StorageError;
use crate::fail_point;
use crate::storage;

/// Files of batches that may not have reached the disk yet.
#[derive(Debug, Default)]
pub(super) struct Unsynced(Vec<PathBuf>);

impl Unsynced {
    pub(super) fn extend(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.0.extend(paths);
    }

    /// Makes all of them durable; if that fails, none is forgotten.
    pub(super) fn sync(&mut self) -> Result<(), StorageError> {
        for path in &self.0 {
            storage::sync_file(path)?;
            fail_point::pass("batch file synced");
        }
        self.0.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_could_not_be_synced_is_not_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["1", "2"].map(|name| dir.path().join(name));
        fs::write(&first, "").unwrap();
        let mut unsynced = Unsynced::default();
        unsynced.extend([first, second.clone()]);
        // The second time, too: the error is not lost with the file.
        for _ in 0..2 {
            assert!(unsynced.sync().is_err());
        }
        fs::write(&second, "").unwrap();
        unsynced.sync().unwrap();
        fs::remove_file(&second).unwrap();
        assert!(unsynced.sync().is_ok(), "synced files are not synced again");
    }
}
