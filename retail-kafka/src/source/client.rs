use std::sync::Arc;

use rdkafka::consumer::BaseConsumer;

use crate::group::Group;
use crate::settings::INSTANCE;
use crate::{KafkaError, Metrics, Settings};

/// A client that can be a member of a group, known to it under this name even after a crash.
pub(super) fn consumer(
    settings: &Settings,
    metrics: &Arc<Metrics>,
    instance: Option<&str>,
) -> Result<BaseConsumer<Group>, KafkaError> {
    let mut config = settings.config();
    for (key, value) in [
        ("group.id", settings.group.as_str()),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "error"),
        ("partition.assignment.strategy", "cooperative-sticky"),
    ] {
        config.set(key, value);
    }
    for (key, value) in [
        ("queued.max.messages.kbytes", "32768"),
        ("fetch.wait.max.ms", "50"),
        // With a full queue the client rests for a second; the queue is empty long before.
        ("fetch.queue.backoff.ms", "5"),
        ("statistics.interval.ms", "1000"),
        ("session.timeout.ms", "10000"),
    ] {
        if !settings.client.contains_key(key) {
            config.set(key, value);
        }
    }
    if let Some(instance) = instance.filter(|_| !settings.client.contains_key(INSTANCE)) {
        config.set(INSTANCE, instance);
    }
    config
        .create_with_context(Group::new(Arc::clone(metrics)))
        .map_err(KafkaError::client("start a consumer"))
}
