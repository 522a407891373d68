use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::batch::{BatchFormat, BatchLimits, Durability};
use crate::error::ConfigError;
use crate::label::HighValueRule;
use crate::train::RandomForestParams;

/// The configuration of an engine, readable from TOML. Every key has a default; an unknown key or
/// an illegal value is an error that names it.
///
/// ```
/// use retail_core::engine::EngineConfig;
/// let config = EngineConfig::from_toml("[batch]\nrows = 500", "engine.toml")?;
/// assert_eq!(config.batch.rows, 500);
/// let error = EngineConfig::from_toml("[batch]\nrow = 500", "engine.toml").unwrap_err();
/// assert!(error.to_string().contains("unknown field `row`"));
/// # Ok::<(), retail_core::error::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// When batches are closed, and how they are saved.
    pub batch: BatchConfig,
    /// The windows of the nine models.
    pub window: WindowConfig,
    /// What the models predict.
    pub label: LabelConfig,
    /// The models of `total_amount`.
    pub linear: LinearConfig,
    /// The models of `quantity_category`.
    pub forest: RandomForestParams,
    /// The models of `high_value_customer`.
    pub logistic: LogisticConfig,
    /// When and how models are trained.
    pub train: TrainConfig,
}

/// When batches are closed, and how they are saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Kept rows after which a batch is closed.
    pub rows: usize,
    /// Seconds of stream time after which a batch is closed.
    pub age_seconds: f64,
    /// In which form batches are saved.
    pub format: BatchFormat,
    /// When saved batches are made to survive a loss of power.
    pub durability: Durability,
}

/// The windows of the nine models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Seconds of stream time by which each forest's window is longer than the one before.
    pub elapsed_step_seconds: f64,
}

/// What the models predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelConfig {
    /// The largest quantities that are Low, Medium and High.
    pub quantity_edges: [f64; 3],
    /// From which spend on a customer is of high value.
    pub high_value: HighValueRule,
}

/// The models of `total_amount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {
    /// Whether quantity × price is a feature, which makes the model well specified.
    pub interaction: bool,
    /// The fewest rows that a model is trained on.
    pub min_rows: usize,
}

/// The models of `high_value_customer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticConfig {
    /// The weight of the L2 penalty beside the summed log-loss, on standardised features.
    pub alpha: f64,
    /// The most iterations of the optimiser.
    pub max_iterations: u64,
    /// The fewest rows that a model is trained on.
    pub min_rows: usize,
}

/// When and how models are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Which algorithms train the models.
    pub family: Family,
    /// When models are retrained.
    pub policy: RetrainPolicy,
    /// Models trained at the same time; 0 for as many as the machine has processors.
    pub threads: usize,
    /// Revisions kept of each model.
    pub keep_revisions: usize,
}

/// Which algorithms train the nine models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Those of this crate: least squares from merged summaries of batches, logistic regression by
    /// Newton steps over merged sums, histogram forests.
    #[default]
    Mergeable,
    /// Those of linfa: linfa-linear, linfa-logistic, and a single tree of linfa-trees, with its
    /// defects (see [`crate::train::LinfaTree`]), in the place of each forest.
    Linfa,
}

/// When models are retrained. Whatever the policy but [`RetrainPolicy::Manual`], they also are when
/// the source ends; and always only those whose window has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrainPolicy {
    /// After every saved batch. A training that takes longer than a batch goes on with the newest
    /// state; it does not queue.
    #[default]
    EveryBatch,
    /// After at least so many more rows.
    EveryRows(u64),
    /// Each model once its window is closed.
    OnWindowClose,
    /// When the source ends, or earlier where a window is closed for good.
    AtEnd,
    /// Only when [`crate::engine::Engine::train`] is called.
    Manual,
}

impl RetrainPolicy {
    /// Whether models follow the stream as it goes on, so that it makes sense to score them on each
    /// batch before they learn from it.
    pub(super) const fn is_continuous(self) -> bool {
        matches!(
            self,
            Self::EveryBatch | Self::EveryRows(_) | Self::OnWindowClose
        )
    }
}

impl Default for BatchConfig {
    fn default() -> Self {
        let limits = BatchLimits::default();
        Self {
            rows: limits.rows(),
            age_seconds: limits.age().as_secs_f64(),
            format: BatchFormat::default(),
            durability: Durability::default(),
        }
    }
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self {
            elapsed_step_seconds: 300.0,
        }
    }
}

impl Default for LabelConfig {
    fn default() -> Self {
        Self {
            quantity_edges: [1.0, 5.0, 20.0],
            high_value: HighValueRule::Quantile(0.75),
        }
    }
}

impl Default for LinearConfig {
    fn default() -> Self {
        Self {
            interaction: false,
            min_rows: 30,
        }
    }
}

impl Default for LogisticConfig {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            max_iterations: 1_000,
            min_rows: 30,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            family: Family::default(),
            policy: RetrainPolicy::default(),
            threads: 0,
            keep_revisions: 5,
        }
    }
}

impl EngineConfig {
    /// Reads a configuration from TOML. `origin` names the text in error messages.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] for text that is not TOML, unknown keys and values of another type.
    /// Ranges are checked when an engine is built.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        parse_toml(text, origin)
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError::Read`] where the file cannot be read, else as [`EngineConfig::from_toml`].
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        read_toml(path)
    }
}

impl BatchConfig {
    /// The limits, checked.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where one is out of range.
    pub fn limits(&self) -> Result<BatchLimits, ConfigError> {
        BatchLimits::new(self.rows, seconds("batch.age_seconds", self.age_seconds)?)
    }
}

impl TrainConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where a value is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.threads > 1024 {
            return Err(ConfigError::value(
                "train.threads",
                "a whole number from 0 to 1024",
                self.threads,
            ));
        }
        if !(1..=1_000_000).contains(&self.keep_revisions) {
            return Err(ConfigError::value(
                "train.keep_revisions",
                "a whole number from 1 to 1000000",
                self.keep_revisions,
            ));
        }
        if self.policy == RetrainPolicy::EveryRows(0) {
            return Err(ConfigError::value(
                "train.policy.every_rows",
                "a whole number from 1",
                0,
            ));
        }
        Ok(())
    }
}

/// A duration from seconds that a user gave.
///
/// # Errors
/// [`ConfigError::Value`] unless they are finite, at least 0 and representable.
pub fn seconds(key: &'static str, value: f64) -> Result<Duration, ConfigError> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| ConfigError::value(key, "a number of seconds", value))
}

/// Reads any configuration type from TOML text. `origin` names the text in error messages.
///
/// # Errors
/// [`ConfigError::Syntax`] with the line and what is wrong there.
pub fn parse_toml<T: serde::de::DeserializeOwned>(
    text: &str,
    origin: &str,
) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let place = before.map(place).unwrap_or_default();
        ConfigError::Syntax {
            origin: origin.to_owned(),
            message: format!("{place}{}", error.message().replace('\n', " ")),
        }
    })
}

/// The line on which `before` ends, and the key whose value begins there.
fn place(before: &str) -> String {
    let number = before.matches('\n').count() + 1;
    let line = before.rsplit('\n').next().unwrap_or_default();
    match line.split_once('=') {
        Some((key, _)) => format!("line {number}: {}: ", key.trim()),
        None => format!("line {number}: "),
    }
}

/// Reads any configuration type from a TOML file.
///
/// # Errors
/// [`ConfigError::Read`] where the file cannot be read, [`ConfigError::Syntax`] where it is wrong.
pub fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    parse_toml(&text, &path.display().to_string())
}
