use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use crate::Metrics;
use crate::context::Context;

/// What the group wants of a consumer. It takes effect when the consumer says so, and not before:
/// what has been read has to be saved first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handover {
    /// To take over these partitions.
    Take(Vec<u32>),
    /// To give up these partitions.
    Give(Vec<u32>),
}

/// The callbacks of a group's consumer.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) context: Context,
    pub(crate) metrics: Arc<Metrics>,
    wanted: Mutex<Vec<Handover>>,
    leaving: AtomicBool,
    /// Whether all partitions have been given up since.
    left: AtomicBool,
}

impl Group {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            ..Self::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Handover>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the group has wanted since the last call, oldest first.
    pub(crate) fn take_wanted(&self) -> Vec<Handover> {
        std::mem::take(&mut *self.lock())
    }

    /// From now on partitions are given up at once: the consumer is about to close.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.metrics.count_retry();
        self.context.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.metrics.take(&statistics);
    }
}

impl ConsumerContext for Group {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        self.metrics.count_rebalance();
        let partitions = || {
            let elements = list.elements();
            elements.iter().map(|one| one.partition() as u32).collect()
        };
        if self.leaving.load(Ordering::Acquire) {
            // To a client that closes, any answer says that all partitions are given up. If it had asked
            // before, it has asked twice; a second answer would wait for ever, because after the first
            // one nobody serves it.
            if !self.left.swap(true, Ordering::AcqRel) {
                give_up(consumer, list);
            }
        } else if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.lock().push(Handover::Take(partitions()));
        } else if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
            self.lock().push(Handover::Give(partitions()));
        } else if let Err(error) = consumer.unassign() {
            tracing::debug!("giving up partitions: {error}");
        }
    }
}

/// Gives up partitions; what goes wrong then is over with the next assignment. The strategy of
/// assignment is one of partitions that come and go one by one.
pub(crate) fn give_up(consumer: &BaseConsumer<Group>, list: &TopicPartitionList) {
    if let Err(error) = consumer.incremental_unassign(list) {
        tracing::debug!("giving up partitions: {error}");
    }
}

/// Takes over partitions, each from the offset that the list names.
pub(crate) fn take_over(
    consumer: &BaseConsumer<Group>,
    list: &TopicPartitionList,
) -> Result<(), ClientError> {
    consumer.incremental_assign(list)
}
