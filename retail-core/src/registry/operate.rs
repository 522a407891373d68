//! What an operator changes: which revision is served, whether it stays, and which have a name.
//!
//! Each change is one file, replaced in one step. A process that is killed on the way leaves the
//! state before or the state after.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::alias::{Alias, Aliases};
use super::change::{Change, ChangeError, RevisionRef, SlotState};
use super::current::Current;
use super::slot::Slot;
use super::{Registry, Served, SlotName};

impl Registry {
    /// What a model serves, and the names of its revisions.
    ///
    /// # Errors
    /// [`ChangeError::UnknownModel`].
    pub fn state(&self, name: &str) -> Result<SlotState, ChangeError> {
        Ok(self.slot(name)?.state())
    }

    /// Serves the newest sound revision before the current one again. The revision rolled back from
    /// stays on disk; a later training gives a new revision above it.
    ///
    /// # Errors
    /// [`ChangeError::NoEarlier`] if there is none; [`ChangeError::Pinned`]; [`ChangeError::NotTrained`];
    /// [`ChangeError::UnknownModel`]; [`ChangeError::Storage`].
    pub fn roll_back(&self, name: &str) -> Result<Change, ChangeError> {
        self.change(name, |slot, served| {
            let no_earlier = || ChangeError::NoEarlier {
                name: name.to_owned(),
                revision: served.revision,
            };
            unpinned(slot, served)?;
            let folder = self.folder(slot).ok_or_else(no_earlier)?;
            let earlier = folder.newest_sound(Some(served.revision), &self.options.formats)?;
            self.name_and_serve(slot, earlier.ok_or_else(no_earlier)?, false)
        })
    }

    /// Serves this revision, until a later one is trained.
    ///
    /// ```
    /// use retail_core::engine::{Engine, EngineConfig};
    /// use retail_core::registry::Alias;
    /// use retail_core::source::SyntheticSource;
    ///
    /// let dir = tempfile::tempdir()?;
    /// let mut engine = Engine::builder(EngineConfig::default())?.dir(dir.path()).open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?))?;
    ///
    /// let registry = engine.registry();
    /// registry.set_alias("linear_model_3", Alias::Champion, 1)?;
    /// let change = registry.promote("linear_model_3", Alias::Champion)?;
    /// assert_eq!(change.after.revision, Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ChangeError::Pinned`] if the model is pinned to another one; [`ChangeError::UnknownRevision`],
    /// [`ChangeError::UnsetAlias`], [`ChangeError::NotTrained`], [`ChangeError::UnknownModel`];
    /// [`ChangeError::Storage`] also if the revision is damaged.
    pub fn promote(
        &self,
        name: &str,
        revision: impl Into<RevisionRef>,
    ) -> Result<Change, ChangeError> {
        let revision = revision.into();
        self.change(name, |slot, served| {
            let wanted = self.find_revision(slot, revision)?;
            if served.is_pinned && wanted != served.revision {
                unpinned(slot, served)?;
            }
            self.serve_revision(slot, served, wanted, served.is_pinned)
        })
    }

    /// Serves this revision, or the one that is served, until the pin is taken off: later trainings
    /// are saved and not served.
    ///
    /// # Errors
    /// Those of [`Registry::promote`].
    pub fn pin(&self, name: &str, revision: Option<RevisionRef>) -> Result<Change, ChangeError> {
        self.change(name, |slot, served| {
            let wanted = match revision {
                None => served.revision,
                Some(revision) => self.find_revision(slot, revision)?,
            };
            if served.is_pinned && wanted != served.revision {
                unpinned(slot, served)?;
            }
            self.serve_revision(slot, served, wanted, true)
        })
    }

    /// Takes the pin off. The revision goes on being served until another one is trained or promoted.
    ///
    /// # Errors
    /// [`ChangeError::NotTrained`], [`ChangeError::UnknownModel`] and [`ChangeError::Storage`].
    pub fn unpin(&self, name: &str) -> Result<Change, ChangeError> {
        self.change(name, |slot, served| {
            self.serve_revision(slot, served, served.revision, false)
        })
    }

    /// Gives this revision a name, which it keeps whatever is served. A revision with a name is kept.
    ///
    /// # Errors
    /// [`ChangeError::UnknownRevision`], [`ChangeError::UnsetAlias`], [`ChangeError::NotTrained`],
    /// [`ChangeError::UnknownModel`]; [`ChangeError::Storage`] also if the revision or the file of
    /// aliases is damaged.
    pub fn set_alias(
        &self,
        name: &str,
        alias: Alias,
        revision: impl Into<RevisionRef>,
    ) -> Result<Change, ChangeError> {
        let revision = revision.into();
        self.change(name, |slot, served| {
            let revision = self.find_revision(slot, revision)?;
            if let Some(folder) = self.folder(slot)
                && revision != served.revision
            {
                folder.load(revision, &self.options.formats)?;
            }
            self.change_aliases(slot, |aliases| {
                aliases.insert(alias, revision);
            })
        })
    }

    /// Takes a name away from the revision that has it, if one has.
    ///
    /// # Errors
    /// [`ChangeError::NotTrained`], [`ChangeError::UnknownModel`] and [`ChangeError::Storage`].
    pub fn remove_alias(&self, name: &str, alias: Alias) -> Result<Change, ChangeError> {
        self.change(name, |slot, _| {
            self.change_aliases(slot, |aliases| {
                aliases.remove(&alias);
            })
        })
    }

    pub(super) fn slot(&self, name: &str) -> Result<Arc<Slot>, ChangeError> {
        self.find(name).ok_or_else(|| ChangeError::UnknownModel {
            name: name.to_owned(),
            known: self.slots.load().keys().cloned().collect(),
        })
    }

    /// Changes one thing about a model, while nobody else writes.
    fn change(
        &self,
        name: &str,
        change: impl FnOnce(&Slot, &Arc<Served>) -> Result<(), ChangeError>,
    ) -> Result<Change, ChangeError> {
        let _writing = self.lock();
        let slot = self.slot(name)?;
        self.heed_others(&slot);
        let before = slot.state();
        let Some(served) = slot.current.load_full() else {
            return Err(ChangeError::NotTrained {
                name: name.to_owned(),
            });
        };
        change(&slot, &served)?;
        Ok(Change {
            before,
            after: slot.state(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ()> {
        // What is written is whole at any moment.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what another process has pinned, unpinned or named meanwhile: it is not to be undone.
    pub(super) fn heed_others(&self, slot: &Slot) {
        let Some(folder) = self.folder(slot) else {
            return;
        };
        let served = slot.current.load_full();
        let known = served.as_ref().map(|served| Current {
            revision: served.revision,
            pinned: served.is_pinned,
        });
        let has_pin = |current: &Current| current.pinned;
        if let Ok(Some(on_disk)) = folder.current()
            && known != Some(on_disk)
            && (has_pin(&on_disk) || known.as_ref().is_some_and(has_pin))
        {
            slot.follow(folder.look(served.as_deref(), &self.options));
        } else if let Ok(aliases) = folder.aliases() {
            slot.aliases.store(Arc::new(aliases));
        }
    }

    /// The number of a revision that is there.
    fn find_revision(&self, slot: &Slot, revision: RevisionRef) -> Result<u64, ChangeError> {
        let number = slot.number(revision)?;
        let kept_revisions = self.kept(slot)?;
        if kept_revisions.contains(&number) {
            return Ok(number);
        }
        Err(ChangeError::UnknownRevision {
            name: slot.name.name.clone(),
            revision: number,
            kept_revisions,
        })
    }

    /// Serves a revision that is there.
    fn serve_revision(
        &self,
        slot: &Slot,
        served: &Arc<Served>,
        revision: u64,
        pinned: bool,
    ) -> Result<(), ChangeError> {
        if revision != served.revision {
            let Some(folder) = self.folder(slot) else {
                return Ok(());
            };
            let wanted = folder.load(revision, &self.options.formats)?;
            return self.name_and_serve(slot, wanted, pinned);
        }
        let is_sound = served.is_named && slot.fault.load().is_none();
        if is_sound && served.is_pinned == pinned {
            return Ok(());
        }
        self.name_and_serve(slot, Served::clone(served), pinned)
    }

    /// Makes a sound revision the current one: on disk first, so that it survives a restart.
    fn name_and_serve(&self, slot: &Slot, served: Served, pinned: bool) -> Result<(), ChangeError> {
        if let Some(folder) = self.folder(slot) {
            let revision = served.revision;
            folder.set_current(Current { revision, pinned }, self.options.mode)?;
        }
        slot.serve(Served {
            is_named: true,
            is_pinned: pinned,
            ..served
        });
        Ok(())
    }

    fn change_aliases(
        &self,
        slot: &Slot,
        change: impl FnOnce(&mut Aliases),
    ) -> Result<(), ChangeError> {
        let folder = self.folder(slot);
        // Those on disk: what cannot be read is not overwritten.
        let before = match &folder {
            Some(folder) => folder.aliases()?,
            None => Aliases::clone(&slot.aliases.load()),
        };
        let mut after = before.clone();
        change(&mut after);
        if let Some(folder) = &folder
            && after != before
        {
            folder.set_aliases(&after, self.options.mode)?;
        }
        slot.name_revisions(after);
        Ok(())
    }
}

/// Passes a model that is not pinned.
fn unpinned(slot: &Slot, served: &Served) -> Result<(), ChangeError> {
    if !served.is_pinned {
        return Ok(());
    }
    let SlotName { name, .. } = &*slot.name;
    Err(ChangeError::Pinned {
        name: name.clone(),
        revision: served.revision,
    })
}
