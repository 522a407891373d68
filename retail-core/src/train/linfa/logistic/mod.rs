//! L2-regularised logistic regression by linfa-logistic, with the checks that it leaves to its
//! caller.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;

use super::standardize::Standardized;
use super::validate;
use crate::label::Task;
use crate::train::{
    Dataset, LogisticError, LogisticModel, LogisticRegression, LogisticRegressionParams, Model,
    NotTrained, Trainer, validate::wrong_task,
};

/// The name of the trainer, and the library that errors name.
const NAME: &str = "linfa-logistic";

/// Binary logistic regression by the L-BFGS of linfa-logistic, finished by Newton steps.
///
/// Minimises `Σ log(1 + exp(−sᵢ (zᵢ·w + b))) + alpha/2 ‖w‖²` with `sᵢ = ±1` and `z` the features
/// standardised to mean 0 and standard deviation 1 (divisor `n`); the intercept `b` carries no
/// penalty. So `alpha` is 1/C of scikit-learn's `LogisticRegression` behind a `StandardScaler`.
/// Features that do not vary are left out.
///
/// linfa-logistic does not say whether it converged, and L-BFGS ends when the loss changes by less
/// than its rounding, short of the precision that small coefficients need. So the Newton steps of
/// [`LogisticRegression`] begin at its answer and finish the work, mostly one or two of them.
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::linfa::LinfaLogistic;
/// use retail_core::train::{Dataset, Prediction, Trainer};
///
/// let trainer = LinfaLogistic::params().alpha(0.1).min_rows(4).check()?;
/// let data = Dataset {
///     features: array![[0.0], [1.0], [2.0], [3.0]],
///     feature_names: vec!["x".into()],
///     target: vec![0.0, 0.0, 1.0, 1.0],
///     row_numbers: vec![0, 1, 2, 3],
///     task: Task::Binary,
/// };
/// let model = trainer.fit(&data)?;
/// let Prediction::Probabilities(p) = model.predict(array![[0.0], [3.0]].view())? else {
///     unreachable!("a classification predicts probabilities");
/// };
/// assert!(p[(0, 1)] < 0.1 && p[(1, 1)] > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinfaLogistic(LogisticRegression);

/// Hyper-parameters of a [`LinfaLogistic`], not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct LinfaLogisticParams(LogisticRegressionParams);

impl LinfaLogisticParams {
    /// Strength of the L2 penalty on the summed loss, 10⁻¹² to 10¹²; 1 by default.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Self(self.0.alpha(alpha))
    }

    /// The most iterations of L-BFGS, and then the most Newton steps, 1 to 10⁶; 100 by default.
    #[must_use]
    pub fn max_iterations(self, max_iterations: u64) -> Self {
        Self(self.0.max_iterations(max_iterations))
    }

    /// The largest Euclidean norm of the gradient per sample at which the fit counts as converged,
    /// 10⁻¹⁴ to 1; 10⁻¹⁰ by default.
    #[must_use]
    pub fn gradient_tolerance(self, gradient_tolerance: f64) -> Self {
        Self(self.0.gradient_tolerance(gradient_tolerance))
    }

    /// The smallest number of rows to learn from, 2 to 10⁹; 20 by default.
    #[must_use]
    pub fn min_rows(self, min_rows: usize) -> Self {
        Self(self.0.min_rows(min_rows))
    }

    /// The trainer with these hyper-parameters.
    ///
    /// # Errors
    /// [`LogisticError`] for the first one out of range.
    pub fn check(self) -> Result<LinfaLogistic, LogisticError> {
        let newton = self.0.check()?;
        if newton.alpha > 0.0 {
            Ok(LinfaLogistic(newton))
        } else {
            Err(LogisticError::NoPenalty)
        }
    }
}

impl LinfaLogistic {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LinfaLogisticParams {
        LinfaLogisticParams(LogisticRegression::params())
    }

    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] if no feature varies,
    /// [`NotTrained::NotConverged`] if the gradient stays above the tolerance.
    pub fn fit_logistic(&self, data: &Dataset) -> Result<LogisticModel, NotTrained> {
        if data.task != Task::Binary {
            return Err(wrong_task(NAME, &data.task));
        }
        validate::numbers(data, self.0.min_rows)?;
        validate::classes(data)?;
        let features = Standardized::new(&data.features.view()).map_err(|column| {
            let name = validate::feature_name(data, column);
            broken(format!("the range of {name} is not a finite number"))
        })?;
        if features.columns.is_empty() {
            return Err(NotTrained::NoVariation);
        }
        let (coefficients, intercept) = self.start(&features, &data.target, data.n_features());
        self.0.fit_from(data, &coefficients, intercept)
    }

    /// Coefficients and intercept that linfa-logistic ends at; all 0 if its line search gives up, for
    /// Newton steps converge from there as well.
    fn start(&self, features: &Standardized, target: &[f64], n_features: usize) -> (Vec<f64>, f64) {
        let origin = (vec![0.0; n_features], 0.0);
        let classes: Array1<bool> = target.iter().map(|&class| class == 1.0).collect();
        let data = DatasetBase::new(features.values.view(), classes);
        // linfa's gradient is that of the summed loss.
        let tolerance = self.0.gradient_tolerance * target.len() as f64;
        let params = linfa_logistic::LogisticRegression::default()
            .alpha(self.0.alpha)
            .max_iterations(self.0.max_iterations)
            .gradient_tolerance(tolerance);
        let fitted = match params.check() {
            Ok(params) => params.fit(&data),
            Err(error) => Err(error),
        };
        match fitted {
            Ok(fitted) => {
                // linfa calls the more frequent class the positive one.
                let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
                let (mut coefficients, intercept) = (origin.0.clone(), fitted.intercept() * sign);
                for (&column, coefficient) in features.columns.iter().zip(fitted.params()) {
                    coefficients[column] = coefficient * sign;
                }
                let finite = intercept.is_finite() && coefficients.iter().all(|c| c.is_finite());
                if finite {
                    (coefficients, intercept)
                } else {
                    origin
                }
            }
            Err(error) => {
                tracing::debug!(%error, "linfa-logistic gave up; starting from the origin");
                origin
            }
        }
    }
}

impl Trainer for LinfaLogistic {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        self.0.hyper_parameters()
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_logistic(data)?))
    }
}

fn broken(message: String) -> NotTrained {
    NotTrained::Library {
        library: NAME.to_owned(),
        message,
    }
}
