use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::acknowledgement::Acknowledgement;
use super::inbox::Inbox;
use super::shared::Shared;
use super::spans::Followed;
use super::{BatchStatus, Event};
use crate::batch::{Batch, BatchStore};
use crate::error::StorageError;
use crate::feature::Extractor;

/// Batches that may wait to be saved. If there are more, reading waits.
pub(super) const QUEUE: usize = 32;

/// Saves batches and passes their numbers on to training.
pub(super) struct Saver {
    pub(super) store: BatchStore,
    /// The features of users, each name once.
    pub(super) extractors: Vec<Arc<dyn Extractor>>,
}

impl Saver {
    /// Whether anything uses the texts of the records: only batch files and features of users can.
    pub(super) fn needs_text(&self) -> bool {
        self.store.saves_rows() || !self.extractors.is_empty()
    }

    /// Saves batches as they come, all that are waiting at once, until no more can come.
    pub(super) fn run(
        &mut self,
        batches: &Receiver<(Batch, Followed)>,
        acknowledgement: &Acknowledgement,
        inbox: &Inbox,
        shared: &Shared,
    ) -> Result<(), StorageError> {
        while let Ok(first) = batches.recv() {
            let all = [first].into_iter().chain(batches.try_iter().take(QUEUE));
            let (waiting, mut followed): (Vec<Batch>, Vec<Followed>) = all.unzip();
            followed.iter_mut().for_each(Followed::save);
            let entries = self.store.save(&waiting)?;
            for (entry, followed) in entries.iter().zip(&mut followed) {
                followed.saved(entry.batch);
            }
            acknowledgement.leave(self.store.position());
            let now = shared.clock.now();
            let saved = entries.iter().zip(&waiting);
            let saved: Vec<BatchStatus> = saved
                .map(|(entry, batch)| BatchStatus::new(entry, &batch.rows))
                .collect();
            shared.status.update(|status| {
                for (entry, batch) in entries.iter().zip(&saved) {
                    status.count(entry, batch);
                }
                status.saved_at = Some(now);
            });
            for batch in saved {
                shared.notify(&Event::BatchSaved(batch));
            }
            inbox.add(followed, |history| {
                for (entry, batch) in entries.iter().zip(&waiting) {
                    history.push(entry, &batch.rows, &self.extractors);
                }
            });
        }
        self.store.checkpoint()
    }
}
