use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::config::seconds;
use super::{EngineConfig, Family, LogisticConfig};
use crate::error::ConfigError;
use crate::feature::{Extractor, FeatureSet, StandardFeature};
use crate::label::{HighValueCustomer, Label, QuantityCategory, TotalAmount};
use crate::registry::{SlotName, StandardModels};
use crate::train::{
    LeastSquares, LinearRegression, LinfaTree, LogisticRegression, NewtonLogistic, Trainer,
};
use crate::window::{ConsecutiveBatches, CumulativeFraction, ElapsedPrefix, WindowStrategy};

/// Models of one target: what they see, what they learn, how, and on which windows. Version `k` of
/// the target is trained on window `k`.
#[derive(Clone)]
pub struct Pipeline {
    /// The names on disk are `<prefix>_<version>`: letters, digits, `_` and `-`, and another one for
    /// each pipeline of an engine.
    pub prefix: String,
    /// How many versions, at least 1.
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
    pub fn slots(&self) -> impl Iterator<Item = SlotName> + use<> {
        SlotName::versions(&self.prefix, self.label.name(), self.versions)
    }

    /// Checks the pipelines of one engine, and collects the features of users, each name once: the
    /// first of that name computes it for all.
    pub(super) fn check_all(pipelines: &[Self]) -> Result<Vec<Arc<dyn Extractor>>, ConfigError> {
        let mut slots = BTreeSet::new();
        let mut extractors: Vec<Arc<dyn Extractor>> = Vec::new();
        for pipeline in pipelines {
            pipeline.check()?;
            if let Some(twice) = pipeline
                .slots()
                .find(|slot| !slots.insert(slot.name.clone()))
            {
                return Err(ConfigError::value(
                    "pipeline.prefix",
                    "a name for each model",
                    format!("{} twice", twice.name),
                ));
            }
            for extractor in pipeline.features.custom() {
                let spec = extractor.spec();
                match extractors
                    .iter()
                    .find(|known| known.spec().name == spec.name)
                {
                    None => extractors.push(Arc::clone(extractor)),
                    Some(known) if known.spec() == spec => {}
                    Some(_) => {
                        return Err(ConfigError::value(
                            "pipeline.features",
                            "one unit and range for each name",
                            format!("two for {}", spec.name),
                        ));
                    }
                }
            }
        }
        Ok(extractors)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.prefix.is_empty() || !self.prefix.chars().all(legal) {
            return Err(ConfigError::value(
                "pipeline.prefix",
                "letters, digits, _ and -",
                format!("{:?}", self.prefix),
            ));
        }
        if !(1..=1000).contains(&self.versions) {
            return Err(ConfigError::value(
                "pipeline.versions",
                "a whole number from 1 to 1000",
                self.versions,
            ));
        }
        let schema = self.features.schema();
        let mut names = BTreeSet::new();
        match schema.names().find(|name| !names.insert(*name)) {
            None => Ok(()),
            Some(twice) => Err(ConfigError::value(
                "pipeline.features",
                "another name for each feature",
                format!("{twice} twice"),
            )),
        }
    }

    /// The three pipelines of the nine standard models.
    ///
    /// # Errors
    /// [`ConfigError`] where a value of the configuration is out of range.
    pub fn standard(config: &EngineConfig) -> Result<Vec<Self>, ConfigError> {
        let [linear_names, forest_names, logistic_names] = StandardModels::ALL;
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
                prefix: linear_names.prefix.into(),
                versions: linear_names.versions,
                features: regression,
                label: Arc::new(TotalAmount),
                trainer: linear(config)?,
                windows: Arc::new(CumulativeFraction::new(linear_names.versions)?),
            },
            Self {
                prefix: forest_names.prefix.into(),
                versions: forest_names.versions,
                features: classification.clone(),
                label: Arc::new(QuantityCategory::new(config.label.quantity_edges)?),
                trainer: forest(config)?,
                windows: Arc::new(ElapsedPrefix::new(step, forest_names.versions)?),
            },
            Self {
                prefix: logistic_names.prefix.into(),
                versions: logistic_names.versions,
                features: classification,
                label: Arc::new(HighValueCustomer::new(config.label.high_value)?),
                trainer: logistic(config)?,
                windows: Arc::new(ConsecutiveBatches::new(logistic_names.versions)?),
            },
        ])
    }
}

fn linear(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let min_rows = config.linear.min_rows;
    Ok(match config.train.family {
        Family::Mergeable => Arc::new(LeastSquares::params().min_rows(min_rows).check()?),
        Family::Linfa => Arc::new(LinearRegression::params().min_rows(min_rows).check()?),
    })
}

fn forest(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let forest = config.forest.clone().check()?;
    Ok(match config.train.family {
        Family::Mergeable => Arc::new(forest),
        Family::Linfa => Arc::new(LinfaTree::params().max_depth(forest.max_depth()).check()?),
    })
}

fn logistic(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let LogisticConfig {
        alpha,
        max_iterations,
        min_rows,
    } = config.logistic;
    Ok(match config.train.family {
        Family::Mergeable => Arc::new(
            NewtonLogistic::params()
                .alpha(alpha)
                .max_iterations(max_iterations)
                .min_rows(min_rows)
                .check()?,
        ),
        Family::Linfa => Arc::new(
            LogisticRegression::params()
                .alpha(alpha)
                .max_iterations(max_iterations)
                .min_rows(min_rows)
                .check()?,
        ),
    })
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
