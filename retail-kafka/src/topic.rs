use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;

use crate::context::Context;
use crate::settings::PATIENCE;
use crate::{KafkaError, Settings};

/// The number of partitions of a topic; `None` where there is no such topic.
///
/// # Errors
/// [`KafkaError::Unreachable`] where no broker answers within five seconds.
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
            cause: last_error().unwrap_or_else(|| error.to_string()),
        })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found
        .filter(|topic| topic.error().is_none() && !topic.partitions().is_empty())
        .map(|topic| topic.partitions().len() as u32))
}

/// Creates a topic with so many partitions, unless it is there already; returns how many it has.
///
/// # Errors
/// [`KafkaError::Unreachable`] where no broker answers within five seconds, and
/// [`KafkaError::Client`] where the topic cannot be created.
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
                let cause = rdkafka::error::KafkaError::AdminOp(code);
                return Err(KafkaError::client("create a topic")(cause));
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
