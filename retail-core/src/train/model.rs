use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::Contributions;
use crate::label::Task;

/// What a model says of some rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Prediction {
    /// A regression: one number a row, `(n_samples,)`.
    Values(Array1<f64>),
    /// A classification: the probability of each class, `(n_samples, n_classes)`; rows sum to 1.
    Probabilities(Array2<f64>),
}

impl Prediction {
    /// The numbers of a regression, `(n_samples,)`; `None` for a classification.
    #[must_use]
    pub fn values(&self) -> Option<&Array1<f64>> {
        match self {
            Self::Values(values) => Some(values),
            Self::Probabilities(_) => None,
        }
    }

    /// The probability of each class, `(n_samples, n_classes)`; `None` for a regression.
    #[must_use]
    pub fn probabilities(&self) -> Option<&Array2<f64>> {
        match self {
            Self::Values(_) => None,
            Self::Probabilities(shares) => Some(shares),
        }
    }

    /// The name of the most probable class of each row, the first of equals; `None` for a regression.
    /// `task` is the model's, which has the names.
    ///
    /// ```
    /// use retail_core::label::Task;
    /// use retail_core::ndarray::array;
    /// use retail_core::train::Prediction;
    ///
    /// let said = Prediction::Probabilities(array![[0.2, 0.8], [0.5, 0.5]]);
    /// assert_eq!(said.labels(&Task::Binary), Some(vec!["yes", "no"]));
    /// assert_eq!(Prediction::Values(array![3.0]).labels(&Task::Regression), None);
    /// ```
    #[must_use]
    pub fn labels<'a>(&self, task: &'a Task) -> Option<Vec<&'a str>> {
        let rows = self.probabilities()?.outer_iter();
        Some(rows.map(|row| task.class_name(largest(row))).collect())
    }
}

/// The index of the largest number, of the first one if several are.
pub(super) fn largest(shares: ArrayView1<'_, f64>) -> usize {
    let (mut class, mut most) = (0, f64::NEG_INFINITY);
    for (index, &share) in shares.iter().enumerate() {
        if share > most {
            (class, most) = (index, share);
        }
    }
    class
}

/// A model was asked about rows that it cannot be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The rows have another number of features than the model.
    #[error("expected {expected} features, got {got}")]
    Shape {
        /// Features of the model.
        expected: usize,
        /// Features of the rows.
        got: usize,
    },
    /// A feature is NaN or infinite.
    #[error("row {row}, feature {feature}: not a finite number")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
        /// The feature, counted from 0.
        feature: usize,
    },
    /// A model from a library gives no usable answer, for example no finite number.
    #[error("row {row}: the model has no answer")]
    NoAnswer {
        /// The row, counted from 0.
        row: usize,
    },
    /// The level of an interval is not a probability strictly between 0 and 1.
    #[error("expected the level of an interval above 0 and below 1")]
    Level,
}

impl PredictError {
    /// Checks that `features` has `expected` columns and finite values only.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(features: &ArrayView2<'_, f64>, expected: usize) -> Result<(), Self> {
        if features.ncols() != expected {
            return Err(Self::Shape {
                expected,
                got: features.ncols(),
            });
        }
        // The common case first, in the order of memory.
        if features
            .as_slice_memory_order()
            .is_some_and(|values| values.iter().all(|value| value.is_finite()))
        {
            return Ok(());
        }
        match features
            .indexed_iter()
            .find(|(_, value)| !value.is_finite())
        {
            Some(((row, feature), _)) => Err(Self::NotFinite { row, feature }),
            None => Ok(()),
        }
    }

    /// The error of rows that have so many others before them.
    pub(super) fn after(self, rows: usize) -> Self {
        match self {
            Self::NotFinite { row, feature } => Self::NotFinite {
                row: rows + row,
                feature,
            },
            Self::NoAnswer { row } => Self::NoAnswer { row: rows + row },
            other @ (Self::Shape { .. } | Self::Level) => other,
        }
    }
}

/// The most features that a saved model may have, and the most classes: more than any model of
/// transactions needs, and few enough that a file made by hand cannot hold up whoever loads or asks it.
pub const MOST_FEATURES: usize = 1_024;

/// See [`MOST_FEATURES`].
pub const MOST_CLASSES: usize = 1_024;

/// A trained model. [`downcast_ref`](#method.downcast_ref) gives its own type back, with what only that
/// one has.
pub trait Model: Any + Send + Sync + Debug {
    /// The form of the model, under which [`ModelFormats`] reads it again, for example `forest`.
    fn format(&self) -> &str;

    /// The number of features it needs.
    fn n_features(&self) -> usize;

    /// Predicts rows of features, `(n_samples, n_features)`. The answer for a row does not depend
    /// on the other rows.
    ///
    /// # Errors
    /// [`PredictError`] for another number of features and for values that are not finite.
    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError>;

    /// The intervals, `(n_samples, 2)`, that targets of these rows fall into with probability
    /// `level`, lower ends first; `None` if the model has none.
    ///
    /// # Errors
    /// Those of [`Model::predict`], and [`PredictError::Level`] unless `0 < level < 1`.
    fn predict_interval(
        &self,
        features: ArrayView2<'_, f64>,
        level: f64,
    ) -> Result<Option<Array2<f64>>, PredictError> {
        let _ = (features, level);
        Ok(None)
    }

    /// What each feature contributes to the answers for these rows; `None` if the model cannot say.
    ///
    /// # Errors
    /// Those of [`Model::predict`].
    fn contributions(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Contributions>, PredictError> {
        let _ = features;
        Ok(None)
    }

    /// About how many simple steps an answer for one row takes. A server answers on the spot only if it
    /// is quickly done.
    fn steps_per_row(&self) -> usize {
        self.n_features()
    }

    /// About how many simple steps [`Model::contributions`] takes for one row.
    fn steps_to_explain_row(&self) -> usize {
        self.steps_per_row()
    }

    /// The model as JSON, from which its format's reader makes the same model again.
    ///
    /// # Errors
    /// [`FormatError`] if it has no such form.
    fn to_json(&self) -> Result<serde_json::Value, FormatError>;
}

impl dyn Model {
    /// The model as what it is, for example a [`LinearModel`](super::LinearModel) for its coefficients or
    /// a [`ForestModel`](super::ForestModel) for its importances; `None` if it is another.
    #[must_use]
    pub fn downcast_ref<M: Model>(&self) -> Option<&M> {
        (self as &dyn Any).downcast_ref()
    }
}

/// JSON that is no model, or a model that has no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// No reader of this format is known.
    #[error(
        "expected one of the model formats {known:?}, got {got:?}; \
         add its reader with ModelFormats::with, or build with the cargo feature that has it"
    )]
    Unknown {
        /// The formats that can be read.
        known: Vec<String>,
        /// The format found.
        got: String,
    },
    /// The JSON is not what the format's writer makes, or the writer cannot make any.
    #[error("{detail}")]
    Malformed {
        /// What is wrong, and in which part of the model.
        detail: String,
    },
}

impl From<String> for FormatError {
    fn from(detail: String) -> Self {
        Self::Malformed { detail }
    }
}

impl From<&str> for FormatError {
    fn from(detail: &str) -> Self {
        detail.to_owned().into()
    }
}

impl From<serde_json::Error> for FormatError {
    fn from(error: serde_json::Error) -> Self {
        error.to_string().into()
    }
}

/// Reads a model of one format; the error says what is wrong with the JSON.
pub type ReadModel = fn(&serde_json::Value) -> Result<Arc<dyn Model>, FormatError>;

/// The model formats that can be read from disk.
#[derive(Clone)]
pub struct ModelFormats(BTreeMap<String, ReadModel>);

impl ModelFormats {
    /// No formats.
    #[must_use]
    pub const fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a format, or replaces it.
    #[must_use]
    pub fn with(mut self, format: &str, read: ReadModel) -> Self {
        self.0.insert(format.to_owned(), read);
        self
    }

    /// Reads a model of this format.
    ///
    /// # Errors
    /// [`FormatError`] for an unknown format, and for JSON that is not such a model.
    pub fn read(
        &self,
        format: &str,
        json: &serde_json::Value,
    ) -> Result<Arc<dyn Model>, FormatError> {
        match self.0.get(format) {
            Some(read) => read(json),
            None => Err(FormatError::Unknown {
                known: self.0.keys().cloned().collect(),
                got: format.to_owned(),
            }),
        }
    }
}

impl Debug for ModelFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
