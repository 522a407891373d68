//! What the group is told.

use std::time::Instant;

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_core::fail_point;
use retail_core::source::Sink;

use super::{KafkaSource, REST, TELL, WAIT};
use crate::settings::PATIENCE;
use crate::start::Owner;
use crate::{ClientCause, KafkaError};

impl KafkaSource {
    /// Tells the group what has been saved of the partitions that are read here. What could not be
    /// used is among the dead letters by then, because whoever reads on does not look for it again.
    pub(super) fn commit(&mut self, mode: CommitMode) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        for (&partition, one) in &mut self.partitions {
            let drained = self.merge.is_drained(partition);
            one.pass_the_end(drained, self.saved.next_offset(partition));
        }
        for (&partition, one) in &self.partitions {
            let saved = one.upto(self.saved.next_offset(partition));
            if saved <= one.committed {
                continue;
            }
            let owner = Owner {
                instance: self.notes.instance.clone(),
                first: one.first,
            };
            let mut element = list.add_partition(&self.settings.topic, partition as i32);
            element
                .set_offset(Offset::Offset(saved as i64))
                .map_err(KafkaError::client("commit offsets"))?;
            element.set_metadata(owner.to_string());
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.told = Some(Instant::now());
        fail_point::pass("batches saved");
        if let Some(letters) = &self.dead_letters {
            letters.flush()?;
        }
        fail_point::pass("dead letters delivered");
        self.consumer
            .commit(&list, mode)
            .map_err(KafkaError::client("commit offsets"))?;
        fail_point::pass("offsets committed");
        for (&partition, one) in &mut self.partitions {
            let saved = one.upto(self.saved.next_offset(partition));
            one.committed = one.committed.max(saved);
        }
        match &self.logs {
            Some(logs) => self.notes.save(logs),
            None => Ok(()),
        }
    }

    /// Tells the group before partitions go to others, even during a rebalance: others would read
    /// again what the group does not know of.
    pub(super) fn commit_last(&mut self, closing: bool) -> Result<(), KafkaError> {
        // Once more, as what was committed before, without waiting, may not have arrived. What has not
        // been saved by this consumer since it took a partition over is not its to tell.
        for (&partition, one) in &mut self.partitions {
            if one.upto(self.saved.next_offset(partition)) > one.begun {
                one.committed = 0;
            }
        }
        let begun = Instant::now();
        loop {
            match self.commit(CommitMode::Sync) {
                Err(KafkaError::Client { source, .. })
                    if is_between_members(&source)
                        && begun.elapsed() < PATIENCE * 2
                        && !self.consumer.assignment_lost() =>
                {
                    if closing {
                        // So the group goes on; what is read now is not given any more.
                        let _ = self.consumer.poll(WAIT);
                    } else {
                        std::thread::sleep(WAIT);
                    }
                }
                other => return other,
            }
        }
    }

    /// Has rejected records saved once nothing follows them. A batch grows old with its kept rows, and one
    /// that has none would stay open, and the group would not learn that it has been read.
    pub(super) fn save_rejected(&mut self, sink: &mut dyn Sink) {
        let quiet = self
            .latest
            .is_some_and(|(_, given)| given.elapsed() >= REST);
        if !quiet {
            return;
        }
        let unsaved = self.partitions.iter().map(|(&partition, one)| {
            let saved = self.saved.next_offset(partition);
            one.unsaved(saved)
        });
        let (any, kept) = unsaved.fold((false, false), |all, one| (all.0 | one.0, all.1 | one.1));
        if any && !kept {
            sink.flush();
        }
    }

    /// Tells the group now and then. If that fails, the disk still knows, and the group is told the
    /// next time.
    pub(super) fn tell(&mut self) -> Result<(), KafkaError> {
        if self.told.is_some_and(|told| told.elapsed() < TELL) {
            return Ok(());
        }
        match self.commit(CommitMode::Async) {
            Err(error @ KafkaError::Client { .. }) => {
                tracing::debug!("{error}");
                Ok(())
            }
            other => other,
        }
    }
}

/// Whether a group refuses a commit because of a change of its members that is under way.
fn is_between_members(cause: &ClientCause) -> bool {
    matches!(
        cause.code(),
        Some(RDKafkaErrorCode::IllegalGeneration | RDKafkaErrorCode::RebalanceInProgress)
    )
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        if !self.consumer.assignment_lost()
            && let Err(error) = self.commit_last(true)
        {
            tracing::warn!("{error}");
        }
        self.consumer.context().leave();
        self.answer_all();
    }
}
