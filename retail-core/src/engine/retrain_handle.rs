use std::fmt;
use std::sync::Arc;

use super::inbox::Inbox;

/// Asks an engine to train its models now, from any thread: without waiting for the next batch or for
/// what [`RetrainPolicy`](super::RetrainPolicy) says. They are trained on the batches saved so far. What
/// they learn from the same rows is the same to the byte, and then no new revision.
///
/// While [`Engine::run`](super::Engine::run) is under way, its training thread takes the request as
/// soon as it is free, together with all others that have come meanwhile. Otherwise the next run does,
/// or [`Engine::train_asked`](super::Engine::train_asked).
#[derive(Clone)]
pub struct RetrainHandle {
    inbox: Arc<Inbox>,
    slots: Arc<[String]>,
}

impl RetrainHandle {
    pub(super) fn new(inbox: Arc<Inbox>, slots: impl Iterator<Item = String>) -> Self {
        Self {
            inbox,
            slots: slots.collect(),
        }
    }

    /// The models that the engine trains, in the order of its pipelines.
    #[must_use]
    pub fn models(&self) -> &[String] {
        &self.slots
    }

    /// Asks for all models.
    pub fn retrain_all(&self) {
        self.inbox.ask(|asked| asked.all = true);
    }

    /// Asks for this one. Returns whether the engine trains a model of this name; otherwise nothing
    /// is asked.
    pub fn retrain(&self, model: &str) -> bool {
        let is_known = self.slots.iter().any(|slot| slot == model);
        if is_known {
            self.inbox.ask(|asked| {
                asked.slots.insert(model.to_owned());
            });
        }
        is_known
    }
}

impl fmt::Debug for RetrainHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetrainHandle").field(&self.slots).finish()
    }
}
