use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::artefact::head;
use super::{Artefact, RegistryOptions, Served, SlotName};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage;
use crate::train::ModelFormats;

/// The folder of one slot: `revision_<n>.json` for each revision kept, and `current`, which names
/// the one that is served.
#[derive(Debug)]
pub(super) struct SlotFolder<'a> {
    dir: PathBuf,
    name: &'a str,
    /// The slot that the models in it have to be of; `None` if they say so themselves.
    slot: Option<&'a SlotName>,
}

const CURRENT: &str = "current";

/// The largest file of a model, in bytes.
const LARGEST: u64 = 1 << 30;

impl<'a> SlotFolder<'a> {
    /// The folder of a known slot.
    pub(super) fn of(models: &Path, slot: &'a SlotName) -> Self {
        Self {
            slot: Some(slot),
            ..Self::found(models, &slot.name)
        }
    }

    /// A folder of which only the name is known.
    pub(super) fn found(models: &Path, name: &'a str) -> Self {
        Self {
            dir: models.join(name),
            name,
            slot: None,
        }
    }

    pub(super) fn path(&self, revision: u64) -> PathBuf {
        self.dir.join(format!("revision_{revision}.json"))
    }

    /// The revisions on disk, ascending.
    pub(super) fn revisions(&self) -> Result<Vec<u64>, StorageError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StorageError::io("list", &self.dir)(error)),
        };
        let mut revisions = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StorageError::io("list", &self.dir))?;
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix("revision_"))
                .and_then(|rest| rest.strip_suffix(".json"))
                .and_then(|digits| digits.parse::<u64>().ok());
            revisions.extend(number);
        }
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// The revision that `current` names; without that file, the newest one.
    fn current(&self) -> Result<Option<u64>, StorageError> {
        let path = self.dir.join(CURRENT);
        match storage::read_if_present(&path)? {
            Some(bytes) => std::str::from_utf8(&bytes)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .map(Some)
                .ok_or_else(|| StorageError::Corrupt {
                    path,
                    detail: "expected the number of a revision".into(),
                }),
            None => Ok(self.revisions()?.last().copied()),
        }
    }

    /// What is current on disk; `None` if there is nothing, or if it is what is `known`.
    pub(super) fn load_current(
        &self,
        known: Option<&Served>,
        options: &RegistryOptions,
    ) -> Result<Option<Served>, StorageError> {
        let formats = &options.formats;
        let (mut revision, mut error) = match self.current() {
            Ok(None) => return Ok(None),
            Ok(Some(revision)) if known.is_some_and(|known| self.is(known, revision)) => {
                return Ok(None);
            }
            Ok(Some(revision)) => match self.load(revision, formats) {
                Ok(served) => return Ok(Some(served)),
                Err(error) => (revision, error),
            },
            Err(error) => (u64::MAX, error),
        };
        // While a revision is being read, another process may publish one and remove this one.
        while let Ok(Some(newer)) = self.current()
            && newer > revision
        {
            match self.load(newer, formats) {
                Ok(served) => return Ok(Some(served)),
                Err(newer_error) => (revision, error) = (newer, newer_error),
            }
        }
        if !options.recover {
            return Err(error);
        }
        tracing::warn!("{error}; looking for an earlier revision");
        match self.sound_before(revision, formats)? {
            Some(served) if known.is_some_and(|known| known.head == served.head) => Ok(None),
            Some(served) => Ok(Some(served)),
            None => Err(error),
        }
    }

    /// Whether the file of a revision is still that of a model.
    fn is(&self, known: &Served, revision: u64) -> bool {
        let mut head = vec![0; known.head.len()];
        let read = File::open(self.path(revision)).and_then(|mut file| file.read_exact(&mut head));
        known.revision == revision && read.is_ok() && head == known.head
    }

    /// The newest sound revision before this one.
    pub(super) fn sound_before(
        &self,
        revision: u64,
        formats: &ModelFormats,
    ) -> Result<Option<Served>, StorageError> {
        let older = self.revisions()?.into_iter().rev();
        Ok(older
            .filter(|&candidate| candidate < revision)
            .find_map(|candidate| self.load(candidate, formats).ok()))
    }

    fn load(&self, revision: u64, formats: &ModelFormats) -> Result<Served, StorageError> {
        let path = self.path(revision);
        let len = fs::metadata(&path)
            .map_err(StorageError::io("read", &path))?
            .len();
        if len > LARGEST {
            return Err(StorageError::Corrupt {
                path,
                detail: format!("expected at most {LARGEST} bytes, got {len}"),
            });
        }
        let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
        let artefact = Artefact::decode(&bytes, &path, formats)?;
        let info = &artefact.info;
        let misplaced = |detail| Err(StorageError::Misplaced { path, detail });
        if info.name != self.name {
            return misplaced(format!(
                "expected the model {}, got {}",
                self.name, info.name
            ));
        }
        match self.slot {
            Some(slot) if (&info.target, info.version) != (&slot.target, slot.version) => {
                misplaced(format!(
                    "expected a model of {} version {}, got {} version {}",
                    slot.target, slot.version, info.target, info.version
                ))
            }
            _ => Ok(Served {
                revision,
                artefact,
                head: head(&bytes).to_vec(),
            }),
        }
    }

    /// Writes a revision and makes it the current one.
    pub(super) fn save(&self, revision: u64, bytes: &[u8]) -> Result<(), StorageError> {
        storage::create_dir(&self.dir)?;
        storage::write_atomically(&self.path(revision), bytes)?;
        fail_point::pass("model saved");
        self.set_current(revision)
    }

    pub(super) fn set_current(&self, revision: u64) -> Result<(), StorageError> {
        storage::write_atomically(&self.dir.join(CURRENT), format!("{revision}\n").as_bytes())
    }

    /// Removes all but the newest `keep` revisions; never the current one.
    pub(super) fn prune(&self, keep: usize, current: u64) -> Result<(), StorageError> {
        let revisions = self.revisions()?;
        let old = revisions.len().saturating_sub(keep);
        for &revision in revisions[..old].iter().filter(|&&r| r != current) {
            let path = self.path(revision);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StorageError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
