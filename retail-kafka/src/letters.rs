use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use retail_core::clean::{self, RejectReason};
use retail_core::source::JsonDecoder;
use retail_core::time::{Clock, SystemClock};
use serde::Serialize;

use crate::dead_letters::{DETAIL, OFFSET, PARTITION, REASON, TOPIC};
use crate::look::{header, looker};
use crate::settings::PATIENCE;
use crate::writer::{Message, Writer};
use crate::{ClientCause, KafkaError, Settings, topic};

/// A record that could not be used, as it was, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// The topic that it was read from.
    pub topic: String,
    /// The partition there.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// The key of the reason, for example `missing_customer`.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// Its value.
    #[serde(serialize_with = "text")]
    pub value: Vec<u8>,
}

/// Values are shown as text; bytes that are not UTF-8 as the replacement character.
fn text<S: serde::Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(value))
}

/// Reads all dead letters that there are at the moment, partition by partition as they come, and
/// returns how many. Messages that others have written to the topic are passed over.
///
/// # Errors
/// [`KafkaError::Unreachable`], [`KafkaError::NoTopic`], and what the client says.
pub fn read_dead_letters(
    settings: &Settings,
    mut each: impl FnMut(DeadLetter),
) -> Result<u64, KafkaError> {
    settings.check()?;
    let consumer = looker(settings)?;
    let name = &settings.dead_letters;
    let last_error = || consumer.context().last_error();
    let partitions =
        topic::partitions(consumer.client(), settings, name, last_error)?.ok_or_else(|| {
            KafkaError::NoTopic {
                topic: name.clone(),
                brokers: settings.brokers.clone(),
            }
        })?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(name, partition as i32, Offset::Beginning)
            .map_err(KafkaError::client("read dead letters"))?;
    }
    consumer
        .assign(&list)
        .map_err(KafkaError::client("read dead letters"))?;
    let (mut ended, mut letters) = (0, 0);
    let mut heard = Instant::now();
    while ended < partitions {
        match consumer.poll(Duration::from_millis(100)) {
            None if heard.elapsed() > 2 * PATIENCE => {
                return Err(KafkaError::Unreachable {
                    brokers: settings.brokers.clone(),
                    source: ClientCause::words(last_error(), &"it has fallen silent"),
                });
            }
            None => continue,
            Some(Ok(message)) => {
                if let Some(letter) = letter(&message) {
                    each(letter);
                    letters += 1;
                }
            }
            Some(Err(ClientError::PartitionEOF(_))) => ended += 1,
            Some(Err(cause)) => return Err(KafkaError::client("read dead letters")(cause)),
        }
        heard = Instant::now();
    }
    Ok(letters)
}

fn letter(message: &BorrowedMessage<'_>) -> Option<DeadLetter> {
    let text = |key: &str| {
        let value = header(message, key)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    Some(DeadLetter {
        topic: text(TOPIC)?,
        partition: text(PARTITION)?.parse().ok()?,
        offset: text(OFFSET)?.parse().ok()?,
        reason: text(REASON)?,
        detail: text(DETAIL).unwrap_or_default(),
        value: message.payload().unwrap_or_default().to_vec(),
    })
}

/// Why a corrected record cannot be sent: it would become a dead letter again.
///
/// # Errors
/// The reason.
pub fn check_corrected(value: &[u8]) -> Result<(), RejectReason> {
    customer(value).map(|_| ())
}

/// The customer of a record that would be kept.
fn customer(value: &[u8]) -> Result<Option<u64>, RejectReason> {
    let mut decoder = JsonDecoder::new();
    let row = decoder.decode(value, SystemClock.now())?;
    clean::check(&row)?;
    Ok(row.customer_id)
}

/// Sends corrected records to the topic of the stream, in order, each keyed by its customer and with
/// the present time as that of the message; returns how many once all have been acknowledged.
/// Nothing is sent if one of them would become a dead letter again.
///
/// # Errors
/// [`KafkaError::NotCorrected`] with the first such record; [`KafkaError::Unreachable`],
/// [`KafkaError::NoTopic`] and [`KafkaError::Delivery`].
pub fn resend<V: AsRef<[u8]>>(settings: &Settings, values: &[V]) -> Result<u64, KafkaError> {
    settings.check()?;
    // All of them before the first is sent.
    let mut customers = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let customer = customer(value.as_ref()).map_err(|reason| KafkaError::NotCorrected {
            record: index + 1,
            reason,
        })?;
        customers.push(customer);
    }
    let mut writer = Writer::open(settings, &settings.topic)?;
    writer.find_topic(settings)?;
    for (value, customer) in values.iter().zip(customers) {
        let key = customer.map(|customer| customer.to_string());
        writer.write(Message {
            partition: None,
            key: key.as_deref().map(str::as_bytes),
            value: value.as_ref(),
            headers: None,
        })?;
    }
    writer.flush()?;
    Ok(writer.delivered())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_become_a_dead_letter_again_is_not_sent() {
        let sale = r#"{"invoice":"536365","stock_code":"1","quantity":6,"price":2.5,
            "invoice_date":"2010-12-01 08:26:00","customer_id":17850}"#;
        assert_eq!(check_corrected(sale.as_bytes()), Ok(()));
        let settings = Settings::new("127.0.0.1:1");
        let nobody = sale.replace("17850", "null");
        let error = resend(&settings, &[sale, &nobody]).unwrap_err().to_string();
        assert_eq!(error, "record 2 is not corrected: no customer is named");
        let error = resend(&settings, &["{"]).unwrap_err().to_string();
        assert!(
            error.starts_with("record 1 is not corrected: record: expected"),
            "{error}"
        );
    }

    #[test]
    fn a_letter_is_shown_as_one_line_of_json() {
        let letter = DeadLetter {
            topic: "t".into(),
            partition: 2,
            offset: 7,
            reason: "unparsable_field".into(),
            detail: "price: …".into(),
            value: b"{\"price\":\"\xff\"}".to_vec(),
        };
        let line = serde_json::to_string(&letter).unwrap();
        assert!(line.contains(r#""value":"{\"price\":\""#), "{line}");
        assert!(!line.contains('\n'));
    }
}
