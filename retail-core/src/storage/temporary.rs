use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{entries, remove_if_present};
use crate::error::StorageError;

const SUFFIX: &str = ".tmp";

/// The temporary name beside `path` under which it is written first.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    path.with_file_name(name)
}

/// The final name of the file that has this name until it is whole; `None` if this is no temporary
/// name.
pub(crate) fn final_name(name: &OsStr) -> Option<&str> {
    name.to_str()?.strip_suffix(SUFFIX)
}

/// Removes from a folder what a process that was killed left half written: the files whose final
/// names are `ours`. Nothing else is touched. Only for whoever alone writes there.
pub(crate) fn remove_temporaries(
    folder: &Path,
    ours: impl Fn(&str) -> bool,
) -> Result<(), StorageError> {
    for entry in entries(folder)? {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && final_name(&entry.file_name()).is_some_and(&ours) {
            let path = entry.path();
            remove_if_present(&path)?;
            tracing::debug!("removed {}, which was left half written", path.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_temporaries_of_our_own_names_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["ours.tmp", "theirs.tmp", "ours", "ours.tmp.bak", ".tmp"];
        for name in names {
            fs::write(dir.path().join(name), "").unwrap();
        }
        fs::create_dir(dir.path().join("ours2.tmp")).unwrap();
        remove_temporaries(dir.path(), |name| name.starts_with("ours")).unwrap();
        assert!(!dir.path().join("ours.tmp").exists());
        for name in [&names[1..], &["ours2.tmp"]].concat() {
            assert!(dir.path().join(name).exists(), "{name}");
        }
        remove_temporaries(&dir.path().join("none"), |_| true).unwrap();
    }
}
