//! How a model that was trained becomes a revision.

use std::time::SystemTime;

use super::artefact::head;
use super::current::Current;
use super::slot::Slot;
use super::store::SlotFolder;
use super::{Artefact, Published, Registry, Served};
use crate::error::StorageError;

impl Registry {
    /// Writes a model to disk and swaps it in. If the slot is [pinned](Registry::pin), it is written
    /// and not served; without a folder, it is dropped then. A model equal to the one served, or to
    /// the newest one of a slot that is pinned, changes nothing, except that the folder names the one
    /// served as the current one again, if it did not. `Ok(None)` if there is no slot of its name.
    ///
    /// # Errors
    /// [`StorageError`] if it cannot be written, and [`StorageError::Corrupt`] or
    /// [`StorageError::Foreign`] if it could not be read again: its format is not among
    /// [`RegistryOptions::formats`](super::RegistryOptions::formats), or its JSON is not what the
    /// format's reader takes. What was served before still is.
    pub fn publish(&self, artefact: Artefact) -> Result<Option<Published>, StorageError> {
        let Some(slot) = self.find(&artefact.info.name) else {
            return Ok(None);
        };
        let bytes = artefact.encode()?;
        let _writing = self.lock();
        self.heed_others(&slot);
        let folder = self.folder(&slot);
        let served = slot.current.load_full();
        if let Some(served) = &served
            && served.artefact.info == artefact.info
            && served.artefact.encode()? == bytes
        {
            self.name_again(&slot, served)?;
            return Ok(Some(Published {
                revision: served.revision,
                changed: false,
                served: true,
            }));
        }
        let on_disk = match &folder {
            Some(folder) => folder.revisions()?.last().copied(),
            None => None,
        };
        // Above what is served, even if its file has been removed: a number is given once.
        let newest = on_disk.max(served.as_ref().map(|served| served.revision));
        if let Some(pinned) = served.as_deref().filter(|served| served.is_pinned) {
            self.name_again(&slot, pinned)?;
            return self
                .save_beside(pinned, folder.as_ref(), newest, &bytes)
                .map(Some);
        }
        let revision = newest.unwrap_or(0).saturating_add(1);
        if let Some(folder) = &folder {
            self.save(folder, revision, &bytes)?;
            let current = Current {
                revision,
                pinned: false,
            };
            folder.set_current(current, self.options.mode)?;
        }
        slot.serve(Served {
            revision,
            artefact,
            written_at: SystemTime::now(),
            head: head(&bytes).to_vec(),
            is_named: true,
            is_pinned: false,
        });
        if let Some(folder) = &folder {
            self.prune(folder, revision);
        }
        Ok(Some(Published {
            revision,
            changed: true,
            served: true,
        }))
    }

    /// Saves a model that is not served, because another one is pinned.
    fn save_beside(
        &self,
        pinned: &Served,
        folder: Option<&SlotFolder<'_>>,
        newest: Option<u64>,
        bytes: &[u8],
    ) -> Result<Published, StorageError> {
        let newest = newest.unwrap_or(pinned.revision);
        let mut published = Published {
            revision: newest,
            changed: false,
            served: false,
        };
        if let Some(folder) = folder
            && !folder.holds(newest, bytes)
        {
            published.revision = newest.saturating_add(1);
            published.changed = true;
            self.save(folder, published.revision, bytes)?;
            self.prune(folder, pinned.revision);
        }
        Ok(published)
    }

    /// Makes sure that the folder names what is served.
    fn name_again(&self, slot: &Slot, served: &Served) -> Result<(), StorageError> {
        if let Some(folder) = self.folder(slot)
            && (!served.is_named || slot.fault.load().is_some())
        {
            let current = Current {
                revision: served.revision,
                pinned: served.is_pinned,
            };
            folder.set_current(current, self.options.mode)?;
            slot.serve(Served {
                is_named: true,
                ..served.clone()
            });
        }
        Ok(())
    }

    /// Writes a revision that can be read again.
    fn save(
        &self,
        folder: &SlotFolder<'_>,
        revision: u64,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        Artefact::decode(bytes, &folder.path(revision), &self.options.formats)?;
        folder.save(revision, bytes, self.options.mode)
    }

    fn prune(&self, folder: &SlotFolder<'_>, current: u64) {
        if let Err(error) = folder.prune(self.options.keep_revisions.max(1), current) {
            // The model is saved; the next one tidies up again.
            tracing::warn!("{error}");
        }
    }
}
