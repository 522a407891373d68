use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::slot::Slot;
use super::store::SlotFolder;
use super::{RegistryOptions, Served, SlotName};
use crate::error::StorageError;

/// Slots by name.
pub(super) type Slots = BTreeMap<String, Arc<Slot>>;

/// What a look at a folder of models gives.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Models that are not among the known slots.
    pub(super) slots: Vec<Arc<Slot>>,
    /// Folders whose models cannot be served, and why.
    pub(super) errors: Vec<StorageError>,
}

/// Looks in `dir` for models that are not in `known`. Each artefact says itself which target and
/// version it is of. Of two that say the same, the second is an error; but a slot that was asked for
/// goes before any model that is found.
pub(super) fn discover(
    dir: &Path,
    known: &Slots,
    options: &RegistryOptions,
) -> Result<Found, StorageError> {
    let mut found = Found::default();
    for name in folders(dir)? {
        if known.contains_key(&name) {
            continue;
        }
        let folder = SlotFolder::found(dir, &name);
        match folder.load_current(None, options) {
            // A folder without revisions: a model that is still to come, or no model at all.
            Ok(None) => {}
            Ok(Some(served)) => found.add(dir, served, known),
            Err(error) => found.errors.push(error),
        }
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, dir: &Path, served: Served, known: &Slots) {
        let info = &served.artefact.info;
        let slot = SlotName {
            name: info.name.clone(),
            target: info.target.clone(),
            version: info.version,
        };
        let same = |other: &&Arc<Slot>| {
            (&other.name.target, other.name.version) == (&slot.target, slot.version)
        };
        let (name, other) = match known.values().chain(&self.slots).find(same) {
            None => return self.slots.push(Slot::new(slot, true, Some(served))),
            Some(other) => (slot.name.as_str(), other.name.name.as_str()),
        };
        if known.get(other).is_some_and(|slot| !slot.is_found) {
            tracing::debug!("{name} is not served: {other} has its target and version");
            return;
        }
        self.errors.push(StorageError::Misplaced {
            path: dir.join(name),
            detail: format!(
                "{} version {} is the model {other} already",
                slot.target, slot.version
            ),
        });
    }
}

/// The names of the folders in `dir`, in their order.
fn folders(dir: &Path) -> Result<Vec<String>, StorageError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(StorageError::io("list", dir))? {
        let entry = entry.map_err(StorageError::io("list", dir))?;
        // The engine gives its models names in ASCII: any other folder is not a model's.
        if entry.path().is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
