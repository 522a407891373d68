use ndarray::{Array1, Array3};

/// How a model's answers come about: what it says of an average row, and what each feature of a row adds.
///
/// These are Shapley values (Lundberg and Lee, "A unified approach to interpreting model predictions", 2017).
/// For each row and output, `base` and the contributions sum to the answer, but for rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// What is explained.
    pub scale: Scale,
    /// The average answer, `(n_outputs,)`.
    pub base: Array1<f64>,
    /// What features add, `(n_samples, n_outputs, n_features)`.
    pub values: Array3<f64>,
}

/// What contributions sum to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// The predicted value.
    Value,
    /// The logarithm of the odds of yes, of which there is one output.
    LogOdds,
    /// The probability of each class.
    Probability,
}
