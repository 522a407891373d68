//! Versioned models: on disk as self-describing artefacts, in memory ready to predict.
//!
//! Each model has a *slot*, named like `linear_model_1`, which serves one *revision* at a time.
//! A new revision is written whole, then swapped in without a gap. Earlier ones are kept, up to a
//! bound, to roll back to.
//!
//! An operator may [promote](Registry::promote) any revision that is kept, or
//! [roll back](Registry::roll_back) to the one before. Either is served until the next training gives
//! a new one. A model that is [pinned](Registry::pin) stays at its revision: later trainings are saved
//! and not served. An [`Alias`] is a name that stays with a revision, whatever is served. The revisions
//! that are pinned or have a name do not count against the bound, and are not removed.
//!
//! All of this is on disk before it is in force, and survives a restart: `current` in the folder of the
//! model names the revision that is served and says whether it is pinned, and `aliases` has the
//! names. Each is a line with a checksum, and is replaced in one step. If one is damaged,
//! [`Registry::faults`] says so, and what was in force before still is; as long as names cannot be
//! read, no revision is removed. Pins and names that another process has set in the folder are heeded
//! before anything is written.
//!
//! A third file, `traffic`, says who [answers besides the model](TrafficPlan). It is for whoever serves the models:
//! the registry keeps it, and the revisions that it names.

mod alias;
mod artefact;
mod change;
mod check;
mod current;
mod discover;
mod opening;
mod operate;
mod options;
mod portable;
mod publish;
mod revisions;
mod slot;
mod store;
pub(crate) mod temporaries;
#[cfg(test)]
mod tests;
mod traffic;
pub(crate) mod verify;

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use self::discover::Slots;
use self::slot::Slot;
use self::store::SlotFolder;
use crate::error::StorageError;

pub use alias::{Alias, AliasError, Aliases};
pub use artefact::{Artefact, HoldOutResult, ModelInfo, Slice};
pub use change::{Change, ChangeError, RevisionRef, SlotState};
pub use options::{Published, RegistryOptions};
pub(crate) use slot::StandardModels;
pub use slot::{Served, SlotName, standard_slots};
pub use traffic::{ContenderRef, TrafficPlan, TrafficSplit};

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

    /// The slot of this version of a target, if there is one.
    #[must_use]
    pub fn find_slot(&self, target: &str, version: u32) -> Option<Arc<SlotName>> {
        let slots = self.slots.load();
        let is_asked =
            |slot: &&Arc<Slot>| slot.name.version == version && slot.name.target == target;
        let slot = slots.values().find(is_asked)?;
        Some(Arc::clone(&slot.name))
    }

    /// What the slot of this name serves; `None` if nothing is trained, or no such slot exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Served>> {
        self.slots.load().get(name)?.current.load_full()
    }
}
