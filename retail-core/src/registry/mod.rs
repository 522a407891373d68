//! Versioned models: on disk as self-describing artefacts, in memory ready to predict.
//!
//! Each model has a *slot*, named like `linear_model_1`, which serves one *revision* at a time.
//! A new revision is written whole, then swapped in without a gap. Earlier ones are kept, up to a
//! bound, to roll back to.

mod artefact;
mod check;
mod discover;
mod options;
mod slot;
mod store;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use self::artefact::head;
use self::discover::{Slots, discover};
use self::slot::Slot;
use self::store::SlotFolder;
use crate::error::StorageError;
use crate::storage;

pub use artefact::{Artefact, HoldOutResult, ModelInfo, Slice};
pub use options::{Published, RegistryOptions};
pub(crate) use slot::StandardModels;
pub use slot::{Served, SlotName, standard_slots};

/// The models that are being served, by slot.
///
/// Readers never wait: a slot's model is swapped as a whole, and whoever is predicting with the
/// earlier revision finishes with it.
#[derive(Debug)]
pub struct Registry {
    slots: ArcSwap<Slots>,
    options: RegistryOptions,
    /// Whether models of other slots are served too, when they are found in the folder.
    discovers: bool,
    /// Held while a revision is written, so that revisions are numbered and swapped in order.
    writing: Mutex<()>,
}

impl Registry {
    /// A registry of these slots, with what is on disk already.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be used, or if the current revision of a slot is
    /// damaged or belongs elsewhere (unless [`RegistryOptions::recover`] is set and an older one is
    /// sound).
    pub fn open(slots: Vec<SlotName>, options: RegistryOptions) -> Result<Self, StorageError> {
        Self::with_slots(slots, options, false)
    }

    /// A registry of every model in the folder `dir`, under any name: each artefact says itself
    /// which target and version it is of. [`Registry::refresh`] finds those that come later.
    ///
    /// ```
    /// use retail_core::engine::{Engine, EngineConfig};
    /// use retail_core::registry::{Registry, RegistryOptions};
    /// use retail_core::source::SyntheticSource;
    /// use retail_core::train::ModelFormats;
    ///
    /// let dir = tempfile::tempdir()?;
    /// let mut engine = Engine::builder(EngineConfig::default())?.dir(dir.path()).open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?))?;
    ///
    /// let options = RegistryOptions {
    ///     dir: None, keep_revisions: 3, formats: ModelFormats::default(), recover: false,
    /// };
    /// let registry = Registry::discover(dir.path().join("models"), options)?;
    /// assert_eq!(registry.iter().count(), 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be read, if a model in it is damaged (unless
    /// [`RegistryOptions::recover`] is set), and [`StorageError::Misplaced`] if a model says that
    /// it is another one than its folder, or of the same target and version as another model.
    pub fn discover(
        dir: impl Into<PathBuf>,
        options: RegistryOptions,
    ) -> Result<Self, StorageError> {
        let options = RegistryOptions {
            dir: Some(dir.into()),
            ..options
        };
        Self::open_and_discover(Vec::new(), options)
    }

    /// A registry of these slots and of every other model in the folder. A model that is found of
    /// a target and version that one of these slots has is not served.
    ///
    /// # Errors
    /// Those of [`Registry::open`] and of [`Registry::discover`].
    pub fn open_and_discover(
        slots: Vec<SlotName>,
        options: RegistryOptions,
    ) -> Result<Self, StorageError> {
        Self::with_slots(slots, options, true)
    }

    fn with_slots(
        slots: Vec<SlotName>,
        options: RegistryOptions,
        discovers: bool,
    ) -> Result<Self, StorageError> {
        if let Some(dir) = &options.dir {
            storage::create_dir(dir)?;
        }
        let mut all = Slots::new();
        for name in slots {
            let served = match &options.dir {
                Some(dir) => SlotFolder::of(dir, &name).load_current(None, &options)?,
                None => None,
            };
            all.insert(name.name.clone(), Slot::new(name, false, served));
        }
        let registry = Self {
            slots: ArcSwap::from_pointee(all),
            options,
            discovers,
            writing: Mutex::new(()),
        };
        for error in registry.add_found() {
            if !registry.options.recover {
                return Err(error);
            }
            tracing::warn!("{error}; it is not served");
        }
        Ok(registry)
    }

    /// Adds the models that are in the folder and in no slot yet; says which cannot be served.
    fn add_found(&self) -> Vec<StorageError> {
        let Some(dir) = self.options.dir.as_ref().filter(|_| self.discovers) else {
            return Vec::new();
        };
        let known = self.slots.load();
        match discover(dir, &known, &self.options) {
            Ok(found) if found.slots.is_empty() => found.errors,
            Ok(found) => {
                let mut all = Slots::clone(&known);
                let named = |slot: Arc<Slot>| (slot.name.name.clone(), slot);
                all.extend(found.slots.into_iter().map(named));
                self.slots.store(Arc::new(all));
                found.errors
            }
            Err(error) => vec![error],
        }
    }

    fn folder<'a>(&self, slot: &'a Slot) -> Option<SlotFolder<'a>> {
        let dir = self.options.dir.as_ref()?;
        Some(SlotFolder::of(dir, &slot.name))
    }

    fn find(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots.load().get(name).cloned()
    }

    /// Every slot, in the order of names, with what it serves.
    pub fn iter(&self) -> impl Iterator<Item = (Arc<SlotName>, Option<Arc<Served>>)> + use<> {
        let slots: Vec<_> = self.slots.load().values().cloned().collect();
        let shown = |slot: Arc<Slot>| (Arc::clone(&slot.name), slot.current.load_full());
        slots.into_iter().map(shown)
    }

    /// What the slot of this name serves; `None` if nothing is trained, or no such slot exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Served>> {
        self.find(name)?.current.load_full()
    }

    /// Writes a model to disk and swaps it in. A model equal to the one served changes nothing.
    /// `Ok(None)` if there is no slot of its name.
    ///
    /// # Errors
    /// [`StorageError`] if it cannot be written, and [`StorageError::Corrupt`] or
    /// [`StorageError::Foreign`] if it could not be read again: its format is not among
    /// [`RegistryOptions::formats`], or its JSON is not what the format's reader takes. What was
    /// served before still is.
    pub fn publish(&self, artefact: Artefact) -> Result<Option<Published>, StorageError> {
        let Some(slot) = self.find(&artefact.info.name) else {
            return Ok(None);
        };
        let bytes = artefact.encode()?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = slot.current.load_full();
        if let Some(served) = &current
            && served.artefact.info == artefact.info
            && served.artefact.encode()? == bytes
        {
            return Ok(Some(Published {
                revision: served.revision,
                changed: false,
            }));
        }
        let folder = self.folder(&slot);
        let on_disk = match &folder {
            Some(folder) => folder.revisions()?.last().copied(),
            None => None,
        };
        // Above what is served, even if its file has been removed: a number is given once.
        let newest = on_disk.max(current.map(|served| served.revision));
        let revision = newest.unwrap_or(0).saturating_add(1);
        if let Some(folder) = &folder {
            Artefact::decode(&bytes, &folder.path(revision), &self.options.formats)?;
            folder.save(revision, &bytes)?;
        }
        slot.current.store(Some(Arc::new(Served {
            revision,
            artefact,
            head: head(&bytes).to_vec(),
        })));
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

    /// Serves the newest sound revision before the current one again, and returns its number. The
    /// revision rolled back from stays on disk; a later training gives a new revision above it.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be read or written. `Ok(None)` if there is no such
    /// slot, or no earlier revision.
    pub fn roll_back(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = self.find(name) else {
            return Ok(None);
        };
        let (Some(folder), Some(served)) = (self.folder(&slot), slot.current.load_full()) else {
            return Ok(None);
        };
        let Some(earlier) = folder.sound_before(served.revision, &self.options.formats)? else {
            return Ok(None);
        };
        let revision = earlier.revision;
        folder.set_current(revision)?;
        slot.current.store(Some(Arc::new(earlier)));
        Ok(Some(revision))
    }

    /// Looks at the disk again and serves what has become current there, for a process that
    /// serves what another one trains. A slot whose current file is damaged goes on serving what it
    /// served; its error is returned beside the others.
    pub fn refresh(&self) -> Vec<StorageError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut errors = Vec::new();
        for slot in self.slots.load().values() {
            let Some(folder) = self.folder(slot) else {
                continue;
            };
            let served = slot.current.load_full();
            match folder.load_current(served.as_deref(), &self.options) {
                Ok(Some(served)) => slot.current.store(Some(Arc::new(served))),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        errors.extend(self.add_found());
        errors
    }
}
