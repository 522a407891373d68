use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::slot::Slot;
use super::store::SlotFolder;
use super::{Artefact, Served, SlotName};
use crate::error::StorageError;
use crate::storage;
use crate::train::ModelFormats;

/// How a [`Registry`] keeps its models.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The folder of the artefacts; `None` keeps models in memory only.
    pub dir: Option<PathBuf>,
    /// Revisions kept of each model, at least 1.
    pub keep_revisions: usize,
    /// The formats that can be read.
    pub formats: ModelFormats,
    /// Whether a damaged current revision is passed over in favour of the newest sound one.
    pub recover: bool,
}

/// What became of a model that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The revision that is now served.
    pub revision: u64,
    /// Whether it is a new one; publishing what is being served already changes nothing.
    pub changed: bool,
}

/// The models that are being served, by slot.
///
/// Readers never wait: a slot's model is swapped as a whole, and whoever is predicting with the
/// earlier revision finishes with it.
#[derive(Debug)]
pub struct Registry {
    slots: BTreeMap<String, Slot>,
    options: RegistryOptions,
    /// Held while a revision is written, so that revisions are numbered and swapped in order.
    writing: Mutex<()>,
}

impl Registry {
    /// A registry of these slots, with what is on disk already.
    ///
    /// # Errors
    /// [`StorageError`] where the folder cannot be used, or where the current revision of a slot is
    /// damaged or foreign (unless [`RegistryOptions::recover`] is set and an older one is sound).
    pub fn open(slots: Vec<SlotName>, options: RegistryOptions) -> Result<Self, StorageError> {
        let slots = slots
            .into_iter()
            .map(|name| {
                let slot = Slot {
                    name: name.clone(),
                    current: ArcSwapOption::empty(),
                };
                (name.name, slot)
            })
            .collect();
        let registry = Self {
            slots,
            options,
            writing: Mutex::new(()),
        };
        if let Some(dir) = &registry.options.dir {
            storage::create_dir(dir)?;
        }
        for slot in registry.slots.values() {
            let Some(folder) = registry.folder(slot) else {
                continue;
            };
            if let Some(revision) = folder.current()? {
                let served = registry.load(slot, &folder, revision)?;
                slot.current.store(Some(Arc::new(served)));
            }
        }
        Ok(registry)
    }

    fn folder(&self, slot: &Slot) -> Option<SlotFolder> {
        let dir = self.options.dir.as_ref()?;
        Some(SlotFolder::new(dir, &slot.name.name))
    }

    fn load(
        &self,
        slot: &Slot,
        folder: &SlotFolder,
        revision: u64,
    ) -> Result<Served, StorageError> {
        let load = |revision| {
            let served = folder.load(revision, &self.options.formats)?;
            let info = &served.artefact.info;
            if info.target == slot.name.target && info.version == slot.name.version {
                Ok(served)
            } else {
                Err(StorageError::Foreign {
                    path: folder.path(revision),
                    detail: format!(
                        "expected a model of {} version {}, got {} version {}",
                        slot.name.target, slot.name.version, info.target, info.version
                    ),
                })
            }
        };
        let damaged = match load(revision) {
            Err(damaged) if self.options.recover => damaged,
            result => return result,
        };
        tracing::warn!("{damaged}; looking for an earlier revision");
        let older = folder.revisions()?;
        older
            .into_iter()
            .rev()
            .filter(|&candidate| candidate < revision)
            .find_map(|candidate| load(candidate).ok())
            .ok_or(damaged)
    }

    /// Every slot, in the order of names, with what it serves.
    pub fn iter(&self) -> impl Iterator<Item = (&SlotName, Option<Arc<Served>>)> {
        self.slots
            .values()
            .map(|slot| (&slot.name, slot.current.load_full()))
    }

    /// What the slot of this name serves; `None` where nothing is trained, or no such slot exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Served>> {
        self.slots.get(name)?.current.load_full()
    }

    /// The slot of a target and version.
    #[must_use]
    pub fn slot(&self, target: &str, version: u32) -> Option<&SlotName> {
        self.slots
            .values()
            .map(|slot| &slot.name)
            .find(|name| name.target == target && name.version == version)
    }

    /// Writes a model to disk and swaps it in. A model equal to the one served changes nothing.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be written; what was served before still is.
    pub fn publish(&self, artefact: Artefact) -> Result<Option<Published>, StorageError> {
        let Some(slot) = self.slots.get(&artefact.info.name) else {
            return Ok(None);
        };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = artefact.encode();
        let current = slot.current.load_full();
        if let Some(served) = &current
            && served.artefact.encode() == bytes
        {
            return Ok(Some(Published {
                revision: served.revision,
                changed: false,
            }));
        }
        let folder = self.folder(slot);
        let newest = match &folder {
            Some(folder) => folder.revisions()?.last().copied(),
            None => current.map(|served| served.revision),
        };
        let revision = newest.unwrap_or(0) + 1;
        if let Some(folder) = &folder {
            folder.save(revision, &bytes)?;
        }
        slot.current
            .store(Some(Arc::new(Served { revision, artefact })));
        if let Some(folder) = &folder {
            folder.prune(self.options.keep_revisions.max(1), revision)?;
        }
        Ok(Some(Published {
            revision,
            changed: true,
        }))
    }

    /// Serves the newest sound revision before the current one again. The revision rolled back
    /// from stays on disk; a later training gives a new revision above it.
    ///
    /// # Errors
    /// [`StorageError`] where the folder cannot be read or written. `Ok(None)` where there is no
    /// earlier revision.
    pub fn roll_back(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = self.slots.get(name) else {
            return Ok(None);
        };
        let (Some(folder), Some(served)) = (self.folder(slot), slot.current.load_full()) else {
            return Ok(None);
        };
        for revision in folder.revisions()?.into_iter().rev() {
            if revision < served.revision
                && let Ok(earlier) = folder.load(revision, &self.options.formats)
            {
                folder.set_current(revision)?;
                slot.current.store(Some(Arc::new(earlier)));
                return Ok(Some(revision));
            }
        }
        Ok(None)
    }

    /// Looks at the disk again and serves whatever has become current there, for a process that
    /// serves what another one trains. A slot whose current file is damaged goes on serving what it
    /// served; its error is returned beside the others.
    pub fn refresh(&self) -> Vec<StorageError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut damaged = Vec::new();
        for slot in self.slots.values() {
            let Some(folder) = self.folder(slot) else {
                continue;
            };
            let served = slot.current.load().as_ref().map(|served| served.revision);
            let loaded = folder.current().and_then(|current| match current {
                Some(revision) if Some(revision) != served => {
                    self.load(slot, &folder, revision).map(Some)
                }
                _ => Ok(None),
            });
            match loaded {
                Ok(Some(served)) => slot.current.store(Some(Arc::new(served))),
                Ok(None) => {}
                Err(error) => damaged.push(error),
            }
        }
        damaged
    }
}
