use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};

/// How often the same kind of news is told: a client without a broker has some several times a
/// second.
const QUIET: Duration = Duration::from_secs(5);

/// Takes what a client of librdkafka has to say.
#[derive(Debug, Default)]
pub(crate) struct Context {
    news: Mutex<News>,
}

#[derive(Debug, Default)]
struct News {
    told: Option<Instant>,
    untold: u64,
    last_error: Option<String>,
}

impl Context {
    /// What went wrong last, in the client's words.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much went unreported, if it is time to report again.
    fn turn(&self) -> Option<u64> {
        let mut news = self.lock();
        if news.told.is_some_and(|told| told.elapsed() < QUIET) {
            news.untold += 1;
            return None;
        }
        news.told = Some(Instant::now());
        Some(std::mem::take(&mut news.untold))
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // The settings are those of readers and writers, and each leaves out what is for the other.
        let for_others = facility == "CONFWARN" && message.contains("will be ignored by this");
        match level {
            _ if for_others => tracing::debug!("librdkafka {facility}: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!("librdkafka {facility}: {message}");
            }
            _ => {
                if let Some(untold) = self.turn() {
                    tracing::warn!("librdkafka {facility}: {message} (and {untold} like it)");
                }
            }
        }
    }

    fn error(&self, error: ClientError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        if let Some(untold) = self.turn() {
            tracing::warn!("kafka: {error}: {reason} (and {untold} like it)");
        }
        self.lock().last_error = Some(reason.to_owned());
    }
}

impl ConsumerContext for Context {}
