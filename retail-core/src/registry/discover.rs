use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::slot::Slot;
use super::store::{Look, SlotFolder};
use super::{ModelInfo, RegistryOptions, SlotName};
use crate::error::StorageError;
use crate::storage;

/// Slots by name.
pub(super) type Slots = BTreeMap<String, Arc<Slot>>;

/// What a look at a folder of models gives.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Models that are not among the known slots, some of them with a fault.
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
        let look = folder.look(None, options);
        match look {
            Look {
                served: Some(ref served),
                ..
            } => found.add(dir, &served.artefact.info.clone(), look, known),
            // Without a fault: a model that is still to come, or no model at all.
            Look { fault, .. } => found.errors.extend(fault),
        }
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, dir: &Path, info: &ModelInfo, look: Look, known: &Slots) {
        let slot = SlotName {
            name: info.name.clone(),
            target: info.target.clone(),
            version: info.version,
        };
        let same = |other: &&Arc<Slot>| {
            (&other.name.target, other.name.version) == (&slot.target, slot.version)
        };
        let (name, other) = match known.values().chain(&self.slots).find(same) {
            None => {
                return self.slots.push(Slot::new(slot, true, look));
            }
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
    // The engine gives its models names in ASCII: any other folder is not a model's.
    let entries = storage::entries(dir)?.into_iter();
    Ok(entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}
