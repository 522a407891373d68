use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use retail_core::source::SourceError;

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
        move |cause| Self::Client { action, cause }
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
