use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::uncertainty::Uncertainty;
use crate::train::numeric::student_t::two_sided_quantile;
use crate::train::{Contributions, FormatError, Model, PredictError, Prediction, Scale};

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
    /// Models of trainers that do not know it, and those saved before it was, have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncertainty: Option<Uncertainty>,
}

impl LinearModel {
    /// The format's name in [`ModelFormats`](crate::train::ModelFormats).
    pub const FORMAT: &'static str = "linear";

    pub(in crate::train) fn new(
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
            uncertainty: None,
        };
        model.check()?;
        Ok(model)
    }

    pub(in crate::train) fn with_uncertainty(
        mut self,
        uncertainty: Option<Uncertainty>,
    ) -> Result<Self, String> {
        self.uncertainty = uncertainty;
        self.check()?;
        Ok(self)
    }

    /// Reads a model from its JSON.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, FormatError> {
        let model = Self::deserialize(json).map_err(|error| format!("linear model: {error}"))?;
        model.check()?;
        Ok(model)
    }

    /// [`LinearModel::from_json`] as a reader for [`ModelFormats`](crate::train::ModelFormats).
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &serde_json::Value) -> Result<Arc<dyn Model>, FormatError> {
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
        if let Some(uncertainty) = &self.uncertainty {
            uncertainty.check(self.coefficients.len())?;
        }
        match self.residual_std {
            Some(std) if !(0.0..f64::INFINITY).contains(&std) => Err(format!(
                "linear model: residual_std: expected a number from 0 on, got {std}"
            )),
            _ => Ok(()),
        }
    }

    /// The prediction if every feature is 0.
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
    /// `√(Σ residual² / (n_samples − kept features − 1))`; `None` if nothing is left to divide
    /// by.
    #[must_use]
    pub const fn residual_std(&self) -> Option<f64> {
        self.residual_std
    }

    /// The share of the target's variance that the model explains in the training rows; `None` if
    /// the target does not vary, and for models without uncertainty (see
    /// [`LinearModel::degrees_of_freedom`]).
    #[must_use]
    pub fn r_squared(&self) -> Option<f64> {
        self.uncertainty.as_ref()?.r_squared
    }

    /// What the rows had left to estimate the errors by: their weight less the number of
    /// independent features and 1. `None` for models without uncertainty: those of linfa, those
    /// saved by early versions, and those with less than 1 degree of freedom.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> Option<f64> {
        Some(self.uncertainty.as_ref()?.degrees_of_freedom)
    }

    /// The standard errors of the intercept and of each coefficient, in their units; 0 for dropped
    /// features. `None` for models without uncertainty.
    ///
    /// They hold if the errors are independent and of equal variance, and the mean is linear. For
    /// features that are combinations of each other, they are the errors of the coefficients with
    /// the smallest norm.
    #[must_use]
    pub fn standard_errors(&self) -> Option<(f64, Vec<f64>)> {
        let (uncertainty, std) = (self.uncertainty.as_ref()?, self.residual_std?);
        let origin = vec![0.0; self.coefficients.len()];
        let variance = uncertainty.variance_of_mean(&ArrayView1::from(&origin));
        let mut coefficients = uncertainty.of_coefficients();
        for error in &mut coefficients {
            *error *= std;
        }
        Some((std * variance.sqrt(), coefficients))
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

    /// Each coefficient times what the feature is away from its mean in the training rows; from 0 for models
    /// without uncertainty, which do not know the means.
    fn contributions(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Contributions>, PredictError> {
        PredictError::check(&features, self.n_features())?;
        let n = self.n_features();
        let known = self.uncertainty.as_ref();
        let mean = known.map_or_else(|| vec![0.0; n], |known| known.mean.clone());
        let term =
            |at: usize, x: f64| (self.coefficients[at] * x).clamp(-LARGEST_TERM, LARGEST_TERM);
        let average = mean.iter().enumerate().map(|(at, &mean)| term(at, mean));
        let base = average.fold(self.intercept.clamp(-LARGEST_TERM, LARGEST_TERM), |a, b| {
            a + b
        });
        let values = Array3::from_shape_fn((features.nrows(), 1, n), |(row, _, at)| {
            term(at, features[(row, at)] - mean[at])
        });
        Ok(Some(Contributions {
            scale: Scale::Value,
            base: Array1::from_elem(1, base),
            values,
        }))
    }

    /// The interval that a new target falls into with probability `level`: the prediction plus and
    /// minus `t · residual_std · √(1 + 1/n + leverage)` with Student's `t` (Seber and Lee, "Linear
    /// Regression Analysis", 2nd ed., section 5.3), under the assumptions of
    /// [`LinearModel::standard_errors`] and that errors are normal.
    fn predict_interval(
        &self,
        features: ArrayView2<'_, f64>,
        level: f64,
    ) -> Result<Option<Array2<f64>>, PredictError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(PredictError::Level);
        }
        let Prediction::Values(values) = self.predict(features)? else {
            return Ok(None);
        };
        let (Some(uncertainty), Some(std)) = (&self.uncertainty, self.residual_std) else {
            return Ok(None);
        };
        let reach = std * two_sided_quantile(level, uncertainty.degrees_of_freedom);
        let mut interval = Array2::zeros((features.nrows(), 2));
        Zip::from(interval.rows_mut())
            .and(features.rows())
            .and(&values)
            .for_each(|mut ends, row, &value| {
                let half = reach * (1.0 + uncertainty.variance_of_mean(&row)).sqrt();
                let half = half.min(LARGEST_TERM);
                ends[0] = value - half;
                ends[1] = value + half;
            });
        Ok(Some(interval))
    }

    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::to_value(self)?)
    }
}
