/// Binary logistic regression by Newton's method, in one pass over the rows per step.
///
/// Minimises `Σ weight · log(1 + exp(−sᵢ (zᵢ·w + b))) + alpha/2 ‖w‖²` with `sᵢ = ±1` and `z` the
/// features standardised to mean 0 and standard deviation 1 (divisor: the sum of weights); the
/// intercept `b` carries no penalty. So `alpha` is 1/C of scikit-learn's `LogisticRegression`
/// behind a `StandardScaler`. Features that do not vary are left out. If `alpha` is 0 and
/// features are combinations of each other, the coefficients are those of the smallest norm.
///
/// Each step needs the gradient and the matrix of second derivatives, which are sums over rows. The
/// numbers that are added up are rounded to multiples of fixed units first, 87 bits below the
/// largest of them, so the sums are exact. The same rows give the same bytes, however they are
/// split into batches or threads, and in any order of the parts
/// ([`Rounds`](crate::train::rounds::Rounds)). The first step takes its sums from the moments.
///
/// A fit has converged when the gradient per unit of weight is within `gradient_tolerance` and the
/// next step would not lead anywhere else. If a plane separates the classes and `alpha` is 0,
/// there is no best model, and the answer is
/// [`NotTrained::Separated`](crate::train::NotTrained::Separated).
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, LogisticRegression, NotTrained, Prediction, Trainer};
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
///
/// let without_penalty = LogisticRegression::params().alpha(0.0).min_rows(4).check()?;
/// assert_eq!(without_penalty.fit_logistic(&data), Err(NotTrained::Separated));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    pub(in crate::train) alpha: f64,
    pub(in crate::train) max_iterations: u64,
    pub(in crate::train) gradient_tolerance: f64,
    pub(in crate::train) min_rows: usize,
    pub(in crate::train) threads: usize,
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
            threads: 0,
        }
    }
}

impl LogisticRegression {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LogisticRegressionParams {
        LogisticRegressionParams(Self::default())
    }
}

impl LogisticRegressionParams {
    /// Strength of the L2 penalty on the summed loss: 0 for none, or 10⁻¹² to 10¹². The default is 1.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// The most Newton steps, 1 to 10⁶; 100 by default.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }

    /// The largest Euclidean norm of the gradient per unit of weight at which the fit counts as
    /// converged, 10⁻¹⁴ to 1; 10⁻¹⁰ by default.
    #[must_use]
    pub fn gradient_tolerance(mut self, gradient_tolerance: f64) -> Self {
        self.0.gradient_tolerance = gradient_tolerance;
        self
    }

    /// The smallest number of rows to learn from, 2 to 10⁹; 20 by default.
    #[must_use]
    pub fn min_rows(mut self, min_rows: usize) -> Self {
        self.0.min_rows = min_rows;
        self
    }

    /// The number of threads; 0, the default, for as many as the machine runs at once. The model
    /// does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.0.threads = threads;
        self
    }

    /// The trainer with these hyper-parameters.
    ///
    /// # Errors
    /// [`LogisticError`] for the first one out of range.
    pub fn check(self) -> Result<LogisticRegression, LogisticError> {
        let params = self.0;
        if params.alpha != 0.0 && !(1e-12..=1e12).contains(&params.alpha) {
            let got = params.alpha;
            return Err(LogisticError::Alpha { got });
        }
        if !(1..=1_000_000).contains(&params.max_iterations) {
            let got = params.max_iterations;
            return Err(LogisticError::MaxIterations { got });
        }
        if !(1e-14..=1.0).contains(&params.gradient_tolerance) {
            let got = params.gradient_tolerance;
            return Err(LogisticError::GradientTolerance { got });
        }
        if !(2..=1_000_000_000).contains(&params.min_rows) {
            let got = params.min_rows;
            return Err(LogisticError::MinRows { got });
        }
        if params.threads > 4096 {
            let got = params.threads;
            return Err(LogisticError::Threads { got });
        }
        Ok(params)
    }
}

/// A hyper-parameter of a [`LogisticRegression`] that is out of range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LogisticError {
    /// The penalty.
    #[error("alpha: expected 0, or a number from 1e-12 to 1e12, got {got}")]
    Alpha {
        /// The value given.
        got: f64,
    },
    /// No penalty, for a trainer that needs one.
    #[error("alpha: expected a number from 1e-12 to 1e12, got 0: this algorithm needs a penalty")]
    NoPenalty,
    /// The number of steps.
    #[error("max_iterations: expected a whole number from 1 to 1000000, got {got}")]
    MaxIterations {
        /// The value given.
        got: u64,
    },
    /// The precision.
    #[error("gradient_tolerance: expected a number from 1e-14 to 1, got {got}")]
    GradientTolerance {
        /// The value given.
        got: f64,
    },
    /// The smallest data set.
    #[error("min_rows: expected a whole number from 2 to 1000000000, got {got}")]
    MinRows {
        /// The value given.
        got: usize,
    },
    /// The number of threads.
    #[error("threads: expected a whole number from 0 to 4096, got {got}")]
    Threads {
        /// The value given.
        got: usize,
    },
}
