use std::sync::Arc;

use super::{Event, Observer, StatusBoard};
use crate::registry::Registry;
use crate::time::Clock;

/// What the threads of an engine share with each other and with its users.
pub(super) struct Shared {
    /// The models that are being served.
    pub(super) registry: Arc<Registry>,
    /// What the engine has done so far.
    pub(super) status: Arc<StatusBoard>,
    /// Who is told what the engine does, in this order.
    pub(super) observers: Vec<Arc<dyn Observer>>,
    /// When things are done.
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    /// Tells the observers.
    pub(super) fn notify(&self, event: &Event) {
        for observer in &self.observers {
            observer.event(event);
        }
    }
}
