use std::fmt;
use std::sync::Arc;

use super::EngineConfig;
use super::config::seconds;
use crate::error::ConfigError;
use crate::feature::{FeatureSet, StandardFeature};
use crate::label::{HighValueCustomer, Label, QuantityCategory, TotalAmount};
use crate::registry::SlotName;
use crate::train::{LinearRegression, LogisticRegression, Trainer};
use crate::window::{ConsecutiveBatches, CumulativeFraction, ElapsedPrefix, WindowStrategy};

/// Models of one target: what they see, what they learn, how, and on which windows. Version `k` of
/// the target is trained on window `k`.
#[derive(Clone)]
pub struct Pipeline {
    /// The names on disk are `<prefix>_<version>`.
    pub prefix: String,
    /// How many versions.
    pub versions: u32,
    /// The features.
    pub features: FeatureSet,
    /// The target.
    pub label: Arc<dyn Label>,
    /// The algorithm.
    pub trainer: Arc<dyn Trainer>,
    /// The windows.
    pub windows: Arc<dyn WindowStrategy>,
}

impl Pipeline {
    /// The slots of this pipeline, by version.
    pub fn slots(&self) -> impl Iterator<Item = SlotName> + '_ {
        (1..=self.versions).map(|version| SlotName {
            name: format!("{}_{version}", self.prefix),
            target: self.label.name().to_owned(),
            version,
        })
    }

    /// The three pipelines of the nine standard models.
    ///
    /// # Errors
    /// [`ConfigError`] where a value of the configuration is out of range.
    pub fn standard(config: &EngineConfig) -> Result<Vec<Self>, ConfigError> {
        const VERSIONS: u32 = 3;
        let step = seconds(
            "window.elapsed_step_seconds",
            config.window.elapsed_step_seconds,
        )?;
        let mut regression = FeatureSet::standard(&StandardFeature::REGRESSION);
        if config.linear.interaction {
            regression = regression.with(StandardFeature::QuantityTimesPrice);
        }
        let classification = FeatureSet::standard(&StandardFeature::CLASSIFICATION);
        Ok(vec![
            Self {
                prefix: "linear_model".into(),
                versions: VERSIONS,
                features: regression,
                label: Arc::new(TotalAmount),
                trainer: linear(config)?,
                windows: Arc::new(CumulativeFraction::new(VERSIONS)?),
            },
            Self {
                prefix: "rf_model_window".into(),
                versions: VERSIONS,
                features: classification.clone(),
                label: Arc::new(QuantityCategory::new(config.label.quantity_edges)?),
                trainer: Arc::new(config.forest.clone().check()?),
                windows: Arc::new(ElapsedPrefix::new(step, VERSIONS)?),
            },
            Self {
                prefix: "logistic_model_batch".into(),
                versions: VERSIONS,
                features: classification,
                label: Arc::new(HighValueCustomer::new(config.label.high_value)?),
                trainer: logistic(config)?,
                windows: Arc::new(ConsecutiveBatches::new(VERSIONS)?),
            },
        ])
    }
}

fn linear(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let params = LinearRegression::params().min_rows(config.linear.min_rows);
    Ok(Arc::new(params.check()?))
}

fn logistic(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let params = LogisticRegression::params()
        .alpha(config.logistic.alpha)
        .max_iterations(config.logistic.max_iterations)
        .min_rows(config.logistic.min_rows);
    Ok(Arc::new(params.check()?))
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("prefix", &self.prefix)
            .field("versions", &self.versions)
            .field("target", &self.label.name())
            .field("trainer", &self.trainer.name())
            .field("features", &self.features)
            .field("windows", &self.windows)
            .finish()
    }
}
