use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};

/// Why the Kafka client failed, in its own words.
///
/// The types of the client library are no part of this crate's interface; what they say is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ClientCause(Said);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Said {
    /// An error of the client.
    #[error(transparent)]
    Error(ClientError),
    /// What it said in its log, or that it said nothing.
    #[error("{0}")]
    Words(String),
}

impl ClientCause {
    /// What the client said last; the other words if it has said nothing.
    pub(crate) fn words(last: Option<String>, otherwise: &dyn ToString) -> Self {
        Self(Said::Words(last.unwrap_or_else(|| otherwise.to_string())))
    }

    /// The error code, if the client gave one.
    pub(crate) fn code(&self) -> Option<RDKafkaErrorCode> {
        match &self.0 {
            Said::Error(error) => error.rdkafka_error_code(),
            Said::Words(_) => None,
        }
    }

    /// Whether trying again can help.
    pub(crate) fn is_retryable(&self) -> bool {
        self.code().is_some_and(|code| {
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
        })
    }
}

impl From<ClientError> for ClientCause {
    fn from(error: ClientError) -> Self {
        Self(Said::Error(error))
    }
}
