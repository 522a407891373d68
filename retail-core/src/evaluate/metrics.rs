use std::collections::BTreeMap;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::MeasureError;
use super::tally::Tally;
use crate::label::Task;
use crate::train::{Model, Prediction};

/// How good predictions are, by the measures of their kind of target.
///
/// The JSON has the measures as keys: `{"rmse":…,"mae":…,"r2":…,"rows":…}` for a regression.
/// Definitions are those of scikit-learn's functions of the same names.
///
/// ```
/// use ndarray::array;
/// use retail_core::evaluate::Metrics;
/// use retail_core::label::Task;
/// use retail_core::train::Prediction;
///
/// let prediction = Prediction::Values(array![2.5, 0.0, 2.0, 8.0]);
/// let metrics = Metrics::of(&Task::Regression, &[3.0, -0.5, 2.0, 7.0], &prediction)?;
/// let Metrics::Regression(metrics) = metrics else { unreachable!() };
/// assert_eq!((metrics.mae, metrics.rows), (0.5, 4));
/// # Ok::<(), retail_core::evaluate::MeasureError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Metrics {
    /// Of a number.
    Regression(RegressionMetrics),
    /// Of a yes or no.
    // Before `Multiclass`, whose keys it has too: the first variant that fits is read.
    Binary(BinaryMetrics),
    /// Of several classes.
    Multiclass(MulticlassMetrics),
}

/// Measures of a regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// Root of the mean squared error, in target units.
    pub rmse: f64,
    /// Mean absolute error, in target units.
    pub mae: f64,
    /// Coefficient of determination, `1 − Σ(y − ŷ)² / Σ(y − ȳ)²` with `ȳ` the mean of the measured
    /// rows. If all targets are equal: 1 for predictions without error, otherwise 0. `None` below
    /// two rows, or if it is beyond `f64`.
    pub r2: Option<f64>,
    /// Rows measured.
    pub rows: u64,
}

/// Measures of a classification into several classes. The class predicted is the most probable
/// one, the first if there are several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MulticlassMetrics {
    /// Share of rows whose class is predicted.
    pub accuracy: f64,
    /// Mean over classes of F1, `2 tp / (2 tp + fp + fn)`: over those classes that occur among the
    /// targets or the predictions (Sokolova and Lapalme, "A systematic analysis of performance
    /// measures for classification tasks", 2009).
    pub macro_f1: f64,
    /// Mean of `−ln p` with `p` the probability given to the true class, clipped to `[ε, 1 − ε]`
    /// with `ε = 2⁻⁵²`.
    pub log_loss: f64,
    /// Rows by true class (outer) and predicted class (inner), in the order of the classes.
    pub confusion: Vec<Vec<u64>>,
    /// Rows measured.
    pub rows: u64,
}

/// Measures of a yes or no. Yes is predicted if its probability is above one half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinaryMetrics {
    /// Share of rows whose class is predicted.
    pub accuracy: f64,
    /// See [`MulticlassMetrics::macro_f1`].
    pub macro_f1: f64,
    /// Area under the receiver operating characteristic: the probability that a yes has a higher
    /// score than a no, ties counting one half (Hanley and McNeil, "The meaning and use of the
    /// area under a receiver operating characteristic (ROC) curve", 1982). `None` if the rows are
    /// all yes or all no.
    pub auc: Option<f64>,
    /// See [`MulticlassMetrics::log_loss`].
    pub log_loss: f64,
    /// Mean of `(p − y)²` with `p` the probability of yes (Brier, "Verification of forecasts
    /// expressed in terms of probability", 1950, in the form for two classes).
    pub brier: f64,
    /// Rows by true class (outer) and predicted class (inner): no, yes.
    pub confusion: Vec<Vec<u64>>,
    /// Share of rows that are yes in truth.
    pub positive_share: f64,
    /// Rows measured.
    pub rows: u64,
}

impl Metrics {
    /// Measures predictions against the truth: one number a row, the index of the class for a
    /// classification.
    ///
    /// # Errors
    /// [`MeasureError`] if there are no rows, or truth and prediction do not fit together.
    pub fn of(task: &Task, truth: &[f64], prediction: &Prediction) -> Result<Self, MeasureError> {
        Tally::of(task, truth, prediction).map(|tally| tally.metrics())
    }

    /// Predicts rows of features, `(n_samples, n_features)`, and measures the predictions.
    ///
    /// # Errors
    /// [`MeasureError`] if the model refuses the rows, and those of [`Metrics::of`].
    pub fn of_model(
        model: &dyn Model,
        task: &Task,
        features: ArrayView2<'_, f64>,
        truth: &[f64],
    ) -> Result<Self, MeasureError> {
        Self::of(task, truth, &model.predict(features)?)
    }

    /// The measures that are numbers, by their names in JSON. Those that there are none of are left
    /// out, and so is the number of rows.
    #[must_use]
    pub fn numbers(&self) -> BTreeMap<&'static str, f64> {
        let all: &[(&'static str, Option<f64>)] = match self {
            Self::Regression(m) => &[("rmse", Some(m.rmse)), ("mae", Some(m.mae)), ("r2", m.r2)],
            Self::Binary(m) => &[
                ("accuracy", Some(m.accuracy)),
                ("macro_f1", Some(m.macro_f1)),
                ("auc", m.auc),
                ("log_loss", Some(m.log_loss)),
                ("brier", Some(m.brier)),
                ("positive_share", Some(m.positive_share)),
            ],
            Self::Multiclass(m) => &[
                ("accuracy", Some(m.accuracy)),
                ("macro_f1", Some(m.macro_f1)),
                ("log_loss", Some(m.log_loss)),
            ],
        };
        all.iter()
            .filter_map(|&(name, value)| Some((name, value?)))
            .collect()
    }

    /// The one measure that says most to people, with its name in JSON: `rmse` of a number, `accuracy` of
    /// a class.
    #[must_use]
    pub const fn score(&self) -> (&'static str, f64) {
        match self {
            Self::Regression(metrics) => ("rmse", metrics.rmse),
            Self::Binary(metrics) => ("accuracy", metrics.accuracy),
            Self::Multiclass(metrics) => ("accuracy", metrics.accuracy),
        }
    }

    /// Rows measured.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        match self {
            Self::Regression(metrics) => metrics.rows,
            Self::Binary(metrics) => metrics.rows,
            Self::Multiclass(metrics) => metrics.rows,
        }
    }
}
