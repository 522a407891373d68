//! How the programs for Kafka are told where the brokers are, and how to reach them.

use std::path::PathBuf;

use clap::Args;
use retail_kafka::Settings;
use serde::Deserialize;

use crate::Outcome;

/// Flags for the brokers. They win over the configuration file.
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// Brokers to ask first [default: 127.0.0.1:9092]
    #[arg(long, global = true, value_name = "HOST:PORT")]
    brokers: Option<String>,

    /// The topic [default: retail_data_stream]
    #[arg(long, global = true)]
    topic: Option<String>,

    /// A configuration file of the engine, of which the table `kafka` is read
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Further settings of librdkafka, for example --set security.protocol=ssl; secrets are better
    /// kept in the file, below [kafka.client]
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    kafka: Settings,
}

impl ClientArgs {
    /// The settings of the file, with the flags on top. Dead letters of a topic that a flag names go
    /// to the topic of the same name with `.dlq` at its end.
    ///
    /// # Errors
    /// If the file cannot be read, or a flag is not of the form `KEY=VALUE`.
    pub fn settings(&self) -> Outcome<Settings> {
        let file: File = match &self.config {
            Some(path) => retail_core::engine::read_toml(path)?,
            None => File::default(),
        };
        let mut settings = file.kafka;
        if let Some(brokers) = &self.brokers {
            settings.brokers.clone_from(brokers);
        }
        if let Some(topic) = &self.topic {
            settings.dead_letters = format!("{topic}.dlq");
            settings.topic.clone_from(topic);
        }
        for assignment in &self.set {
            // What is not understood may be a secret.
            let (key, value) = assignment
                .split_once('=')
                .ok_or("--set: expected KEY=VALUE, got a text without `=`")?;
            settings.client.insert(key.to_owned(), value.to_owned());
        }
        Ok(settings)
    }
}
