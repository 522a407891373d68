use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::{ConfigError, EngineConfig, Family, LogisticConfig};
use crate::feature::{Extractor, FeatureSet, StandardFeature};
use crate::label::{Label, TotalAmount};
use crate::registry::{SlotName, StandardModels};
#[cfg(feature = "linfa")]
use crate::train::linfa::{LinfaLinear, LinfaLogistic, LinfaTree};
use crate::train::{LinearRegression, LogisticRegression, Trainer};
use crate::window::{ConsecutiveBatches, CumulativeFraction, WindowStrategy};

/// The models of one target: what they see, what they learn, how, and from which windows. Version
/// `k` is trained on window `k`.
#[derive(Clone)]
pub struct Pipeline {
    /// The models are named `<prefix>_<version>`. Letters, digits, `_` and `-`, different for each
    /// pipeline of an engine.
    pub prefix: String,
    /// How many versions: 1 to 1,000.
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

    /// Checks the pipelines of one engine and collects the features of users, each name once. The
    /// first feature of a name is computed for all.
    pub(super) fn check_all(pipelines: &[Self]) -> Result<Vec<Arc<dyn Extractor>>, PipelineError> {
        let mut models = BTreeSet::new();
        let mut extractors: Vec<Arc<dyn Extractor>> = Vec::new();
        for pipeline in pipelines {
            pipeline.check()?;
            for slot in pipeline.slots() {
                if models.contains(&slot.name) {
                    return Err(PipelineError::ModelTwice { model: slot.name });
                }
                models.insert(slot.name);
            }
            for extractor in pipeline.features.custom() {
                let spec = extractor.spec();
                let mut known = extractors.iter().map(|known| known.spec());
                match known.find(|known| known.name == spec.name) {
                    None => extractors.push(Arc::clone(extractor)),
                    Some(known) if known == spec => {}
                    Some(_) => return Err(PipelineError::FeatureDiffers { feature: spec.name }),
                }
            }
        }
        Ok(extractors)
    }

    fn check(&self) -> Result<(), PipelineError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let prefix = self.prefix.clone();
        if prefix.is_empty() || !prefix.chars().all(legal) {
            return Err(PipelineError::Prefix { got: prefix });
        }
        if !(1..=1000).contains(&self.versions) {
            let got = self.versions;
            return Err(PipelineError::Versions { prefix, got });
        }
        let schema = self.features.schema();
        let mut names = BTreeSet::new();
        match schema.names().find(|name| !names.insert(*name)) {
            None => Ok(()),
            Some(twice) => Err(PipelineError::FeatureTwice {
                prefix,
                feature: twice.to_owned(),
            }),
        }
    }

    /// The three pipelines of the nine standard models.
    ///
    /// # Errors
    /// [`ConfigError`] if a value of the configuration is out of range.
    pub fn standard(config: &EngineConfig) -> Result<Vec<Self>, ConfigError> {
        let [linear_names, forest_names, logistic_names] = StandardModels::ALL;
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
                windows: Arc::new(
                    CumulativeFraction::new(linear_names.versions).map_err(ConfigError::Window)?,
                ),
            },
            Self {
                prefix: forest_names.prefix.into(),
                versions: forest_names.versions,
                features: classification.clone(),
                label: Arc::new(config.label.quantity_category()?),
                trainer: forest(config)?,
                windows: Arc::new(config.window.elapsed(forest_names.versions)?),
            },
            Self {
                prefix: logistic_names.prefix.into(),
                versions: logistic_names.versions,
                features: classification,
                label: Arc::new(config.label.high_value_customer()?),
                trainer: logistic(config)?,
                windows: Arc::new(
                    ConsecutiveBatches::new(logistic_names.versions)
                        .map_err(ConfigError::Window)?,
                ),
            },
        ])
    }
}

fn linear(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let min_rows = config.linear.min_rows;
    Ok(match config.train.family {
        Family::Mergeable => Arc::new(LinearRegression::params().min_rows(min_rows).check()?),
        #[cfg(feature = "linfa")]
        Family::Linfa => Arc::new(LinfaLinear::params().min_rows(min_rows).check()?),
        #[cfg(not(feature = "linfa"))]
        Family::Linfa => return Err(ConfigError::NoLinfa),
    })
}

fn forest(config: &EngineConfig) -> Result<Arc<dyn Trainer>, ConfigError> {
    let forest = config.forest.clone().check().map_err(ConfigError::Forest)?;
    Ok(match config.train.family {
        Family::Mergeable => Arc::new(forest),
        #[cfg(feature = "linfa")]
        Family::Linfa => Arc::new(LinfaTree::params().max_depth(forest.max_depth()).check()?),
        #[cfg(not(feature = "linfa"))]
        Family::Linfa => return Err(ConfigError::NoLinfa),
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
            LogisticRegression::params()
                .alpha(alpha)
                .max_iterations(max_iterations)
                .min_rows(min_rows)
                .check()?,
        ),
        #[cfg(feature = "linfa")]
        Family::Linfa => Arc::new(
            LinfaLogistic::params()
                .alpha(alpha)
                .max_iterations(max_iterations)
                .min_rows(min_rows)
                .check()?,
        ),
        #[cfg(not(feature = "linfa"))]
        Family::Linfa => return Err(ConfigError::NoLinfa),
    })
}

/// Pipelines that an engine cannot be opened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A prefix that is no file name.
    #[error("prefix: expected letters, digits, _ and -, got {got:?}")]
    Prefix {
        /// The prefix given.
        got: String,
    },
    /// The number of versions.
    #[error("{prefix}: versions: expected a whole number from 1 to 1000, got {got}")]
    Versions {
        /// Which pipeline.
        prefix: String,
        /// The number given.
        got: u32,
    },
    /// Two models have one name.
    #[error("prefix: expected a name for each model, got {model} twice")]
    ModelTwice {
        /// The name.
        model: String,
    },
    /// Two features of a pipeline have one name.
    #[error("{prefix}: features: expected another name for each feature, got {feature} twice")]
    FeatureTwice {
        /// Which pipeline.
        prefix: String,
        /// The name.
        feature: String,
    },
    /// Two pipelines have different features of one name.
    #[error("features: expected one unit and range for each name, got two for {feature}")]
    FeatureDiffers {
        /// The name.
        feature: String,
    },
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
