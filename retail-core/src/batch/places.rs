use super::BatchEntry;
use crate::source::Place;

/// Where saved batches end, as far back as the source can compare what it reads with it.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The ends of these batches.
    pub(super) fn of(entries: &[BatchEntry]) -> Self {
        let mut places = Self::default();
        for entry in entries {
            places.add(entry);
        }
        places
    }

    /// Adds the end of a batch. Without a mark, the last place alone says where to go on.
    pub(super) fn add(&mut self, entry: &BatchEntry) {
        if entry.mark.is_none() {
            self.0.clear();
        }
        self.0.push(entry.place());
    }

    /// All places that have a mark, in order, or else the last one.
    pub(super) fn as_slice(&self) -> &[Place] {
        &self.0
    }
}
