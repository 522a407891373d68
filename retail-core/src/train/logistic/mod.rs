//! L2-regularised logistic regression by linfa-logistic, with the checks that it leaves to its
//! caller.

mod model;
mod optimum;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, ArrayView1};

use super::standardize::Standardized;
use super::{Dataset, Model, NotTrained, Trainer, validate};
use crate::error::ParameterError as ConfigError;
use crate::label::Task;
use optimum::{Optimum, Point, Problem};

pub use model::LogisticModel;

/// The name of the trainer, and the library that errors name.
const NAME: &str = "linfa-logistic";

/// Binary logistic regression by the L-BFGS of linfa-logistic, finished by Newton steps.
///
/// Minimises `Σ log(1 + exp(−sᵢ (zᵢ·w + b))) + alpha/2 ‖w‖²` with `sᵢ = ±1` and `z` the features
/// standardised to mean 0 and standard deviation 1 (divisor `n`); the intercept `b` carries no
/// penalty. So `alpha` is 1/C of scikit-learn's `LogisticRegression` behind a `StandardScaler`.
/// Features that do not vary are left out.
///
/// linfa-logistic does not say whether it converged, and L-BFGS ends where the loss changes by less
/// than its rounding, short of the precision that small coefficients need. So the gradient is
/// computed again here, by formulas of our own; where it is above `gradient_tolerance`, Newton
/// steps with step halving (Boyd and Vandenberghe, "Convex Optimization", 2004, section 9.5) finish
/// the work, mostly one of them; and where it still is, there is no model but
/// [`NotTrained::NotConverged`].
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, LogisticRegression, Prediction, Trainer};
///
/// let trainer = LogisticRegression::params().alpha(0.1).min_rows(4).check()?;
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
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    alpha: f64,
    max_iterations: u64,
    gradient_tolerance: f64,
    min_rows: usize,
}

/// Hyper-parameters of a [`LogisticRegression`], not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegressionParams(LogisticRegression);

impl Default for LogisticRegression {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            max_iterations: 100,
            gradient_tolerance: 1e-10,
            min_rows: 20,
        }
    }
}

impl LogisticRegressionParams {
    /// Strength of the L2 penalty on the summed loss, 10⁻¹² to 10¹²; 1 unless told otherwise.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// The most iterations of L-BFGS, and then the most Newton steps, 1 to 10⁶; 100 unless told
    /// otherwise.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }

    /// The largest Euclidean norm of the gradient per sample at which the fit counts as converged,
    /// 10⁻¹⁴ to 1; 10⁻¹⁰ unless told otherwise.
    #[must_use]
    pub fn gradient_tolerance(mut self, gradient_tolerance: f64) -> Self {
        self.0.gradient_tolerance = gradient_tolerance;
        self
    }

    /// The smallest number of rows to learn from, 2 to 10⁹; 20 unless told otherwise.
    #[must_use]
    pub fn min_rows(mut self, min_rows: usize) -> Self {
        self.0.min_rows = min_rows;
        self
    }

    /// The trainer with these hyper-parameters.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first one out of range.
    pub fn check(self) -> Result<LogisticRegression, ConfigError> {
        let params = self.0;
        if !(1e-12..=1e12).contains(&params.alpha) {
            return Err(ConfigError::value(
                "logistic.alpha",
                "a number from 1e-12 to 1e12",
                params.alpha,
            ));
        }
        if !(1..=1_000_000).contains(&params.max_iterations) {
            return Err(ConfigError::value(
                "logistic.max_iterations",
                "a whole number from 1 to 1000000",
                params.max_iterations,
            ));
        }
        if !(1e-14..=1.0).contains(&params.gradient_tolerance) {
            return Err(ConfigError::value(
                "logistic.gradient_tolerance",
                "a number from 1e-14 to 1",
                params.gradient_tolerance,
            ));
        }
        if !(2..=1_000_000_000).contains(&params.min_rows) {
            return Err(ConfigError::value(
                "logistic.min_rows",
                "a whole number from 2 to 1000000000",
                params.min_rows,
            ));
        }
        Ok(params)
    }
}

impl LogisticRegression {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LogisticRegressionParams {
        LogisticRegressionParams(Self::default())
    }

    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] where no feature varies,
    /// [`NotTrained::NotConverged`] where the gradient stays above the tolerance.
    pub fn fit_logistic(&self, data: &Dataset) -> Result<LogisticModel, NotTrained> {
        if data.task != Task::Binary {
            return Err(validate::wrong_task(NAME, data));
        }
        validate::numbers(data, self.min_rows)?;
        validate::classes(data)?;
        let features = Standardized::new(&data.features.view()).map_err(|column| {
            let name = validate::feature_name(data, column);
            broken(format!("the range of {name} is not a finite number"))
        })?;
        if features.columns.is_empty() {
            return Err(NotTrained::NoVariation);
        }
        let problem = Problem {
            features: &features.values,
            target: ArrayView1::from(&data.target),
            alpha: self.alpha,
        };
        let mut optimum = self.polish(&problem, self.start(&problem));
        if optimum.gradient_norm > self.gradient_tolerance {
            // L-BFGS may have ended where the loss is flat; the loss is convex, so try afresh.
            optimum = self.polish(&problem, Point::origin(features.columns.len()));
        }
        // Written so that NaN fails.
        if optimum.gradient_norm <= self.gradient_tolerance {
            LogisticModel::new(data, &features, &optimum).map_err(broken)
        } else {
            Err(NotTrained::NotConverged {
                iterations: self.max_iterations,
                gradient_norm: optimum.gradient_norm,
            })
        }
    }

    fn polish(&self, problem: &Problem<'_>, start: Point) -> Optimum {
        problem.newton(start, self.max_iterations, self.gradient_tolerance)
    }

    /// Where linfa-logistic ends; the origin where its line search gives up, from which Newton
    /// steps converge as well.
    fn start(&self, problem: &Problem<'_>) -> Point {
        let origin = Point::origin(problem.features.ncols());
        let classes: Array1<bool> = problem.target.mapv(|class| class == 1.0);
        let data = DatasetBase::new(problem.features.view(), classes);
        // linfa's gradient is that of the summed loss.
        let tolerance = self.gradient_tolerance * problem.target.len() as f64;
        let params = linfa_logistic::LogisticRegression::default()
            .alpha(self.alpha)
            .max_iterations(self.max_iterations)
            .gradient_tolerance(tolerance);
        let fitted = match params.check() {
            Ok(params) => params.fit(&data),
            Err(error) => Err(error),
        };
        match fitted {
            Ok(fitted) => {
                // linfa calls the more frequent class the positive one.
                let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
                let point = Point {
                    coefficients: fitted.params() * sign,
                    intercept: fitted.intercept() * sign,
                };
                if point.is_finite() { point } else { origin }
            }
            Err(error) => {
                tracing::debug!(%error, "linfa-logistic gave up; starting from the origin");
                origin
            }
        }
    }
}

impl Trainer for LogisticRegression {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({
            "alpha": self.alpha,
            "max_iterations": self.max_iterations,
            "gradient_tolerance": self.gradient_tolerance,
            "min_rows": self.min_rows,
        })
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
