use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigError, parse_toml, read_toml};
use crate::batch::{BatchFormat, BatchLimits, Durability, LimitError};
use crate::clean::UnknownCustomers;
use crate::label::{HighValueCustomer, HighValueRule, QuantityCategory};
use crate::train::RandomForestParams;
use crate::window::{ElapsedPrefix, WindowError};

/// The configuration of an engine, which can be read from TOML. Every key has a default. An unknown
/// key or an illegal value is an error that names it.
///
/// `batch.rows`, `batch.age_seconds` and `clean.unknown_customers` decide which rows are in which batch.
/// They are saved with the batches, and an engine that goes on from those with other values is refused
/// ([`Error::SettingsDiffer`](super::Error::SettingsDiffer)). All other keys can change at any restart:
/// models are trained again from the saved batches, as if the new values had been given from the beginning.
///
/// ```
/// use retail_core::engine::EngineConfig;
/// let config = EngineConfig::from_toml("[batch]\nrows = 500", "engine.toml")?;
/// assert_eq!(config.batch.rows, 500);
/// let error = EngineConfig::from_toml("[batch]\nrow = 500", "engine.toml").unwrap_err();
/// assert!(error.to_string().contains("unknown field `row`"));
/// # Ok::<(), retail_core::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Which records are kept.
    pub clean: CleanConfig,
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

/// Which records are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleanConfig {
    /// Customers whose records are dropped as those of nobody; `["0"]` by default.
    pub unknown_customers: UnknownCustomers,
}

/// When batches are closed, and how they are saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// A batch is closed after this many kept rows.
    pub rows: usize,
    /// A batch is closed after this many seconds of stream time.
    pub age_seconds: f64,
    /// The format in which batches are saved: `csv`, `parquet` (with the cargo feature) or `none`.
    pub format: BatchFormat,
    /// When saved batches are synced, so that they survive a loss of power.
    pub durability: Durability,
}

/// The windows of the nine models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Each forest's window is this many seconds of stream time longer than the one before.
    pub elapsed_step_seconds: f64,
}

/// What the models predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelConfig {
    /// The largest quantities that are Low, Medium and High.
    pub quantity_edges: [f64; 3],
    /// The spend from which on a customer is of high value.
    pub high_value: HighValueRule,
}

/// The models of `total_amount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {
    /// Whether quantity × price is a feature. It makes the model well specified.
    pub interaction: bool,
    /// The fewest rows that a model is trained on.
    pub min_rows: usize,
}

/// The models of `high_value_customer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticConfig {
    /// The weight of the L2 penalty relative to the summed log-loss, on standardised features.
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
    /// How many models are trained at the same time; 0 for one per processor.
    pub threads: usize,
    /// How many revisions of each model are kept.
    pub keep_revisions: usize,
}

/// Which algorithms train the nine models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// This crate's own: least squares from merged summaries of batches, logistic regression by
    /// Newton steps over merged sums, histogram forests.
    #[default]
    Mergeable,
    /// linfa's: linfa-linear, linfa-logistic, and in the place of each forest a single tree of
    /// linfa-trees, with its defects (see [`crate::train::linfa::LinfaTree`]).
    Linfa,
}

/// When models are retrained: always only those whose window has changed. Under every policy but
/// [`RetrainPolicy::Manual`], models are also retrained when the source ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrainPolicy {
    /// After every saved batch. Batches that arrive during a training do not queue: the next one
    /// starts from the newest state.
    #[default]
    EveryBatch,
    /// After at least this many more rows.
    EveryRows(u64),
    /// Each model once its window is closed.
    OnWindowClose,
    /// When the source ends, or earlier if a window is closed for good.
    AtEnd,
    /// Only when somebody asks: through a [`RetrainHandle`](crate::engine::RetrainHandle), also while the
    /// engine runs, or by [`Engine::train`](crate::engine::Engine::train) between runs.
    Manual,
}

impl RetrainPolicy {
    /// Whether models follow the stream as it goes on. Only then does it make sense to score them on
    /// each batch before they learn from it.
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
    /// [`ConfigError::Read`] if the file cannot be read, otherwise as [`EngineConfig::from_toml`].
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        read_toml(path)
    }
}

impl BatchConfig {
    /// The limits, checked.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is out of range.
    pub fn limits(&self) -> Result<BatchLimits, ConfigError> {
        const KEY: &str = "batch.age_seconds";
        let age = seconds(KEY, self.age_seconds)?;
        BatchLimits::new(self.rows, age).map_err(|error| match error {
            LimitError::Age { .. } => ConfigError::Seconds {
                key: KEY,
                expected: "seconds from 0.001 to 31622400",
                got: self.age_seconds,
            },
            other => ConfigError::Batch(other),
        })
    }

    /// Checks that this build can write the format.
    ///
    /// # Errors
    /// [`ConfigError::NoParquet`] for Parquet without the cargo feature `parquet`.
    pub fn check_format(&self) -> Result<(), ConfigError> {
        if self.format.is_available() {
            Ok(())
        } else {
            Err(ConfigError::NoParquet)
        }
    }
}

impl WindowConfig {
    /// `count` windows of elapsed time, each a step longer than the one before.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is out of range.
    pub fn elapsed(&self, count: u32) -> Result<ElapsedPrefix, ConfigError> {
        const KEY: &str = "window.elapsed_step_seconds";
        let step = seconds(KEY, self.elapsed_step_seconds)?;
        // Beyond microseconds a decimal number of seconds has no exact value anyway.
        let step = Duration::from_micros(u64::try_from(step.as_micros()).unwrap_or(u64::MAX));
        ElapsedPrefix::new(step, count).map_err(|error| match error {
            WindowError::Step { .. } => ConfigError::Seconds {
                key: KEY,
                expected: "seconds above 0 and up to 31622400",
                got: self.elapsed_step_seconds,
            },
            other => ConfigError::Window(other),
        })
    }
}

impl LabelConfig {
    /// The label `quantity_category`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is out of range.
    pub fn quantity_category(&self) -> Result<QuantityCategory, ConfigError> {
        QuantityCategory::new(self.quantity_edges).map_err(|source| ConfigError::Label {
            section: "label",
            source,
        })
    }

    /// The label `high_value_customer`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is out of range.
    pub fn high_value_customer(&self) -> Result<HighValueCustomer, ConfigError> {
        HighValueCustomer::new(self.high_value).map_err(|source| ConfigError::Label {
            section: "label.high_value",
            source,
        })
    }
}

impl TrainConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first key that is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.threads > 1024 {
            return Err(ConfigError::Threads { got: self.threads });
        }
        if !(1..=1_000_000).contains(&self.keep_revisions) {
            let got = self.keep_revisions;
            return Err(ConfigError::KeepRevisions { got });
        }
        if self.policy == RetrainPolicy::EveryRows(0) {
            return Err(ConfigError::EveryRows { got: 0 });
        }
        Ok(())
    }
}

/// A duration from seconds that a user gave as the value of `key`.
///
/// # Errors
/// [`ConfigError::Seconds`] unless they are finite, at least 0 and representable.
pub fn seconds(key: &'static str, value: f64) -> Result<Duration, ConfigError> {
    Duration::try_from_secs_f64(value).map_err(|_| ConfigError::Seconds {
        key,
        expected: "a number of seconds",
        got: value,
    })
}
