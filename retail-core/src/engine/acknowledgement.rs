use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Error;
use super::wakeup::Wakeup;
use crate::source::{Position, Source};

/// The newest source positions up to which everything has been saved, on their way from the saving
/// thread to the source.
#[derive(Debug)]
pub(super) struct Acknowledgement {
    newest: Mutex<Option<Position>>,
    reading: Arc<Wakeup>,
}

impl Acknowledgement {
    /// Nothing yet. The reading thread, which delivers, is woken by `reading`.
    pub(super) fn new(reading: Arc<Wakeup>) -> Self {
        Self {
            newest: Mutex::new(None),
            reading,
        }
    }

    /// Leaves positions, in the place of earlier ones that have not been delivered yet.
    pub(super) fn leave(&self, position: &Position) {
        *self.lock() = Some(position.clone());
        self.reading.ring();
    }

    /// Tells the source the positions left since the last delivery, if any.
    pub(super) fn deliver(&self, source: &mut dyn Source) -> Result<(), Error> {
        // Not locked while the source is busy, so that saving goes on.
        let position = self.lock().take();
        match position {
            Some(position) => Ok(source.saved(&position)?),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Position>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
