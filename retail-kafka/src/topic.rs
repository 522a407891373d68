use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::context::Context;
use crate::settings::PATIENCE;
use crate::{ClientCause, KafkaError, Settings};

/// The number of partitions of a topic; `None` if there is no such topic.
///
/// # Errors
/// [`KafkaError::Unreachable`] if no broker answers within five seconds.
pub(crate) fn partitions<C: ClientContext>(
    client: &Client<C>,
    settings: &Settings,
    topic: &str,
    last_error: impl FnOnce() -> Option<String>,
) -> Result<Option<u32>, KafkaError> {
    let metadata = client
        .fetch_metadata(Some(topic), PATIENCE)
        .map_err(|error| KafkaError::Unreachable {
            brokers: settings.brokers.clone(),
            source: ClientCause::words(last_error(), &error),
        })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found
        .filter(|topic| topic.error().is_none() && !topic.partitions().is_empty())
        .map(|topic| topic.partitions().len() as u32))
}

/// The first offset of a partition, and the one behind its last.
///
/// # Errors
/// What the client says; trying again can help.
pub(crate) fn ends<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: u32,
) -> Result<(i64, i64), ClientError> {
    let (low, high) = consumer.fetch_watermarks(topic, partition as i32, PATIENCE)?;
    if low < high || high <= 0 {
        return Ok((low, high));
    }
    // librdkafka asks for the two one by one. If the first question fails and the answer to the second
    // comes at the same moment, it forgets the failure and says that there is nothing between.
    let mut first = TopicPartitionList::new();
    first.add_partition_offset(topic, partition as i32, Offset::Beginning)?;
    let first = consumer.offsets_for_times(first, PATIENCE)?;
    let unknown = ClientError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable);
    let one = first.find_partition(topic, partition as i32);
    let one = one.ok_or_else(|| unknown.clone())?;
    one.error()?;
    match one.offset() {
        Offset::Offset(low) => Ok((low, high)),
        _ => Err(unknown),
    }
}

/// Creates a topic with so many partitions, unless it is there already; returns how many it has.
///
/// # Errors
/// [`KafkaError::Unreachable`] if no broker answers within five seconds, and [`KafkaError::Client`]
/// if the topic cannot be created.
pub fn ensure_topic(settings: &Settings, topic: &str, needed: u32) -> Result<u32, KafkaError> {
    let admin: AdminClient<Context> = settings
        .config()
        .create_with_context(Context::default())
        .map_err(KafkaError::client("start an admin client"))?;
    let ask = || {
        let last_error = || admin.inner().context().last_error();
        partitions(admin.inner(), settings, topic, last_error)
    };
    if let Some(there) = ask()? {
        return Ok(there);
    }
    let new = NewTopic::new(topic, needed as i32, TopicReplication::Fixed(-1));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let created = pollster::block_on(admin.create_topics([&new], &options))
        .map_err(KafkaError::client("create a topic"))?;
    for result in created {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => {
                let error = ClientError::AdminOp(code);
                return Err(KafkaError::client("create a topic")(error));
            }
        }
    }
    // The brokers tell each other a moment later.
    for _ in 0..50 {
        if let Some(there) = ask()? {
            return Ok(there);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(KafkaError::NoTopic {
        topic: topic.to_owned(),
        brokers: settings.brokers.clone(),
    })
}
