use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::alias::{self, Aliases};
use super::artefact::head;
use super::current::Current;
use super::portable;
use super::{Artefact, RegistryOptions, Served, SlotName, TrafficPlan, current, traffic};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage::{self, DataMode};
use crate::train::ModelFormats;

/// The folder of one slot: `revision_<n>.json` for each revision kept, `current`, which names the one
/// that is served, `aliases`, which gives names to others, and `traffic`, which says who else answers.
#[derive(Debug)]
pub(super) struct SlotFolder<'a> {
    dir: PathBuf,
    name: &'a str,
    /// The slot that the models in it have to be of; `None` if they say so themselves.
    slot: Option<&'a SlotName>,
}

/// What is current in a folder.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// A revision to serve from now on, if it is not the one served already.
    pub(super) served: Option<Served>,
    /// Why what is current cannot be served.
    pub(super) fault: Option<StorageError>,
    /// Which revisions have a name, if that can be read.
    pub(super) aliases: Option<Aliases>,
    /// Why it cannot, or what is wrong with it.
    pub(super) alias_fault: Option<StorageError>,
}

/// The largest file of a model, in bytes.
pub(super) const LARGEST: u64 = 1 << 30;

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
        self.dir.join(file_name(revision))
    }

    /// The revisions on disk, ascending.
    pub(super) fn revisions(&self) -> Result<Vec<u64>, StorageError> {
        let entries = storage::entries(&self.dir)?;
        let names = entries.iter().map(std::fs::DirEntry::file_name);
        let mut revisions: Vec<u64> = names
            .filter_map(|name| name.to_str().and_then(revision_of))
            .collect();
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// What is current on disk. If that cannot be served, `fault` says why, and `served` is the newest
    /// sound revision instead, if recovery is asked for and nothing is `known`: what is being served
    /// goes on being served.
    pub(super) fn look(&self, known: Option<&Served>, options: &RegistryOptions) -> Look {
        let formats = &options.formats;
        let (served, fault) = match self.load_current(known, formats) {
            Ok(served) => (served, None),
            Err(fault) => {
                // If not even the folder can be listed, the fault says it already.
                let served = match known {
                    None if options.recover => self.newest_sound(None, formats).ok().flatten(),
                    _ => None,
                };
                (served, Some(fault))
            }
        };
        let (aliases, alias_fault) = match self.aliases() {
            Ok(aliases) => {
                let dangling = aliases.iter().find(|&(_, &revision)| !self.has(revision));
                let fault = dangling.map(|(&a, &revision)| alias::dangling(&self.dir, a, revision));
                (Some(aliases), fault)
            }
            Err(fault) => (None, Some(fault)),
        };
        Look {
            served,
            fault,
            aliases,
            alias_fault,
        }
    }

    /// Whether there is a file of this revision.
    fn has(&self, revision: u64) -> bool {
        self.path(revision).exists()
    }

    /// What says which revision is current.
    pub(super) fn current(&self) -> Result<Option<Current>, StorageError> {
        current::read(&self.dir)
    }

    /// Which revisions have a name.
    pub(super) fn aliases(&self) -> Result<Aliases, StorageError> {
        alias::read(&self.dir)
    }

    /// What is current on disk; `None` if there is nothing, or if it is what is `known`.
    fn load_current(
        &self,
        known: Option<&Served>,
        formats: &ModelFormats,
    ) -> Result<Option<Served>, StorageError> {
        let mut failed: Option<(u64, StorageError)> = None;
        loop {
            let Some(Current { revision, pinned }) = self.current()? else {
                return self.load_unnamed(known, formats);
            };
            if let Some(known) = known.filter(|known| self.is(known, revision)) {
                return Ok((known.is_pinned != pinned).then(|| Served {
                    is_named: true,
                    is_pinned: pinned,
                    ..known.clone()
                }));
            }
            // While a revision is being read, another process may publish one and remove this one.
            match failed.take() {
                Some((same, error)) if same == revision => return Err(error),
                _ => {}
            }
            match self.load(revision, formats) {
                Ok(served) => {
                    return Ok(Some(Served {
                        is_pinned: pinned,
                        ..served
                    }));
                }
                Err(StorageError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    failed = Some((revision, current::dangling(&self.dir, revision)));
                }
                Err(error) => failed = Some((revision, error)),
            }
        }
    }

    /// What is current in a folder that does not say so.
    fn load_unnamed(
        &self,
        known: Option<&Served>,
        formats: &ModelFormats,
    ) -> Result<Option<Served>, StorageError> {
        match *self.revisions()? {
            [] => Ok(None),
            // The first revision ever, which is named only after it is there.
            [1] if known.is_some_and(|known| self.is(known, 1)) => Ok(None),
            [1] => {
                let mut served = self.load(1, formats)?;
                served.is_named = false;
                Ok(Some(served))
            }
            _ => Err(current::missing(&self.dir)),
        }
    }

    /// Whether the file of a revision is still that of a model.
    fn is(&self, known: &Served, revision: u64) -> bool {
        let mut head = vec![0; known.head.len()];
        let read = File::open(self.path(revision)).and_then(|mut file| file.read_exact(&mut head));
        known.revision == revision && read.is_ok() && head == known.head
    }

    /// The newest sound revision, or the newest one before another.
    pub(super) fn newest_sound(
        &self,
        before: Option<u64>,
        formats: &ModelFormats,
    ) -> Result<Option<Served>, StorageError> {
        let older = self.revisions()?.into_iter().rev();
        let sound = older
            .filter(|&candidate| before.is_none_or(|before| candidate < before))
            .find_map(|candidate| self.load(candidate, formats).ok());
        Ok(sound.map(|served| Served {
            is_named: false,
            ..served
        }))
    }

    /// Reads a revision.
    ///
    /// # Errors
    /// [`StorageError`] if it is not there, not sound, or another model's.
    pub(super) fn load(
        &self,
        revision: u64,
        formats: &ModelFormats,
    ) -> Result<Served, StorageError> {
        let path = self.path(revision);
        let (bytes, written_at) = portable::read(&path)?;
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
                written_at,
                head: head(&bytes).to_vec(),
                is_named: true,
                is_pinned: false,
            }),
        }
    }

    /// Whether these bytes are what a revision holds already.
    pub(super) fn holds(&self, revision: u64, bytes: &[u8]) -> bool {
        fs::read(self.path(revision)).is_ok_and(|saved| saved == bytes)
    }

    /// Writes a revision.
    pub(super) fn save(
        &self,
        revision: u64,
        bytes: &[u8],
        mode: DataMode,
    ) -> Result<(), StorageError> {
        storage::create_dir(&self.dir, mode)?;
        storage::write_atomically(&self.path(revision), bytes, mode)?;
        fail_point::pass("model saved");
        Ok(())
    }

    /// Makes a revision that is there the current one.
    pub(super) fn set_current(&self, current: Current, mode: DataMode) -> Result<(), StorageError> {
        current::write(&self.dir, current, mode)
    }

    /// Gives these revisions names.
    pub(super) fn set_aliases(
        &self,
        aliases: &Aliases,
        mode: DataMode,
    ) -> Result<(), StorageError> {
        alias::write(&self.dir, aliases, mode)
    }

    /// Who else answers the requests to the model.
    pub(super) fn traffic(&self) -> Result<TrafficPlan, StorageError> {
        traffic::read(&self.dir)
    }

    /// Lets these answer, too.
    pub(super) fn set_traffic(
        &self,
        plan: &TrafficPlan,
        mode: DataMode,
    ) -> Result<(), StorageError> {
        traffic::write(&self.dir, plan, mode)
    }

    /// Removes all but the newest `keep` revisions; never the current one, and none that has a name or answers
    /// besides it.
    pub(super) fn prune(&self, keep: usize, current: u64) -> Result<(), StorageError> {
        let revisions = self.revisions()?;
        let old = revisions.len().saturating_sub(keep);
        // Those on disk: another process may have named one.
        let mut named: Vec<u64> = self.aliases()?.into_values().collect();
        named.extend(self.traffic()?.revisions());
        let is_free = |revision: &&u64| **revision != current && !named.contains(revision);
        for &revision in revisions[..old].iter().filter(is_free) {
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

fn file_name(revision: u64) -> String {
    format!("revision_{revision}.json")
}

/// The revision whose file has this name.
pub(super) fn revision_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("revision_")?.strip_suffix(".json")?;
    let revision = digits.parse().ok()?;
    // No other spelling of the number.
    (file_name(revision) == name).then_some(revision)
}
