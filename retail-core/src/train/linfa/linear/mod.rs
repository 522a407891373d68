//! Linear least squares by linfa-linear, with the checks that it leaves to its caller.

mod independent;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::standardize::{Spread, Standardized};
use super::validate;
use crate::label::Task;
use crate::train::{
    Dataset, LinearError, LinearModel, LinearRegression, LinearRegressionParams, Model, NotTrained,
    Trainer, validate::wrong_task,
};

/// The name of the trainer, and the library that errors name.
const NAME: &str = "linfa-linear";

/// How far the normal equations may be from holding, per sample, features and target standardised,
/// for each unit of the largest coefficient.
const NORMAL_EQUATIONS: f64 = 1e-9;

/// Ordinary least squares by the QR decomposition of linfa-linear.
///
/// linfa-linear answers constant or collinear columns with coefficients near 10¹⁰ and NaN with NaN.
/// So this trainer standardises, leaves out columns that do not vary and those that are linear
/// combinations of columns before them (see [`LinearModel::dropped`]), and afterwards checks that
/// the normal equations hold. The coefficients are those of the raw units.
///
/// A column is a combination of the kept columns before it when less than 10⁻⁷ of its standard
/// deviation is left after projecting on them; it does not vary when its range is at most 10⁻¹² of
/// its largest magnitude.
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::linfa::LinfaLinear;
/// use retail_core::train::{Dataset, Prediction, Trainer};
///
/// let trainer = LinfaLinear::params().min_rows(3).check()?;
/// let data = Dataset {
///     features: array![[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]],
///     feature_names: vec!["x".into(), "always_one".into()],
///     target: vec![1.0, 3.0, 5.0],
///     row_numbers: vec![0, 1, 2],
///     task: Task::Regression,
/// };
/// let model = trainer.fit(&data)?;
/// let Prediction::Values(values) = model.predict(array![[10.0, 1.0]].view())? else {
///     unreachable!("a regression predicts values");
/// };
/// assert!((values[0] - 21.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinfaLinear {
    min_rows: usize,
}

/// Hyper-parameters of a [`LinfaLinear`], not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinfaLinearParams(LinearRegressionParams);

impl Default for LinfaLinear {
    fn default() -> Self {
        let min_rows = 10;
        Self { min_rows }
    }
}

impl LinfaLinear {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LinfaLinearParams {
        LinfaLinearParams(LinearRegression::params())
    }

    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] if no feature varies.
    pub fn fit_linear(&self, data: &Dataset) -> Result<LinearModel, NotTrained> {
        if data.task != Task::Regression {
            return Err(wrong_task(NAME, &data.task));
        }
        validate::numbers(data, self.min_rows)?;
        let mut features = Standardized::new(&data.features.view())
            .map_err(|column| too_wide(&validate::feature_name(data, column)))?;
        if features.columns.is_empty() {
            return Err(NotTrained::NoVariation);
        }
        let kept = independent::columns(&features.values);
        features.columns = kept.iter().map(|&index| features.columns[index]).collect();
        features.values = features.values.select(Axis(1), &kept);

        let raw_target = ArrayView1::from(&data.target);
        let spread = Spread::of(&raw_target).ok_or_else(|| too_wide("target"))?;
        let target = raw_target.mapv(|value| spread.standardize(value));
        let solution = solve(&features.values, &target)?;
        to_raw_units(data, &features, &spread, &solution)
    }
}

impl LinfaLinearParams {
    /// The smallest number of rows to learn from, 2 to 10⁹; 10 by default.
    #[must_use]
    pub fn min_rows(self, min_rows: usize) -> Self {
        Self(self.0.min_rows(min_rows))
    }

    /// The trainer with these hyper-parameters.
    ///
    /// # Errors
    /// [`LinearError`] for the first one out of range.
    pub fn check(self) -> Result<LinfaLinear, LinearError> {
        let min_rows = self.0.check_from(2)?.min_rows;
        Ok(LinfaLinear { min_rows })
    }
}

impl Trainer for LinfaLinear {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({ "min_rows": self.min_rows })
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_linear(data)?))
    }
}

/// Least squares in standardised units.
struct Solution {
    intercept: f64,
    coefficients: Array1<f64>,
    residual_squares: f64,
}

fn solve(features: &Array2<f64>, target: &Array1<f64>) -> Result<Solution, NotTrained> {
    let data = DatasetBase::new(features.view(), target.view());
    let fitted = linfa_linear::LinearRegression::new()
        .fit(&data)
        .map_err(|error| broken(error.to_string()))?;
    let (intercept, coefficients) = (fitted.intercept(), fitted.params().clone());

    let residuals = target - &features.dot(&coefficients) - intercept;
    let n = target.len() as f64;
    let largest = |values: &Array1<f64>| {
        values
            .iter()
            .fold(0.0, |most: f64, value| most.max(value.abs()))
    };
    let error = (largest(&features.t().dot(&residuals)) / n).max(residuals.sum().abs() / n);
    // Written so that NaN fails.
    if error <= NORMAL_EQUATIONS * (1.0 + largest(&coefficients)) && intercept.is_finite() {
        Ok(Solution {
            intercept,
            coefficients,
            residual_squares: residuals.dot(&residuals),
        })
    } else {
        Err(broken(format!(
            "the normal equations do not hold: off by {error:e} per sample"
        )))
    }
}

fn to_raw_units(
    data: &Dataset,
    features: &Standardized,
    target: &Spread,
    solution: &Solution,
) -> Result<LinearModel, NotTrained> {
    let mut coefficients = vec![0.0; data.n_features()];
    let mut intercept = target.mean() + target.scale() * solution.intercept;
    for (&column, &coefficient) in features.columns.iter().zip(&solution.coefficients) {
        // A target that does not vary has the scale 1 and coefficients that are rounding.
        let raw = if target.varies() {
            coefficient * (target.scale() / features.scale[column])
        } else {
            0.0
        };
        coefficients[column] = raw;
        intercept -= raw * features.mean[column];
    }
    let freedom = data.n_samples().saturating_sub(features.columns.len() + 1);
    let residual_std =
        (freedom > 0).then(|| target.scale() * (solution.residual_squares / freedom as f64).sqrt());
    let dropped = (0..data.n_features())
        .filter(|column| !features.columns.contains(column))
        .map(|column| validate::feature_name(data, column))
        .collect();
    LinearModel::new(
        intercept,
        coefficients,
        dropped,
        data.n_samples() as u64,
        residual_std,
    )
    .map_err(broken)
}

fn too_wide(column: &str) -> NotTrained {
    broken(format!("the range of {column} is not a finite number"))
}

fn broken(message: String) -> NotTrained {
    NotTrained::Library {
        library: NAME.to_owned(),
        message,
    }
}
