use std::path::PathBuf;

use retail_core::clean::UnknownCustomers;
use retail_core::engine::{
    self, BatchConfig, EngineConfig, LabelConfig, LinearConfig, LogisticConfig, RetrainPolicy,
    TrainConfig, WindowConfig,
};
use retail_core::source::{Delimiter, VirtualTime};
use retail_core::time::{DateOrder, Timestamp};
use retail_core::train::RandomForestParams;
use retail_core::{ConfigError, DataMode};
use serde::{Deserialize, Serialize};

use crate::args::Args;
use retail_examples::{HttpConfig, Outcome};

/// Everything that can be configured, in one place. Each section has defaults; an unknown key or
/// an illegal value is an error that names it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AppConfig {
    pub(crate) data: DataConfig,
    pub(crate) stream: StreamConfig,
    /// The topic to read instead, if the engine is built with Kafka.
    #[cfg(feature = "kafka")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kafka: Option<retail_kafka::Settings>,
    pub(crate) http: HttpConfig,
    pub(crate) clean: CleanConfig,
    pub(crate) batch: BatchConfig,
    pub(crate) window: WindowConfig,
    pub(crate) label: LabelConfig,
    pub(crate) linear: LinearConfig,
    pub(crate) forest: RandomForestParams,
    pub(crate) logistic: LogisticConfig,
    pub(crate) train: TrainConfig,
}

/// Where everything is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataConfig {
    pub(crate) dir: PathBuf,
    /// Who may read what is written there: private, group, umask or the mode of files in octal.
    pub(crate) mode: DataMode,
}

/// Where records come from, and when they enter the stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StreamConfig {
    /// A file or folder to replay, or several. Without any, a stream is simulated.
    #[serde(
        deserialize_with = "one_or_more",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) input: Vec<PathBuf>,
    /// Whether the input grows while it is read.
    pub(crate) follow: bool,
    /// Whether rows that an earlier file holds as well are left out.
    pub(crate) dedup_overlap: bool,
    /// The order of its dates. Without it, the order is found from the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date_format: Option<DateOrder>,
    /// What separates its fields. Without it, that is found from the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delimiter: Option<Delimiter>,
    /// Records per second of stream time.
    pub(crate) rate: f64,
    /// Stream time of the first record.
    pub(crate) start: Timestamp,
    /// How many times as fast as stream time. Without it, as fast as possible.
    pub(crate) speed: Option<f64>,
    /// Records to simulate.
    pub(crate) rows: u64,
    /// Seed of the simulation.
    pub(crate) seed: u64,
}

/// Which records are kept, and what is said of those that were dropped.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CleanConfig {
    /// A run that rejects more than this share of its records, 0 to 1, ends with a warning.
    pub(crate) warn_rejected: f64,
    /// Customers whose records are dropped as those of nobody.
    pub(crate) unknown_customers: UnknownCustomers,
}

impl Default for CleanConfig {
    fn default() -> Self {
        Self {
            warn_rejected: 0.5,
            unknown_customers: UnknownCustomers::default(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            dir: "data".into(),
            mode: DataMode::default(),
        }
    }
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            input: Vec::new(),
            follow: false,
            dedup_overlap: false,
            date_format: None,
            delimiter: None,
            rate: VirtualTime::DEFAULT_RATE,
            start: Timestamp::EPOCH,
            speed: None,
            rows: 200_000,
            seed: 42,
        }
    }
}

/// A path, or an array of paths.
fn one_or_more<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a path or an array of paths")]
    enum Paths {
        One(PathBuf),
        More(Vec<PathBuf>),
    }
    Ok(match Paths::deserialize(deserializer)? {
        Paths::One(path) => vec![path],
        Paths::More(paths) => paths,
    })
}

impl AppConfig {
    pub(crate) fn engine(&self) -> EngineConfig {
        EngineConfig {
            clean: engine::CleanConfig {
                unknown_customers: self.clean.unknown_customers.clone(),
            },
            batch: self.batch.clone(),
            window: self.window.clone(),
            label: self.label.clone(),
            linear: self.linear.clone(),
            forest: self.forest.clone(),
            logistic: self.logistic.clone(),
            train: self.train.clone(),
        }
    }

    /// Whether the stream is simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        #[cfg(feature = "kafka")]
        if self.kafka.is_some() {
            return false;
        }
        self.stream.input.is_empty()
    }

    pub(crate) fn to_toml(&self) -> Outcome<String> {
        Ok(toml::to_string(self)?)
    }
}

/// The configuration file, if any, with the flags on top.
pub(crate) fn load(args: &Args) -> Outcome<AppConfig> {
    #[cfg(not(feature = "kafka"))]
    if args.kafka.is_some() {
        return Err("--kafka: this program was built without Kafka; add --features kafka".into());
    }
    let (mut table, origin) = match &args.config {
        Some(path) => {
            // Read as a configuration first, for an error with the line.
            retail_core::engine::read_toml::<AppConfig>(path)?;
            (
                retail_core::engine::read_toml::<toml::Table>(path)?,
                format!("{} and flags", path.display()),
            )
        }
        None => (toml::Table::new(), "flags".to_owned()),
    };
    for assignment in args.assignments() {
        let one =
            retail_core::engine::parse_assignment::<toml::Table>(&assignment, &named(&assignment))?;
        merge(&mut table, one);
    }
    // A bounded job is done when its source is, and only the last models matter.
    let policy_given = table
        .get("train")
        .and_then(|train| train.get("policy"))
        .is_some();
    let mut config: AppConfig = AppConfig::deserialize(table)
        .map_err(|error| ConfigError::syntax(&origin, &error.to_string()))?;
    config.stream.input = args.other_inputs().unwrap_or(config.stream.input);
    config.data.dir = args.other_data_dir().unwrap_or(config.data.dir);
    config.http.admin_token_file = args
        .admin_token_file
        .clone()
        .or(config.http.admin_token_file);
    let share = config.clean.warn_rejected;
    if !(0.0..=1.0).contains(&share) {
        let why = format!("clean.warn_rejected: expected a number from 0 to 1, got {share}");
        return Err(why.into());
    }
    config.http.check(http_key)?;
    if config.stream.follow && args.once {
        return Err("--once: expected a source with an end, got stream.follow = true".into());
    }
    if config.stream.follow && config.stream.dedup_overlap {
        return Err(
            "stream.dedup_overlap: expected several files, got stream.follow = true".into(),
        );
    }
    if args.once && !policy_given {
        config.train.policy = RetrainPolicy::AtEnd;
    }
    Ok(config)
}

/// What errors call a setting of HTTP: its key.
pub(crate) fn http_key(name: &str) -> String {
    format!("http.{name}")
}

/// What errors call an assignment: its key. The value may be a secret, and so may a text without `=`.
fn named(assignment: &str) -> String {
    match assignment.split_once('=') {
        Some((key, _)) => format!("--set {}", key.trim_end()),
        None => "--set KEY=VALUE".to_owned(),
    }
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
