use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::sigmoid::sigmoid;
use crate::train::{Contributions, FormatError, Model, PredictError, Prediction, Scale};

/// Terms of a score saturate here, so that no finite input gives a probability that is not a
/// number.
const LARGEST_TERM: f64 = 1e300;

/// A binary logistic model over standardised features.
///
/// The probability of class 1 is `1 / (1 + exp(−score))` with
/// `score = intercept + Σ coefficient × (feature − mean) / scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticModel {
    pub(in crate::train) mean: Vec<f64>,
    pub(in crate::train) scale: Vec<f64>,
    pub(in crate::train) coefficients: Vec<f64>,
    pub(in crate::train) intercept: f64,
    pub(in crate::train) dropped: Vec<String>,
    pub(in crate::train) n_samples: u64,
    pub(in crate::train) newton_steps: u64,
    pub(in crate::train) gradient_norm: f64,
}

impl LogisticModel {
    /// The format's name in [`ModelFormats`](crate::train::ModelFormats).
    pub const FORMAT: &'static str = "logistic";

    /// Reads a model from its JSON.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, FormatError> {
        let model = Self::deserialize(json).map_err(|error| format!("logistic model: {error}"))?;
        model.check()?;
        Ok(model)
    }

    /// [`LogisticModel::from_json`] as a reader for [`ModelFormats`](crate::train::ModelFormats).
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &serde_json::Value) -> Result<Arc<dyn Model>, FormatError> {
        Ok(Arc::new(Self::from_json(json)?))
    }

    /// This model, if its numbers are those of one.
    pub(in crate::train) fn checked(self) -> Result<Self, String> {
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), String> {
        let n = self.coefficients.len();
        if self.mean.len() != n || self.scale.len() != n || self.dropped.len() > n {
            return Err(format!(
                "logistic model: {n} coefficients, {} means, {} scales, {} features dropped",
                self.mean.len(),
                self.scale.len(),
                self.dropped.len()
            ));
        }
        let numbers = [("mean", &self.mean), ("coefficient", &self.coefficients)];
        for (name, values) in numbers {
            if let Some(bad) = values.iter().position(|value| !value.is_finite()) {
                return Err(format!(
                    "logistic model: {name} {bad} is not a finite number"
                ));
            }
        }
        let legal = |scale: &f64| (f64::MIN_POSITIVE..f64::INFINITY).contains(scale);
        if let Some(bad) = self.scale.iter().position(|scale| !legal(scale)) {
            return Err(format!(
                "logistic model: scale {bad}: expected a number above 0, got {}",
                self.scale[bad]
            ));
        }
        if !self.intercept.is_finite() || !self.gradient_norm.is_finite() {
            return Err("logistic model: the intercept or gradient is not a finite number".into());
        }
        Ok(())
    }

    /// Mean of each feature in the training rows.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Standard deviation (divisor `n`) of each feature in the training rows; 1 for dropped ones.
    #[must_use]
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// One coefficient a feature, per standard deviation; 0 for dropped features.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The score of a row whose features all have their means.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Intercept and coefficients for features in raw units, not standardised.
    #[must_use]
    pub fn raw_units(&self) -> (f64, Vec<f64>) {
        let pairs = self.coefficients.iter().zip(&self.scale);
        let raw: Vec<f64> = pairs
            .map(|(coefficient, scale)| coefficient / scale)
            .collect();
        let shift: f64 = raw.iter().zip(&self.mean).map(|(c, mean)| c * mean).sum();
        (self.intercept - shift, raw)
    }

    /// The names of features that were left out because they do not vary.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// The number of rows it was learned from.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Newton steps done. If linfa-logistic was the trainer, these come after its L-BFGS, and there
    /// are none if that alone met the tolerance.
    #[must_use]
    pub const fn newton_steps(&self) -> u64 {
        self.newton_steps
    }

    /// Euclidean norm of the gradient per sample at the model.
    #[must_use]
    pub const fn gradient_norm(&self) -> f64 {
        self.gradient_norm
    }
}

impl Model for LogisticModel {
    fn format(&self) -> &str {
        Self::FORMAT
    }

    fn n_features(&self) -> usize {
        self.coefficients.len()
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features())?;
        let saturate = |value: f64| value.clamp(-LARGEST_TERM, LARGEST_TERM);
        let mut scores = Array1::from_elem(features.nrows(), saturate(self.intercept));
        let scaler = self.mean.iter().zip(&self.scale);
        for ((column, &coefficient), (mean, scale)) in features
            .columns()
            .into_iter()
            .zip(&self.coefficients)
            .zip(scaler)
        {
            Zip::from(&mut scores).and(column).for_each(|score, &x| {
                *score += saturate(coefficient * saturate((x - mean) / scale));
            });
        }
        let mut probabilities = Array2::zeros((features.nrows(), 2));
        Zip::from(probabilities.rows_mut())
            .and(&scores)
            .for_each(|mut row, &score| {
                row[0] = sigmoid(-score);
                row[1] = sigmoid(score);
            });
        Ok(Prediction::Probabilities(probabilities))
    }

    /// Each coefficient times the standardised feature.
    fn contributions(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Contributions>, PredictError> {
        PredictError::check(&features, self.n_features())?;
        let saturate = |value: f64| value.clamp(-LARGEST_TERM, LARGEST_TERM);
        let shape = (features.nrows(), 1, self.n_features());
        let values = Array3::from_shape_fn(shape, |(row, _, at)| {
            let away = saturate((features[(row, at)] - self.mean[at]) / self.scale[at]);
            saturate(self.coefficients[at] * away)
        });
        Ok(Some(Contributions {
            scale: Scale::LogOdds,
            base: Array1::from_elem(1, saturate(self.intercept)),
            values,
        }))
    }

    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::to_value(self)?)
    }
}
