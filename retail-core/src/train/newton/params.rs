use crate::error::ParameterError as ConfigError;

/// Binary logistic regression by Newton's method, in one pass over the rows per step.
///
/// Minimises `Σ weight · log(1 + exp(−sᵢ (zᵢ·w + b))) + alpha/2 ‖w‖²` with `sᵢ = ±1` and `z` the
/// features standardised to mean 0 and standard deviation 1 (divisor: the sum of weights); the
/// intercept `b` carries no penalty. So `alpha` is 1/C of scikit-learn's `LogisticRegression`
/// behind a `StandardScaler`. Features that do not vary are left out. Where `alpha` is 0 and
/// features are combinations of each other, the coefficients are those of the smallest norm.
///
/// Each step needs the gradient and the matrix of second derivatives, which are sums over rows: of
/// chunks of [`LogisticPoint::CHUNK_ROWS`](crate::train::LogisticPoint::CHUNK_ROWS) rows, by
/// position, merged in their order. So the bytes of a model do not depend on the number of threads,
/// nor on how the rows were brought together; those of a fit by
/// [parts](NewtonLogistic::fit_parts) are the same where moments and sums are *added* part by part
/// in order ([`Moments::add`](crate::train::Moments::add),
/// [`LogisticPoint::add`](crate::train::LogisticPoint::add)) and all parts but the last have a
/// multiple of that many rows, and the same up to rounding where they are merged otherwise. The
/// first step takes its sums from the moments.
///
/// A fit has converged when the gradient per unit of weight is within `gradient_tolerance` and the
/// next step would not lead anywhere else. Where a plane separates the classes and `alpha` is 0,
/// there is no best model, and the answer is
/// [`NotTrained::Separated`](crate::train::NotTrained::Separated).
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, NewtonLogistic, NotTrained, Prediction, Trainer};
///
/// let trainer = NewtonLogistic::params().alpha(0.1).min_rows(4).check()?;
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
/// let without_penalty = NewtonLogistic::params().alpha(0.0).min_rows(4).check()?;
/// assert_eq!(without_penalty.fit_logistic(&data), Err(NotTrained::Separated));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewtonLogistic {
    pub(super) alpha: f64,
    pub(super) max_iterations: u64,
    pub(super) gradient_tolerance: f64,
    pub(super) min_rows: usize,
    pub(super) threads: usize,
}

/// Hyper-parameters of a [`NewtonLogistic`], not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewtonLogisticParams(NewtonLogistic);

impl Default for NewtonLogistic {
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

impl NewtonLogistic {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> NewtonLogisticParams {
        NewtonLogisticParams(Self::default())
    }
}

impl NewtonLogisticParams {
    /// Strength of the L2 penalty on the summed loss, 0 for none, or 10⁻¹² to 10¹²; 1 unless told
    /// otherwise.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// The most Newton steps, 1 to 10⁶; 100 unless told otherwise.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }

    /// The largest Euclidean norm of the gradient per unit of weight at which the fit counts as
    /// converged, 10⁻¹⁴ to 1; 10⁻¹⁰ unless told otherwise.
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
    /// [`ConfigError::Value`] for the first one out of range.
    pub fn check(self) -> Result<NewtonLogistic, ConfigError> {
        let params = self.0;
        if params.alpha != 0.0 && !(1e-12..=1e12).contains(&params.alpha) {
            return Err(ConfigError::value(
                "logistic.alpha",
                "0, or a number from 1e-12 to 1e12",
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
        if params.threads > 4096 {
            return Err(ConfigError::value(
                "logistic.threads",
                "a whole number from 0 to 4096",
                params.threads,
            ));
        }
        Ok(params)
    }
}
