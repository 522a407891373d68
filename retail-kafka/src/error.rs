use std::path::PathBuf;

use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaConfRes;
use retail_core::clean::RejectReason;
use retail_core::error::StorageError;
use retail_core::source::SourceError;
use retail_core::time::DateOrder;

use crate::ClientCause;
use crate::gap::{Gap, List};
use crate::secret::is_secret;

/// What can go wrong between the engine and a broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A setting is not legal.
    #[error("{key}: expected {expected}, got {got}")]
    Setting {
        /// Its key.
        key: String,
        /// What is legal.
        expected: &'static str,
        /// What was given. Never a secret.
        got: String,
    },
    /// No broker answered.
    #[error("no Kafka broker answers at {brokers}: {source}")]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// What the client said last.
        source: ClientCause,
    },
    /// The topic does not exist.
    #[error("there is no topic {topic} at {brokers}")]
    NoTopic {
        /// Its name.
        topic: String,
        /// The brokers asked.
        brokers: String,
    },
    /// A topic has too few partitions.
    #[error("the topic {topic} has {got} partitions, {needed} are needed")]
    Partitions {
        /// The topic.
        topic: String,
        /// How many it has.
        got: usize,
        /// How many it needs at least.
        needed: usize,
    },
    /// The topic does not hold what was read of it before.
    #[error(
        "{topic}, partition {partition}: {change}; the topic has been created again, or its records \
         have been removed. To read it from its beginning, use another data folder and group"
    )]
    Replaced {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// What was found.
        change: TopicChange,
    },
    /// Another consumer has read records that this one has saved.
    #[error(
        "{topic}, partition {partition}: saved up to {saved} here, but another consumer of the \
         group has taken over from {theirs}: records are in both"
    )]
    TakenOver {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The offset up to which it is saved here.
        saved: u64,
        /// The offset from which the other consumer read.
        theirs: u64,
    },
    /// A run to the end of the topic has waited for too long.
    #[error(
        "{topic} is not saved to where it ended when this run began: {}; nothing has changed for \
         {seconds} s (kafka.once_timeout_seconds). What was read here is saved. Start again once the \
         member of the group {group} that has these partitions works again, or has ended",
        unfinished(missing)
    )]
    Unfinished {
        /// The topic.
        topic: String,
        /// The group.
        group: String,
        /// How long it has waited.
        seconds: u64,
        /// What nobody has saved; nothing if the group has not let it in at all.
        missing: Vec<Gap>,
    },
    /// Another consumer has taken this one's place in the group.
    #[error(
        "another consumer has joined the group {group} as {instance}, in this one's place: two engines \
         use the same data folder, or one is a copy of the other. Stop one of them, or remove \
         logs/kafka.json from the copy, so that it gets a name of its own"
    )]
    Fenced {
        /// The group.
        group: String,
        /// The `group.instance.id` of both.
        instance: String,
    },
    /// Dates of the topic may have been misread.
    #[error(
        "{topic}: no order of dates was named, so they are read {order}; the one at {contradiction} \
         cannot be, and others may have been misread, the first at {ambiguous}. Name the order of all \
         dates with --date-format mdy or dmy (stream.date_format). If that is not {order}, start again \
         with --fresh and another kafka.group, so that the topic is read from its beginning"
    )]
    DateOrder {
        /// The topic.
        topic: String,
        /// The order in which dates are read.
        order: DateOrder,
        /// Partition, offset and text of the first date that cannot be read so.
        contradiction: String,
        /// The same of the first date that can be read in another order as well.
        ambiguous: String,
    },
    /// Messages could not be delivered.
    #[error("{failed} messages could not be delivered to {topic}: {source}")]
    Delivery {
        /// The topic.
        topic: String,
        /// The number of messages.
        failed: u64,
        /// What the client said of the first one.
        source: ClientCause,
    },
    /// A corrected record would become a dead letter again.
    #[error("record {record} is not corrected: {reason}")]
    NotCorrected {
        /// Which of the given records, counted from 1.
        record: usize,
        /// Why it cannot be used.
        reason: RejectReason,
    },
    /// The source whose records are to be written cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The engine's own files cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The client refused or failed.
    #[error("cannot {action}: {source}")]
    Client {
        /// What was tried, for example `commit offsets`.
        action: &'static str,
        /// What the client said.
        source: ClientCause,
    },
}

/// What a run that has waited for too long says of it.
fn unfinished(missing: &[Gap]) -> String {
    match missing {
        [] => "the group has not let it in".to_owned(),
        missing => format!("nobody has saved {}", List(missing)),
    }
}

/// How a topic differs from what was read of it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicChange {
    /// It is shorter.
    #[error("{read} records were read of it, and it has {has}")]
    Shorter {
        /// Records read before.
        read: u64,
        /// Records there are.
        has: u64,
    },
    /// Records that have not been read are gone.
    #[error("the records from {from} to {to} have not been read, and are gone")]
    Gone {
        /// The offset of the first one.
        from: u64,
        /// The offset behind the last one.
        to: u64,
    },
    /// A record that was saved is another one now.
    #[error("the record at offset {offset} is not the one that was saved")]
    Other {
        /// Its offset.
        offset: u64,
    },
    /// The records to be read next are not there, says the broker.
    #[error("the records to be read next are not there")]
    OutOfRange,
}

impl KafkaError {
    /// An error of the client. If it refuses a setting, the error says which.
    pub(crate) fn client(action: &'static str) -> impl FnOnce(ClientError) -> Self {
        move |error| match error {
            ClientError::ClientConfig(code, description, key, value) => {
                Self::refused(code, &description, &key, &value)
            }
            error => Self::Client {
                action,
                source: error.into(),
            },
        }
    }

    /// A setting that librdkafka refuses. It says the value, which may be a secret, even if the
    /// name of the setting is misspelt.
    fn refused(code: RDKafkaConfRes, description: &str, key: &str, value: &str) -> Self {
        let unknown = code == RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
        let (expected, got) = match () {
            () if unknown => ("a setting of librdkafka", "an unknown one".into()),
            () if is_secret(key) => ("a value that librdkafka takes", "***".into()),
            () => (
                "a value that librdkafka takes",
                format!("{value:?} ({})", description.trim_end_matches('.')),
            ),
        };
        Self::Setting {
            key: format!("kafka.client.{key}"),
            expected,
            got,
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unfinished { .. } => true,
            Self::Client { source, .. } => source.is_retryable(),
            _ => false,
        }
    }
}

impl From<KafkaError> for SourceError {
    fn from(error: KafkaError) -> Self {
        Self::Adapter {
            retryable: error.is_retryable(),
            source: Box::new(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use rdkafka::error::RDKafkaErrorCode;
    use retail_core::source::SourceError;

    use super::*;
    use crate::{KafkaSource, Settings, Until};

    fn refused(key: &str, value: &str) -> KafkaError {
        let mut settings = Settings::new("127.0.0.1:9");
        settings.client.insert(key.into(), value.into());
        let opened = KafkaSource::open(&settings, Until::Caught, None);
        opened.err().expect("it is not taken")
    }

    #[test]
    fn a_setting_that_is_refused_is_named_and_no_secret_is_said() {
        assert_eq!(
            refused("sasl.pasword", "hunter2").to_string(),
            "kafka.client.sasl.pasword: expected a setting of librdkafka, got an unknown one"
        );
        let error = refused("security.protocol", "smoke signals").to_string();
        assert!(
            error.starts_with("kafka.client.security.protocol: "),
            "{error}"
        );
        assert!(error.contains("\"smoke signals\""), "{error}");
        for key in ["ssl.key.pem", "sasl.pasword"] {
            let error = SourceError::from(refused(key, "hunter2"));
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{key}");
        }
    }

    #[test]
    fn causes_are_kept_behind_the_errors() {
        let slow = ClientError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        let error = SourceError::from(KafkaError::client("read messages")(slow.clone()));
        assert_eq!(error.to_string(), format!("cannot read messages: {slow}"));
        let SourceError::Adapter { source, retryable } = &error else {
            panic!("{error:?}");
        };
        assert!(retryable);
        assert!(source.is::<KafkaError>());
        let cause = error.source().and_then(Error::source);
        let cause = cause.and_then(|cause| cause.downcast_ref::<ClientCause>());
        assert_eq!(cause, Some(&ClientCause::from(slow)));
    }
}
