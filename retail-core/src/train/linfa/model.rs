use std::fmt::Debug;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{LinfaObject, LinfaOutput};
use crate::train::{FormatError, MOST_CLASSES, MOST_FEATURES, Model, PredictError, Prediction};

/// A fitted linfa object of type `F` that answers with `O`.
pub struct LinfaModel<F, O> {
    saved: Saved<F>,
    output: PhantomData<fn() -> O>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<F> {
    estimator: String,
    n_features: usize,
    n_classes: usize,
    fitted: F,
}

impl<F: Debug, O> Debug for LinfaModel<F, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.saved.fmt(f)
    }
}

impl<F, O> LinfaModel<F, O>
where
    F: LinfaObject<O>,
    O: LinfaOutput,
{
    /// Wraps what an estimator fitted: the name is the model's format, and `n_classes` is 0 for a
    /// regression. The object is tried on one row of zeros.
    ///
    /// # Errors
    /// What is wrong if it has no answer for a row of `n_features` zeros: it panics, or the answer
    /// is no finite number or no class.
    pub fn new(
        estimator: impl Into<String>,
        n_features: usize,
        n_classes: usize,
        fitted: F,
    ) -> Result<Self, String> {
        Self::checked(Saved {
            estimator: estimator.into(),
            n_features,
            n_classes,
            fitted,
        })
    }

    fn checked(saved: Saved<F>) -> Result<Self, String> {
        if saved.n_features > MOST_FEATURES || saved.n_classes > MOST_CLASSES {
            return Err(format!(
                "{}: expected at most {MOST_FEATURES} features and {MOST_CLASSES} classes, got {} and {}",
                saved.estimator, saved.n_features, saved.n_classes
            ));
        }
        let model = Self {
            saved,
            output: PhantomData,
        };
        match model.answer(&Array2::zeros((1, model.saved.n_features))) {
            Ok(_) => Ok(model),
            Err(_) => Err(format!(
                "{}: a row of {} zeros has no answer among {} classes",
                model.saved.estimator, model.saved.n_features, model.saved.n_classes
            )),
        }
    }

    /// Reads a model from its JSON.
    ///
    /// linfa's objects are checked by what their types allow and by one trial prediction: a file
    /// made by hand may pass and fail later, with [`PredictError::NoAnswer`].
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, FormatError> {
        let saved = Saved::deserialize(json).map_err(|error| format!("linfa model: {error}"))?;
        Ok(Self::checked(saved)?)
    }

    /// [`LinfaModel::from_json`] as a reader for [`ModelFormats`](crate::train::ModelFormats).
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &serde_json::Value) -> Result<Arc<dyn Model>, FormatError> {
        Ok(Arc::new(Self::from_json(json)?))
    }

    /// The fitted linfa object.
    #[must_use]
    pub const fn fitted(&self) -> &F {
        &self.saved.fitted
    }

    /// The number of classes; 0 for a regression.
    #[must_use]
    pub const fn n_classes(&self) -> usize {
        self.saved.n_classes
    }

    /// The answer for rows; a panic of linfa is no answer for the first.
    pub(super) fn answer(&self, features: &Array2<f64>) -> Result<Prediction, PredictError> {
        let fitted = &self.saved.fitted;
        let predict = || {
            let mut answers = fitted.default_target(features);
            fitted.predict_inplace(features, &mut answers);
            answers
        };
        let answers = catch_unwind(AssertUnwindSafe(predict))
            .map_err(|_| PredictError::NoAnswer { row: 0 })?;
        O::prediction(&answers, self.saved.n_classes).map_err(|row| PredictError::NoAnswer { row })
    }
}

impl<F, O> Model for LinfaModel<F, O>
where
    F: LinfaObject<O>,
    O: LinfaOutput,
{
    fn format(&self) -> &str {
        &self.saved.estimator
    }

    fn n_features(&self) -> usize {
        self.saved.n_features
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features())?;
        // Row by row in memory, so that sums over features do not depend on the caller's layout.
        let features = features.as_standard_layout().into_owned();
        self.answer(&features)
    }

    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::to_value(&self.saved)?)
    }
}
