use std::sync::Arc;

use ndarray::{Array1, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use crate::train::{Model, PredictError, Prediction};

/// Terms of a prediction saturate here, so that no finite input gives an infinite answer.
const LARGEST_TERM: f64 = 1e300;

/// A linear model in raw units: `intercept + Σ coefficient × feature`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearModel {
    intercept: f64,
    coefficients: Vec<f64>,
    dropped: Vec<String>,
    n_samples: u64,
    residual_std: Option<f64>,
}

impl LinearModel {
    /// The format's name in [`ModelFormats`](crate::train::ModelFormats).
    pub const FORMAT: &'static str = "linear";

    pub(super) fn new(
        intercept: f64,
        coefficients: Vec<f64>,
        dropped: Vec<String>,
        n_samples: u64,
        residual_std: Option<f64>,
    ) -> Result<Self, String> {
        let model = Self {
            intercept,
            coefficients,
            dropped,
            n_samples,
            residual_std,
        };
        model.check()?;
        Ok(model)
    }

    /// Reads a model from its JSON.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        let model = Self::deserialize(json).map_err(|error| format!("linear model: {error}"))?;
        model.check()?;
        Ok(model)
    }

    /// [`LinearModel::from_json`] as a reader for [`ModelFormats`](crate::train::ModelFormats).
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &serde_json::Value) -> Result<Arc<dyn Model>, String> {
        Ok(Arc::new(Self::from_json(json)?))
    }

    fn check(&self) -> Result<(), String> {
        if !self.intercept.is_finite() {
            return Err("linear model: the intercept is not a finite number".into());
        }
        if let Some(bad) = self.coefficients.iter().position(|c| !c.is_finite()) {
            return Err(format!(
                "linear model: coefficient {bad} is not a finite number"
            ));
        }
        if self.dropped.len() > self.coefficients.len() {
            return Err(format!(
                "linear model: {} features dropped of {}",
                self.dropped.len(),
                self.coefficients.len()
            ));
        }
        match self.residual_std {
            Some(std) if !(0.0..f64::INFINITY).contains(&std) => Err(format!(
                "linear model: residual_std: expected a number from 0 on, got {std}"
            )),
            _ => Ok(()),
        }
    }

    /// The prediction where every feature is 0.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// One coefficient a feature, in target units per feature unit; 0 for dropped features.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The names of features that were left out: they do not vary, or are linear combinations of
    /// features before them.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// The number of rows it was learned from.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Standard deviation of the residuals, in target units:
    /// `√(Σ residual² / (n_samples − kept features − 1))`; `None` where nothing is left to divide
    /// by.
    #[must_use]
    pub const fn residual_std(&self) -> Option<f64> {
        self.residual_std
    }
}

impl Model for LinearModel {
    fn format(&self) -> &str {
        Self::FORMAT
    }

    fn n_features(&self) -> usize {
        self.coefficients.len()
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features())?;
        let mut values = Array1::from_elem(
            features.nrows(),
            self.intercept.clamp(-LARGEST_TERM, LARGEST_TERM),
        );
        for (column, &coefficient) in features.columns().into_iter().zip(&self.coefficients) {
            Zip::from(&mut values).and(column).for_each(|value, &x| {
                *value += (coefficient * x).clamp(-LARGEST_TERM, LARGEST_TERM);
            });
        }
        Ok(Prediction::Values(values))
    }

    fn to_json(&self) -> serde_json::Value {
        // A struct of numbers and strings has a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}
