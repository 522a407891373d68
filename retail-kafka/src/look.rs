//! Looking at messages without taking them: no group learns of it.

use rdkafka::consumer::BaseConsumer;
use rdkafka::message::{BorrowedMessage, Headers, Message as _};

use crate::context::Context;
use crate::{KafkaError, Settings};

/// A client that reads what it is told to and commits nothing.
pub(crate) fn looker(settings: &Settings) -> Result<BaseConsumer<Context>, KafkaError> {
    let mut config = settings.config();
    // The client wants the name of a group, even to assign partitions by hand.
    config.set("group.id", format!("{}.look", settings.group));
    config.set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true");
    // To jump to the end instead would be to look at another record.
    config.set("auto.offset.reset", "error");
    config
        .create_with_context(Context::default())
        .map_err(KafkaError::client("start a consumer"))
}

/// The first header with this key.
pub(crate) fn header<'a>(message: &'a BorrowedMessage<'_>, key: &str) -> Option<&'a [u8]> {
    let mut headers = message.headers()?.iter();
    headers.find(|header| header.key == key)?.value
}
