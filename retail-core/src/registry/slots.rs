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
    /// Whether a damaged current revision is passed over in favour of the newest sound one before
    /// it.
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
            if let Some(served) = registry.load_current(slot, &folder, None)? {
                slot.current.store(Some(Arc::new(served)));
            }
        }
        Ok(registry)
    }

    fn folder(&self, slot: &Slot) -> Option<SlotFolder> {
        let dir = self.options.dir.as_ref()?;
        Some(SlotFolder::new(dir, &slot.name.name))
    }

    /// What is current on disk; `None` where there is nothing, or it is the revision `known`.
    fn load_current(
        &self,
        slot: &Slot,
        folder: &SlotFolder,
        known: Option<u64>,
    ) -> Result<Option<Served>, StorageError> {
        let (mut revision, mut error) = match folder.current() {
            Ok(None) => return Ok(None),
            Ok(revision) if revision == known => return Ok(None),
            Ok(Some(revision)) => match self.load(slot, folder, revision) {
                Ok(served) => return Ok(Some(served)),
                Err(error) => (revision, error),
            },
            Err(error) => (u64::MAX, error),
        };
        // While a revision is being read, another process may publish one and remove this one.
        while let Ok(Some(newer)) = folder.current()
            && newer > revision
        {
            match self.load(slot, folder, newer) {
                Ok(served) => return Ok(Some(served)),
                Err(newer_error) => (revision, error) = (newer, newer_error),
            }
        }
        if !self.options.recover {
            return Err(error);
        }
        tracing::warn!("{error}; looking for an earlier revision");
        let older = folder.revisions()?.into_iter().rev();
        let sound = older
            .filter(|&candidate| candidate < revision)
            .find_map(|candidate| self.load(slot, folder, candidate).ok());
        match sound {
            Some(served) if Some(served.revision) == known => Ok(None),
            Some(served) => Ok(Some(served)),
            None => Err(error),
        }
    }

    fn load(
        &self,
        slot: &Slot,
        folder: &SlotFolder,
        revision: u64,
    ) -> Result<Served, StorageError> {
        let served = folder.load(revision, &self.options.formats)?;
        let info = &served.artefact.info;
        if info.target == slot.name.target && info.version == slot.name.version {
            return Ok(served);
        }
        Err(StorageError::Foreign {
            path: folder.path(revision),
            detail: format!(
                "expected a model of {} version {}, got {} version {}",
                slot.name.target, slot.name.version, info.target, info.version
            ),
        })
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
    /// `Ok(None)` where there is no slot of its name.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be written, and [`StorageError::Corrupt`] or
    /// [`StorageError::Foreign`] where it could not be read again: its format is not among
    /// [`RegistryOptions::formats`], or its JSON is not what the format's reader takes. What was
    /// served before still is.
    pub fn publish(&self, artefact: Artefact) -> Result<Option<Published>, StorageError> {
        let Some(slot) = self.slots.get(&artefact.info.name) else {
            return Ok(None);
        };
        let bytes = artefact.encode();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = slot.current.load_full();
        if let Some(served) = &current
            && served.artefact.info == artefact.info
            && served.artefact.encode() == bytes
        {
            return Ok(Some(Published {
                revision: served.revision,
                changed: false,
            }));
        }
        let folder = self.folder(slot);
        let on_disk = match &folder {
            Some(folder) => folder.revisions()?.last().copied(),
            None => None,
        };
        // Above what is served even where its file has been removed: a number is given once.
        let newest = on_disk.max(current.map(|served| served.revision));
        let revision = newest.unwrap_or(0).saturating_add(1);
        if let Some(folder) = &folder {
            Artefact::decode(&bytes, &folder.path(revision), &self.options.formats)?;
            folder.save(revision, &bytes)?;
        }
        slot.current
            .store(Some(Arc::new(Served { revision, artefact })));
        if let Some(folder) = &folder
            && let Err(error) = folder.prune(self.options.keep_revisions.max(1), revision)
        {
            // The model is saved and served; the next one tidies up again.
            tracing::warn!("{error}");
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
                && let Ok(earlier) = self.load(slot, &folder, revision)
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
            let loaded = self.load_current(slot, &folder, served);
            match loaded {
                Ok(Some(served)) => slot.current.store(Some(Arc::new(served))),
                Ok(None) => {}
                Err(error) => damaged.push(error),
            }
        }
        damaged
    }
}
