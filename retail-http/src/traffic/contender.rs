use std::sync::{Arc, PoisonError, RwLock};

use retail_core::registry::{ChangeError, ContenderRef, Registry, Served, SlotName};

/// Somebody who answers in the place of a model, or beside it.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) who: ContenderRef,
    /// The model that is asked.
    model: Arc<SlotName>,
    /// The revision that was read last; versions are looked up.
    read: RwLock<Option<Read>>,
}

/// A revision of the model, or why it cannot answer.
#[derive(Debug)]
struct Read {
    revision: u64,
    found: Result<Arc<Served>, String>,
}

/// Who answers, in which revision.
pub(crate) type Answering = (Arc<SlotName>, Arc<Served>);

impl Contender {
    /// Finds somebody for `model`.
    ///
    /// # Errors
    /// `None` if there is no such version; [`ChangeError`] if there is no such revision, or it cannot be read.
    pub(crate) fn find(
        registry: &Registry,
        model: &Arc<SlotName>,
        who: ContenderRef,
    ) -> Result<Option<Self>, ChangeError> {
        let contender = Self::new(model, who);
        let Some(revision) = who.revision() else {
            let exists = contender.version_slot(registry).is_some();
            return Ok(exists.then_some(contender));
        };
        let served = registry.load(&model.name, revision)?;
        let read = Read {
            revision: served.revision,
            found: Ok(served),
        };
        Ok(Some(Self {
            read: RwLock::new(Some(read)),
            ..contender
        }))
    }

    /// Somebody who has been found before, and may be gone. A warning says so.
    pub(super) fn restored(registry: &Registry, model: &Arc<SlotName>, who: ContenderRef) -> Self {
        let contender = Self::new(model, who);
        if let Err(why) = contender.answering(registry)
            && !contender.has_read()
        {
            contender.warn(&why);
        }
        contender
    }

    fn new(model: &Arc<SlotName>, who: ContenderRef) -> Self {
        Self {
            who,
            model: Arc::clone(model),
            read: RwLock::default(),
        }
    }

    /// Who answers now, or why nobody does. Whoever asks first after an alias has moved waits for the disk.
    pub(crate) fn answering(&self, registry: &Registry) -> Result<Answering, String> {
        let revision = match self.who {
            ContenderRef::Revision(revision) => revision,
            ContenderRef::Alias(alias) => {
                let name = &self.model.name;
                let state = registry.state(name).map_err(|error| error.to_string())?;
                let named = state.aliases.get(&alias).copied();
                named.ok_or_else(|| format!("{name} has no {alias}"))?
            }
            _ => return self.version(registry),
        };
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = read.as_ref().filter(|read| read.revision == revision) {
            return self.of_model(&read.found);
        }
        drop(read);
        let found = registry.load(&self.model.name, revision);
        let found = found.map_err(|error| error.to_string());
        if let Err(why) = &found {
            self.warn(why);
        }
        let answering = self.of_model(&found);
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        *read = Some(Read { revision, found });
        answering
    }

    fn of_model(&self, found: &Result<Arc<Served>, String>) -> Result<Answering, String> {
        let served = found.clone()?;
        Ok((Arc::clone(&self.model), served))
    }

    fn version(&self, registry: &Registry) -> Result<Answering, String> {
        let slot = self.version_slot(registry);
        let slot = slot.ok_or_else(|| format!("{} has no {}", self.model.target, self.who))?;
        let served = registry.get(&slot.name);
        let served = served.ok_or_else(|| format!("{} is not trained yet", slot.name))?;
        Ok((slot, served))
    }

    /// The model of the version that is meant.
    fn version_slot(&self, registry: &Registry) -> Option<Arc<SlotName>> {
        let ContenderRef::Version(version) = self.who else {
            return None;
        };
        registry.find_slot(&self.model.target, version)
    }

    fn has_read(&self) -> bool {
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        read.is_some()
    }

    fn warn(&self, why: &str) {
        let (who, model) = (self.who, &self.model.name);
        tracing::warn!("{who} does not answer for {model}: {why}");
    }
}
