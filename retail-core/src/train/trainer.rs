use std::sync::Arc;

use super::rounds::AnyRounds;
use super::{Dataset, Model, NotTrained};

/// Learns models. Implement it to bring an algorithm of your own.
///
/// Contract, which `retail_core::testing::trainer_contract` checks:
/// - the same data gives a model with the same bytes, in any process and with any number of
///   threads, unless the [`Guarantees`] exempt it;
/// - data that cannot be learned from gives [`NotTrained`], never a panic: no rows, one row, no
///   features, one class, values that are not finite;
/// - features that are all constant give what the [`Guarantees`] say.
pub trait Trainer: Send + Sync {
    /// The name of the algorithm, for example `random-forest`.
    fn name(&self) -> &str;

    /// The hyper-parameters, for the artefact.
    fn hyper_parameters(&self) -> serde_json::Value;

    /// The seed of what is drawn at random, if anything is.
    fn seed(&self) -> Option<u64> {
        None
    }

    /// What this trainer promises in the points of the contract that are left to it.
    fn guarantees(&self) -> Guarantees {
        Guarantees::default()
    }

    /// Learns a model.
    ///
    /// # Errors
    /// [`NotTrained`] with the reason why these data give no model.
    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained>;

    /// This trainer as one that learns in [`Rounds`](super::rounds::Rounds), if it is one.
    fn rounds(&self) -> Option<&dyn AnyRounds> {
        None
    }
}

/// What a trainer promises in the points that its contract leaves to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guarantees {
    /// Whether the same data always gives a model with the same bytes. Only a trainer around a
    /// library that is not reproducible should say no.
    pub reproducible: bool,
    /// What features that are all constant give.
    pub constant_features: ConstantFeatures,
}

/// What data gives whose features are all constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstantFeatures {
    /// [`NotTrained`]: there is nothing to learn.
    Refused,
    /// A model that always gives the mean of the target.
    Mean,
}

impl Default for Guarantees {
    /// Reproducible; constant features are refused.
    fn default() -> Self {
        Self {
            reproducible: true,
            constant_features: ConstantFeatures::Refused,
        }
    }
}
