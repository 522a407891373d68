/// Linear least squares from the exact sums of the rows' squares and products
/// ([`MomentSums`](crate::train::MomentSums)).
///
/// One pass over the rows, after which only the sums count. They are exact, so the same rows give
/// the same bytes, however they are split into batches or threads, and in any order of the parts
/// ([`Rounds`](crate::train::rounds::Rounds)).
///
/// If columns are linear combinations of each other, the coefficients are those of the smallest
/// Euclidean norm in raw units, as scikit-learn's `LinearRegression` and NumPy's `lstsq` on centred
/// data give them. A column is such a combination if others leave less than 10⁻⁶ of its standard
/// deviation, in any unit. Columns that do not vary are
/// [dropped](crate::train::LinearModel::dropped); if none varies, the model is the mean.
///
/// The sums are solved as normal equations in double precision, and what that leaves of the exact
/// equations is solved for again, until coefficients are right to the last digit or so.
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, LinearRegression, Prediction, Trainer};
///
/// let trainer = LinearRegression::params().min_rows(3).check()?;
/// let data = Dataset {
///     features: array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]],
///     feature_names: vec!["x".into(), "x_again".into()],
///     target: vec![1.0, 3.0, 5.0],
///     row_numbers: vec![0, 1, 2],
///     task: Task::Regression,
/// };
/// let model = trainer.fit(&data)?;
/// let Prediction::Values(values) = model.predict(array![[4.0, 4.0]].view())? else {
///     unreachable!("a regression predicts values");
/// };
/// assert!((values[0] - 9.0).abs() < 1e-12);
///
/// let model = trainer.fit_linear(&data)?;
/// assert!((model.coefficients()[0] - 1.0).abs() < 1e-12);
/// assert!((model.coefficients()[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearRegression {
    pub(in crate::train) min_rows: usize,
    pub(in crate::train) threads: usize,
}

/// Hyper-parameters of a [`LinearRegression`], not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearRegressionParams(LinearRegression);

impl Default for LinearRegression {
    fn default() -> Self {
        Self {
            min_rows: 10,
            threads: 0,
        }
    }
}

impl LinearRegression {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LinearRegressionParams {
        LinearRegressionParams(Self::default())
    }
}

impl LinearRegressionParams {
    /// The smallest number of rows to learn from, 1 to 10⁹; 10 by default. The model of
    /// one row is its target.
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
    /// [`LinearError`] for the first one out of range.
    pub fn check(self) -> Result<LinearRegression, LinearError> {
        self.check_from(1)
    }

    /// [`LinearRegressionParams::check`] with another smallest number of rows.
    pub(in crate::train) fn check_from(
        self,
        least: usize,
    ) -> Result<LinearRegression, LinearError> {
        if !(least..=1_000_000_000).contains(&self.0.min_rows) {
            let got = self.0.min_rows;
            return Err(LinearError::MinRows { least, got });
        }
        if self.0.threads > 4096 {
            let got = self.0.threads;
            return Err(LinearError::Threads { got });
        }
        Ok(self.0)
    }
}

/// A hyper-parameter of a [`LinearRegression`] that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinearError {
    /// The smallest data set.
    #[error("min_rows: expected a whole number from {least} to 1000000000, got {got}")]
    MinRows {
        /// The smallest legal value.
        least: usize,
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
