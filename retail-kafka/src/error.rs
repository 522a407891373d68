use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaConfRes;
use retail_core::source::SourceError;

use crate::settings::is_secret;

/// What can go wrong between the engine and a broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A setting is not legal.
    #[error("{key}: expected {expected}, got {got}")]
    Setting {
        /// Which one.
        key: String,
        /// What is legal.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// No broker answered.
    #[error("no Kafka broker answers at {brokers}: {cause}")]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// What the client said last.
        cause: String,
    },
    /// There is no such topic.
    #[error("there is no topic {topic} at {brokers}")]
    NoTopic {
        /// Which one.
        topic: String,
        /// The brokers asked.
        brokers: String,
    },
    /// A topic is not as it has to be.
    #[error("the topic {topic} has {got} partitions, {needed} are needed")]
    Partitions {
        /// Which one.
        topic: String,
        /// How many it has.
        got: usize,
        /// How many it needs at least.
        needed: usize,
    },
    /// What is in the topic is not what was read before.
    #[error(
        "{topic}, partition {partition}: {detail}; the topic has been created anew, or its records \
         have been removed. To read it from its beginning, use another data folder and group"
    )]
    Replaced {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: u32,
        /// What was found.
        detail: String,
    },
    /// Another consumer has taken over records that this one has saved.
    #[error(
        "{topic}, partition {partition}: saved up to {saved} here, but another consumer of the \
         group has taken over from {theirs}: records are in both"
    )]
    TakenOver {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: u32,
        /// Offset up to which it is saved here.
        saved: u64,
        /// Offset from which another consumer read.
        theirs: u64,
    },
    /// Messages could not be delivered.
    #[error("{failed} messages could not be delivered to {topic}: {cause}")]
    Delivery {
        /// Where to.
        topic: String,
        /// How many.
        failed: u64,
        /// What the client said of the first one.
        cause: String,
    },
    /// A corrected record would become a dead letter again.
    #[error("record {record} is not corrected: {reason}")]
    NotCorrected {
        /// Which one of those given, counted from 1.
        record: usize,
        /// Why it cannot be used.
        reason: String,
    },
    /// The source that is replayed cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The client refused or failed.
    #[error("cannot {action}: {cause}")]
    Client {
        /// What was tried.
        action: &'static str,
        /// What the client said.
        cause: ClientError,
    },
}

impl KafkaError {
    pub(crate) fn client(action: &'static str) -> impl FnOnce(ClientError) -> Self {
        move |cause| match cause {
            ClientError::ClientConfig(code, description, key, value) => {
                Self::refused(code, &description, &key, &value)
            }
            cause => Self::Client { action, cause },
        }
    }

    /// A setting that librdkafka does not take. It says the value with it, which may be a secret, also
    /// where the name of the setting is misspelt.
    fn refused(code: RDKafkaConfRes, description: &str, key: &str, value: &str) -> Self {
        let unknown = code == RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
        let (expected, got) = match () {
            () if unknown => (
                "a setting that librdkafka has",
                "one that it has not".into(),
            ),
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
            Self::Unreachable { .. } => true,
            Self::Client { cause, .. } => cause.rdkafka_error_code().is_some_and(|code| {
                matches!(
                    code,
                    RDKafkaErrorCode::AllBrokersDown
                        | RDKafkaErrorCode::BrokerTransportFailure
                        | RDKafkaErrorCode::OperationTimedOut
                        | RDKafkaErrorCode::RequestTimedOut
                        | RDKafkaErrorCode::CoordinatorNotAvailable
                        | RDKafkaErrorCode::NotCoordinator
                        | RDKafkaErrorCode::CoordinatorLoadInProgress
                        | RDKafkaErrorCode::LeaderNotAvailable
                        | RDKafkaErrorCode::NotLeaderForPartition
                        | RDKafkaErrorCode::RebalanceInProgress
                )
            }),
            _ => false,
        }
    }
}

impl From<KafkaError> for SourceError {
    fn from(error: KafkaError) -> Self {
        Self::Adapter {
            retryable: error.is_retryable(),
            message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{KafkaSource, Settings, Until};

    fn refused(key: &str, value: &str) -> String {
        let mut settings = Settings::new("127.0.0.1:9");
        settings.client.insert(key.into(), value.into());
        let opened = KafkaSource::open(&settings, Until::Caught, None);
        opened.err().expect("it is not taken").to_string()
    }

    #[test]
    fn a_setting_that_is_refused_is_named_and_no_secret_is_said() {
        assert_eq!(
            refused("sasl.pasword", "hunter2"),
            "kafka.client.sasl.pasword: expected a setting that librdkafka has, got one that it has not"
        );
        let error = refused("security.protocol", "smoke signals");
        assert!(
            error.starts_with("kafka.client.security.protocol: "),
            "{error}"
        );
        assert!(error.contains("\"smoke signals\""), "{error}");
        assert!(!refused("ssl.key.pem", "hunter2").contains("hunter2"));
    }
}
