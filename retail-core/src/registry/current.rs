//! The file that says which revision of a model is served, and whether it is pinned.
//!
//! It is one line of JSON with a checksum of its own: a changed digit is damage, and not the number of
//! another revision. Earlier versions wrote the number alone, which is still read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::StorageError;
use crate::storage::{self, DataMode, line};

/// The name of the file.
pub(super) const CURRENT: &str = "current";

/// What can be done about a damaged one.
pub(super) const ADVICE: &str =
    "to choose the revision that is served, write its number into this file";

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Current {
    /// The revision that is served.
    pub(super) revision: u64,
    /// Whether it goes on being served when others are trained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) pinned: bool,
}

fn path(folder: &Path) -> PathBuf {
    folder.join(CURRENT)
}

/// What the file in this folder says; `None` if there is no file.
pub(super) fn read(folder: &Path) -> Result<Option<Current>, StorageError> {
    let path = path(folder);
    let Some(bytes) = storage::read_if_present(&path)? else {
        return Ok(None);
    };
    let current = parse(&bytes).map_err(|detail| StorageError::Corrupt {
        path,
        detail: format!("{detail}; {ADVICE}"),
    })?;
    Ok(Some(current))
}

fn parse(bytes: &[u8]) -> Result<Current, String> {
    if bytes.is_empty() {
        return Err("expected the number of a revision, got an empty file".to_owned());
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let digits = text.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let revision = digits
            .parse()
            .map_err(|_| format!("no revision has the number {digits}"))?;
        return Ok(Current {
            revision,
            pinned: false,
        });
    }
    line::parse(&line::open(bytes)?)
}

/// Makes this revision the one that is named.
pub(super) fn write(folder: &Path, current: Current, mode: DataMode) -> Result<(), StorageError> {
    let mut bytes = Vec::new();
    line::encode(&current, &mut bytes);
    storage::write_atomically(&path(folder), &bytes, mode)
}

/// There is no such file, and revisions that it could name.
pub(super) fn missing(folder: &Path) -> StorageError {
    StorageError::Missing {
        path: path(folder),
        detail: ADVICE.to_owned(),
    }
}

/// It names a revision that is not there.
pub(super) fn dangling(folder: &Path, revision: u64) -> StorageError {
    StorageError::Corrupt {
        path: path(folder),
        detail: format!("it names revision {revision}, which is not there; {ADVICE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_so_is_the_form_of_earlier_versions() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        for revision in [1, 10, u64::MAX] {
            for pinned in [false, true] {
                let current = Current { revision, pinned };
                write(dir.path(), current, DataMode::default()).unwrap();
                assert_eq!(read(dir.path()).unwrap(), Some(current));
                let text = std::fs::read_to_string(path(dir.path())).unwrap();
                assert_eq!(text.contains("pinned"), pinned, "{text}");
            }
        }
        for earlier in ["7", "7\n", " 7\r\n"] {
            std::fs::write(path(dir.path()), earlier).unwrap();
            let current = Current {
                revision: 7,
                pinned: false,
            };
            assert_eq!(read(dir.path()).unwrap(), Some(current));
        }
    }

    #[test]
    fn no_change_of_a_bit_and_no_cut_gives_another_number() {
        let mut sound = Vec::new();
        let current = Current {
            revision: 10,
            pinned: true,
        };
        line::encode(&current, &mut sound);
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut changed = sound.clone();
                changed[at] ^= 1 << bit;
                assert!(parse(&changed).is_err(), "bit {bit} of byte {at}");
            }
            assert!(parse(&sound[..at]).is_err(), "cut to {at} bytes");
        }
        for other in [
            "two",
            "-1",
            "1.0",
            "{\"revision\":1}\n",
            "18446744073709551616",
            "1 2",
        ] {
            assert!(parse(other.as_bytes()).is_err(), "{other}");
        }
    }
}
