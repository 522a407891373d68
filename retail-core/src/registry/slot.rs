use arc_swap::ArcSwapOption;
use ndarray::ArrayView2;

use super::Artefact;
use crate::train::{PredictError, Prediction};

/// The place of a model: its name on disk, its target and its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotName {
    /// The name on disk, for example `linear_model_1`.
    pub name: String,
    /// What is predicted, for example `total_amount`.
    pub target: String,
    /// The version within the target, from 1.
    pub version: u32,
}

/// The nine models of the standard engine.
#[must_use]
pub fn standard_slots() -> Vec<SlotName> {
    [
        ("linear_model", "total_amount"),
        ("rf_model_window", "quantity_category"),
        ("logistic_model_batch", "high_value_customer"),
    ]
    .into_iter()
    .flat_map(|(prefix, target)| {
        (1..=3).map(move |version| SlotName {
            name: format!("{prefix}_{version}"),
            target: target.to_owned(),
            version,
        })
    })
    .collect()
}

/// A revision of a model that is being served.
#[derive(Debug, Clone)]
pub struct Served {
    /// The revision within the slot, from 1.
    pub revision: u64,
    /// The model and all that is to be known of it.
    pub artefact: Artefact,
}

impl Served {
    /// Predicts rows of features in the order of the artefact's schema, `(n_samples, n_features)`.
    ///
    /// # Errors
    /// [`PredictError`] for another number of features and for values that are not finite.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        self.artefact.model.predict(features)
    }
}

/// A slot and what it serves.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: SlotName,
    pub(super) current: ArcSwapOption<Served>,
}
