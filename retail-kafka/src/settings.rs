use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};

use crate::secret::is_secret;
use crate::{KafkaError, passed_on};

/// How to reach a topic.
///
/// `client` holds any further setting of librdkafka, for example `security.protocol`; it is handed
/// on as it is, unless it is one that this crate has to set itself. Secrets are shown as `***`
/// wherever settings are shown, serialised ones too.
///
/// ```
/// use retail_kafka::Settings;
///
/// let mut settings = Settings::new("127.0.0.1:9092");
/// settings.client.insert("sasl.password".into(), "hunter2".into());
/// assert!(!format!("{settings:?}").contains("hunter2"));
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Brokers to ask first, `HOST:PORT`, separated by commas.
    pub brokers: String,
    /// The topic of the stream.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Where records go that cannot be used; empty for nowhere.
    pub dead_letters: String,
    /// How many seconds a run to the end of the topic may go without progress, by this consumer or by
    /// another one of the group, before it fails; 1 or more. By default 120, which is longer than a
    /// session lasts after a crash, and than a batch stays open.
    pub once_timeout_seconds: u64,
    /// Further settings of librdkafka. In a configuration, their values may be numbers and truth values,
    /// too.
    #[serde(deserialize_with = "passed_on::deserialize")]
    pub client: BTreeMap<String, String>,
}

/// What this crate's promises rest on, and others may therefore not set.
const OWN: [&str; 11] = [
    "bootstrap.servers",
    // Another name of it.
    "metadata.broker.list",
    "group.id",
    "enable.auto.commit",
    // Another name of it.
    "auto.commit.enable",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "enable.idempotence",
    "transactional.id",
];

/// The name under which a member of a group is known beyond its end.
pub(crate) const INSTANCE: &str = "group.instance.id";

/// How long a broker may take to answer before it counts as unreachable.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Tries again for half a minute if that can help.
pub(crate) fn patiently<T>(
    mut action: impl FnMut() -> Result<T, KafkaError>,
) -> Result<T, KafkaError> {
    let begun = Instant::now();
    loop {
        match action() {
            Err(error) if error.is_retryable() && begun.elapsed() < Duration::from_secs(30) => {
                tracing::warn!("{error}; trying again");
                std::thread::sleep(Duration::from_millis(500));
            }
            other => return other,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".into(),
            topic: "retail_data_stream".into(),
            group: "retail-analytics-engine".into(),
            dead_letters: "retail_data_stream.dlq".into(),
            once_timeout_seconds: 120,
            client: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The default topic, group and dead-letter topic at these brokers.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            ..Self::default()
        }
    }

    /// # Errors
    /// [`KafkaError::Setting`] for names that Kafka does not allow, and for settings of librdkafka
    /// that this crate sets itself.
    pub fn check(&self) -> Result<(), KafkaError> {
        let wrong = |key: &str, expected: &'static str, got: &str| {
            Err(KafkaError::Setting {
                key: key.to_owned(),
                expected,
                got: format!("{got:?}"),
            })
        };
        if self.brokers.trim().is_empty() {
            return wrong("kafka.brokers", "HOST:PORT", &self.brokers);
        }
        if !is_topic(&self.topic) {
            return wrong("kafka.topic", TOPIC, &self.topic);
        }
        if !self.dead_letters.is_empty() && !is_topic(&self.dead_letters) {
            return wrong("kafka.dead_letters", TOPIC, &self.dead_letters);
        }
        if self.dead_letters == self.topic {
            return wrong("kafka.dead_letters", "another topic", &self.dead_letters);
        }
        if self.group.is_empty() {
            return wrong("kafka.group", "a name", &self.group);
        }
        if self.once_timeout_seconds == 0 {
            return wrong("kafka.once_timeout_seconds", "1 or more", "0");
        }
        match self.client.keys().find(|key| OWN.contains(&key.as_str())) {
            Some(own) => Err(KafkaError::Setting {
                key: format!("kafka.client.{own}"),
                expected: "a setting that the engine does not make itself",
                got: "it".into(),
            }),
            None => Ok(()),
        }
    }

    /// What consumers and producers have in common.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", "retail-analytics-engine");
        // Otherwise a producer that asks for a topic has one made, by the broker's own defaults.
        config.set("allow.auto.create.topics", "false");
        for (key, value) in &self.client {
            // Empty it is no name, but a wish for none.
            if key != INSTANCE || !value.is_empty() {
                config.set(key, value);
            }
        }
        config
    }

    fn shown(&self) -> BTreeMap<&str, &str> {
        let masked = |(key, value)| (key, if is_secret(key) { "***" } else { value });
        let client = self.client.iter();
        client
            .map(|(key, value)| masked((key.as_str(), value.as_str())))
            .collect()
    }
}

const TOPIC: &str = "1 to 249 letters, digits, '.', '_' and '-'";

fn is_topic(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&name.len()) && name.chars().all(legal) && name != "." && name != ".."
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("brokers", &self.brokers)
            .field("topic", &self.topic)
            .field("group", &self.group)
            .field("dead_letters", &self.dead_letters)
            .field("once_timeout_seconds", &self.once_timeout_seconds)
            .field("client", &self.shown())
            .finish()
    }
}

impl Serialize for Settings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            brokers: &'a str,
            topic: &'a str,
            group: &'a str,
            dead_letters: &'a str,
            once_timeout_seconds: u64,
            client: BTreeMap<&'a str, &'a str>,
        }
        Shown {
            brokers: &self.brokers,
            topic: &self.topic,
            group: &self.group,
            dead_letters: &self.dead_letters,
            once_timeout_seconds: self.once_timeout_seconds,
            client: self.shown(),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_nowhere() {
        let mut settings = Settings::default();
        for key in [
            "sasl.password",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.keystore.password",
            "sasl.oauthbearer.client.secret",
            "sasl.oauthbearer.config",
        ] {
            settings.client.insert(key.into(), "hunter2".into());
        }
        settings
            .client
            .insert("sasl.username".into(), "alice".into());
        for shown in [
            format!("{settings:?}"),
            serde_json::to_string(&settings).unwrap(),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("alice"), "{shown}");
            assert_eq!(shown.matches("***").count(), 6, "{shown}");
        }
    }

    #[test]
    fn what_the_engine_sets_itself_and_illegal_names_are_refused() {
        let wrong = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(wrong(|_| {}), Ok(()));
        assert_eq!(
            wrong(|s| s.topic = "a b".into()),
            Err(
                "kafka.topic: expected 1 to 249 letters, digits, '.', '_' and '-', got \"a b\""
                    .into()
            )
        );
        assert!(wrong(|s| s.topic = String::new()).is_err());
        assert!(wrong(|s| s.group = String::new()).is_err());
        assert!(wrong(|s| s.brokers = " ".into()).is_err());
        assert!(wrong(|s| s.once_timeout_seconds = 0).is_err());
        assert!(wrong(|s| s.dead_letters = s.topic.clone()).is_err());
        assert_eq!(wrong(|s| s.dead_letters = String::new()), Ok(()));
        for own in OWN {
            let mut settings = Settings::default();
            settings.client.insert(own.into(), "x".into());
            assert!(settings.check().is_err(), "{own}");
        }
        let set = |s: &mut Settings| {
            s.client.insert("enable.auto.commit".into(), "true".into());
        };
        assert_eq!(
            wrong(set),
            Err(
                "kafka.client.enable.auto.commit: expected a setting that the engine does not make \
                 itself, got it"
                    .into()
            )
        );
    }
}
