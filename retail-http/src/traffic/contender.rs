use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use retail_core::registry::{Alias, ChangeError, Registry, RevisionRef, Served, SlotName};

use crate::paths::version_text;

/// Somebody who answers in the place of a model, or beside it.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) who: Who,
    /// The model whose revision it is.
    pub(crate) slot: Arc<SlotName>,
    /// A revision that was read; versions are looked up.
    read: RwLock<Option<Arc<Served>>>,
}

/// Who that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A revision of the same model.
    Revision(u64),
    /// The revision of the same model that has this name, at any time.
    Alias(Alias),
    /// Another version of the same target, in the revision that is served.
    Version(u32),
}

impl Contender {
    /// Finds somebody for `model`.
    ///
    /// # Errors
    /// `None` if there is no such version; [`ChangeError`] if there is no such revision, or it cannot be read.
    pub(crate) fn find(
        registry: &Registry,
        model: &Arc<SlotName>,
        who: Who,
    ) -> Result<Option<Self>, ChangeError> {
        let slot = match who {
            Who::Revision(_) | Who::Alias(_) => Some(Arc::clone(model)),
            Who::Version(version) => {
                let mut slots = registry.iter().map(|(slot, _)| slot);
                slots.find(|slot| slot.target == model.target && slot.version == version)
            }
        };
        let Some(slot) = slot else {
            return Ok(None);
        };
        let read = match who.revision() {
            Some(revision) => Some(registry.load(&slot.name, revision)?),
            None => None,
        };
        Ok(Some(Self {
            who,
            slot,
            read: RwLock::new(read),
        }))
    }

    /// The revision that answers, if there is one.
    pub(crate) fn served(&self, registry: &Registry) -> Option<Arc<Served>> {
        match self.who {
            Who::Version(_) => registry.get(&self.slot.name),
            Who::Revision(_) | Who::Alias(_) => {
                let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
                read.clone()
            }
        }
    }

    /// Follows an alias that may name another revision now, or none.
    pub(super) fn refresh(&self, registry: &Registry) {
        let Who::Alias(alias) = self.who else {
            return;
        };
        let read = registry.load(&self.slot.name, alias);
        if let Err(error) = &read {
            tracing::warn!("{alias} of {} answers no more: {error}", self.slot.name);
        }
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = read.ok();
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(revision) => write!(f, "revision {revision}"),
            Self::Alias(alias) => write!(f, "{alias}"),
            Self::Version(version) => f.write_str(&version_text(*version)),
        }
    }
}

impl Who {
    fn revision(self) -> Option<RevisionRef> {
        match self {
            Self::Revision(revision) => Some(revision.into()),
            Self::Alias(alias) => Some(alias.into()),
            Self::Version(_) => None,
        }
    }
}
