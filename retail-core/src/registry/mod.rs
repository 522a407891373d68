//! Versioned models: on disk as self-describing artefacts, in memory ready to predict.
//!
//! Each model has a *slot*, named like `linear_model_1`, which serves one *revision* at a time.
//! A new revision is written whole, then swapped in without a gap. Earlier ones are kept, up to a
//! bound, to roll back to.

mod artefact;
mod check;
mod current;
mod discover;
mod opening;
mod options;
mod slot;
mod store;
pub(crate) mod temporaries;
#[cfg(test)]
mod tests;
pub(crate) mod verify;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use self::artefact::head;
use self::discover::Slots;
use self::slot::Slot;
use self::store::SlotFolder;
use crate::error::StorageError;

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
    /// Why models in the folder that are in no slot cannot be served.
    unplaced: Mutex<Vec<Arc<StorageError>>>,
    /// Held while a revision is written, so that revisions are numbered and swapped in order.
    writing: Mutex<()>,
}

impl Registry {
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

    /// Writes a model to disk and swaps it in. A model equal to the one served changes nothing, except
    /// that the folder names it as the current one again, if it did not.
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
        let folder = self.folder(&slot);
        if let Some(served) = &current
            && served.artefact.info == artefact.info
            && served.artefact.encode()? == bytes
        {
            if !served.is_named
                && let Some(folder) = &folder
            {
                folder.set_current(served.revision, self.options.mode)?;
                slot.serve(Served {
                    is_named: true,
                    ..Served::clone(served)
                });
            }
            return Ok(Some(Published {
                revision: served.revision,
                changed: false,
            }));
        }
        let on_disk = match &folder {
            Some(folder) => folder.revisions()?.last().copied(),
            None => None,
        };
        // Above what is served, even if its file has been removed: a number is given once.
        let newest = on_disk.max(current.map(|served| served.revision));
        let revision = newest.unwrap_or(0).saturating_add(1);
        if let Some(folder) = &folder {
            Artefact::decode(&bytes, &folder.path(revision), &self.options.formats)?;
            folder.save(revision, &bytes, self.options.mode)?;
        }
        slot.serve(Served {
            revision,
            artefact,
            head: head(&bytes).to_vec(),
            is_named: true,
        });
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
        let Some(earlier) = folder.newest_sound(Some(served.revision), &self.options.formats)?
        else {
            return Ok(None);
        };
        let revision = earlier.revision;
        folder.set_current(revision, self.options.mode)?;
        slot.serve(Served {
            is_named: true,
            ..earlier
        });
        Ok(Some(revision))
    }
}
