use crate::error::ParameterError as ConfigError;

/// Linear least squares by the mergeable [`Moments`](crate::train::Moments) of the rows.
///
/// One pass over the rows, after which only the moments count, so that a model over any union of
/// batches is that of their merged summaries ([`Summarize`](crate::train::Summarize)). Blocks of
/// rows are added in their order, so a fit of the same data has the same bytes; of the same rows in
/// other batches it is the same up to rounding.
///
/// Where columns are linear combinations of each other, the coefficients are those of the smallest
/// Euclidean norm in raw units, as scikit-learn's `LinearRegression` and NumPy's `lstsq` on centred
/// data give them. A column is such a combination when others leave less than 10⁻⁶ of its standard
/// deviation, whatever its unit. Columns that do not vary are
/// [dropped](crate::train::LinearModel::dropped); where none varies, the model is the mean.
///
/// Moments square what they are made of. So coefficients have about 16 digits less twice the
/// digits that near-collinearity costs, and a residual standard deviation below 10⁻⁸ of the
/// target's is rounding.
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::{Dataset, LeastSquares, Prediction, Trainer};
///
/// let trainer = LeastSquares::params().min_rows(3).check()?;
/// let data = Dataset {
///     features: array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]],
///     feature_names: vec!["x".into(), "x_again".into()],
///     target: vec![1.0, 3.0, 5.0],
///     row_numbers: vec![0, 1, 2],
///     task: Task::Regression,
/// };
/// let model = trainer.fit_linear(&data)?;
/// assert!((model.coefficients()[0] - 1.0).abs() < 1e-12);
/// assert!((model.coefficients()[1] - 1.0).abs() < 1e-12);
///
/// let mergeable = trainer.mergeable().expect("least squares merges");
/// let summary = mergeable.summarize(&data)?;
/// let twice = mergeable.merge(&*summary, &*summary)?;
/// assert_eq!(twice.n_samples(), 6);
/// let Prediction::Values(values) = mergeable.solve(&*twice)?.predict(array![[4.0, 4.0]].view())?
/// else {
///     unreachable!("a regression predicts values");
/// };
/// assert!((values[0] - 9.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeastSquares {
    pub(super) min_rows: usize,
    pub(super) threads: usize,
}

/// Hyper-parameters of a [`LeastSquares`], not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeastSquaresParams(LeastSquares);

impl Default for LeastSquares {
    fn default() -> Self {
        Self {
            min_rows: 10,
            threads: 0,
        }
    }
}

impl LeastSquares {
    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LeastSquaresParams {
        LeastSquaresParams(Self::default())
    }
}

impl LeastSquaresParams {
    /// The smallest number of rows to learn from, 1 to 10⁹; 10 unless told otherwise. The model of
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
    /// [`ConfigError::Value`] for the first one out of range.
    pub fn check(self) -> Result<LeastSquares, ConfigError> {
        if (1..=1_000_000_000).contains(&self.0.min_rows) {
            Ok(self.0)
        } else {
            Err(ConfigError::value(
                "linear.min_rows",
                "a whole number from 1 to 1000000000",
                self.0.min_rows,
            ))
        }
    }
}
