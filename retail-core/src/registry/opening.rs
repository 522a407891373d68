//! What a registry finds in its folder: at first, and when it looks again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::discover::{Slots, discover};
use super::slot::Slot;
use super::store::{Look, SlotFolder};
use super::{Registry, RegistryOptions, SlotName};
use crate::error::StorageError;
use crate::storage;

impl Registry {
    /// A registry of these slots, with what is on disk already.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be used; without [`RegistryOptions::recover`] also if
    /// the current revision of a slot is damaged or belongs elsewhere, or if what names it is.
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
    ///
    /// let dir = tempfile::tempdir()?;
    /// let mut engine = Engine::builder(EngineConfig::default())?.dir(dir.path()).open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?))?;
    ///
    /// let registry = Registry::discover(dir.path().join("models"), RegistryOptions::default())?;
    /// assert_eq!(registry.iter().count(), 9);
    /// assert!(registry.faults().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be read. Without [`RegistryOptions::recover`] also if a
    /// model in it is damaged, and [`StorageError::Misplaced`] if a model says that it is another one
    /// than its folder, or of the same target and version as another model.
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
            storage::create_dir(dir, options.mode)?;
        }
        let mut all = Slots::new();
        for name in slots {
            let mut look = match &options.dir {
                Some(dir) => SlotFolder::of(dir, &name).look(None, &options),
                None => Look::default(),
            };
            if !options.recover
                && let Some(fault) = look.fault.take().or_else(|| look.alias_fault.take())
            {
                return Err(fault);
            }
            all.insert(name.name.clone(), Slot::new(name, false, look));
        }
        let registry = Self {
            slots: ArcSwap::from_pointee(all),
            options,
            discovers,
            unplaced: Mutex::default(),
            writing: Mutex::new(()),
        };
        let mut unplaced = registry.add_found();
        if !registry.options.recover && !unplaced.is_empty() {
            return Err(unplaced.swap_remove(0));
        }
        for slot in registry.slots.load().values() {
            slot.warn();
        }
        for error in &unplaced {
            tracing::warn!("{error}; it is not served");
        }
        registry.keep_unplaced(unplaced);
        Ok(registry)
    }

    fn keep_unplaced(&self, errors: Vec<StorageError>) {
        let mut unplaced = self.unplaced.lock().unwrap_or_else(PoisonError::into_inner);
        *unplaced = errors.into_iter().map(Arc::new).collect();
    }

    /// What was wrong in the folder when it was last looked at, by [`Registry::open`] or
    /// [`Registry::refresh`]: which files are damaged, missing or out of place, and what can be done.
    /// Models with a fault serve their newest sound revision, or what they served before; those that
    /// have neither are not served. A model that has been published since has no fault any more.
    #[must_use]
    pub fn faults(&self) -> Vec<Arc<StorageError>> {
        let slots = self.slots.load();
        let mut faults: Vec<_> = slots.values().flat_map(|slot| slot.faults()).collect();
        let unplaced = self.unplaced.lock().unwrap_or_else(PoisonError::into_inner);
        faults.extend(unplaced.iter().cloned());
        faults
    }

    /// Looks at the disk again and serves what has become current there, for a process that
    /// serves what another one trains. A model whose current revision cannot be served goes on
    /// serving what it served. Returns the [faults](Registry::faults).
    pub fn refresh(&self) -> Vec<Arc<StorageError>> {
        let _writing = self.lock();
        for slot in self.slots.load().values() {
            if let Some(folder) = self.folder(slot) {
                let served = slot.current.load_full();
                slot.follow(folder.look(served.as_deref(), &self.options));
            }
        }
        self.keep_unplaced(self.add_found());
        self.faults()
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
}
