use std::error::Error;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{LinfaModel, LinfaOutput, LinfaTarget};
use crate::train::standardize::Spread;
use crate::train::{Dataset, Model, NotTrained, ReadModel, Trainer, validate};

type FitFn<F, T> = dyn Fn(&DatasetBase<Array2<f64>, Array1<T>>) -> Result<F, String> + Send + Sync;

/// Trains a linfa estimator: `F` is what it fits, `T` the type of targets it learns from, `O` the
/// type of its answers.
///
/// Before the estimator sees them, the data are checked as every trainer of the engine does:
/// shapes, number of rows, finite numbers, classes, a feature that varies. A panic of the estimator
/// becomes [`NotTrained::Library`], unless the program was built to abort on panics; and so does a
/// fitted object whose answers to its own training rows are not finite. Whether the same data give
/// the same model, and whether an answer is an optimum, is the estimator's affair.
///
/// Targets are `f64` for regressions, class indices as `usize` for classifications, or `bool` for
/// binary ones; answers are the same or linfa's `Pr`, a probability of class 1.
///
/// ```
/// use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
/// use retail_core::train::{LinfaTrainer, Trainer};
///
/// let trainer = LinfaTrainer::<MultiFittedLogisticRegression<f64, usize>, usize>::new(
///     "multinomial",
///     serde_json::json!({"alpha": 0.1, "max_iterations": 200}),
///     MultiLogisticRegression::default().alpha(0.1).max_iterations(200),
/// );
/// assert_eq!(trainer.name(), "multinomial");
/// ```
pub struct LinfaTrainer<F, T, O = T> {
    name: String,
    hyper_parameters: serde_json::Value,
    min_rows: usize,
    fit: Box<FitFn<F, T>>,
    output: PhantomData<fn() -> O>,
}

impl<F, T, O> Debug for LinfaTrainer<F, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinfaTrainer")
            .field("name", &self.name)
            .field("hyper_parameters", &self.hyper_parameters)
            .field("min_rows", &self.min_rows)
            .finish_non_exhaustive()
    }
}

impl<F, T, O> LinfaTrainer<F, T, O>
where
    F: PredictInplace<Array2<f64>, Array1<O>>
        + Serialize
        + DeserializeOwned
        + Debug
        + Send
        + Sync
        + 'static,
    T: LinfaTarget,
    O: LinfaOutput,
{
    /// A trainer by this name, which is the format of its models too. `hyper_parameters` tell the
    /// readers of an artefact what `params` were.
    pub fn new<P, E>(
        name: impl Into<String>,
        hyper_parameters: serde_json::Value,
        params: P,
    ) -> Self
    where
        P: Fit<Array2<f64>, Array1<T>, E, Object = F> + Send + Sync + 'static,
        E: Error + From<linfa::Error>,
    {
        Self::from_fn(name, hyper_parameters, move |data| params.fit(data))
    }

    /// A trainer that calls `fit`, for estimators that need more than one call.
    pub fn from_fn<E, G>(
        name: impl Into<String>,
        hyper_parameters: serde_json::Value,
        fit: G,
    ) -> Self
    where
        G: Fn(&DatasetBase<Array2<f64>, Array1<T>>) -> Result<F, E> + Send + Sync + 'static,
        E: Error,
    {
        Self {
            name: name.into(),
            hyper_parameters,
            min_rows: 2,
            fit: Box::new(move |data| fit(data).map_err(|error| error.to_string())),
            output: PhantomData,
        }
    }

    /// The smallest number of rows to learn from; 2 unless told otherwise.
    #[must_use]
    pub fn min_rows(mut self, min_rows: usize) -> Self {
        self.min_rows = min_rows;
        self
    }

    /// Reads the models of this trainer, for [`ModelFormats`](crate::train::ModelFormats).
    #[must_use]
    pub fn reader(&self) -> ReadModel {
        LinfaModel::<F, O>::read
    }

    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] where no feature varies,
    /// [`NotTrained::Library`] with what the estimator said.
    pub fn fit_linfa(&self, data: &Dataset) -> Result<LinfaModel<F, O>, NotTrained> {
        if !T::suits(&data.task) {
            return Err(validate::wrong_task(&self.name, data));
        }
        validate::numbers(data, self.min_rows.max(1))?;
        let n_classes = data.task.n_classes();
        if n_classes > 0 {
            validate::classes(data)?;
        }
        let varies = |column| Spread::of(&column).is_none_or(|spread| spread.varies());
        if !data.features.columns().into_iter().any(varies) {
            return Err(NotTrained::NoVariation);
        }
        let records = data.features.as_standard_layout().into_owned();
        let targets = data.target.iter().map(|&y| T::from_number(y)).collect();
        let linfa_data = DatasetBase::new(records, targets);
        let fitted = catch_unwind(AssertUnwindSafe(|| (self.fit)(&linfa_data)))
            .unwrap_or_else(|panic| Err(format!("panicked: {}", panic_message(&*panic))))
            .map_err(|message| self.broken(message))?;
        let model = LinfaModel::new(&self.name, data.n_features(), n_classes, fitted)
            .map_err(|message| self.broken(message))?;
        match model.answer(linfa_data.records()) {
            Ok(_) => Ok(model),
            Err(error) => Err(self.broken(format!("cannot answer its training rows: {error}"))),
        }
    }

    fn broken(&self, message: String) -> NotTrained {
        NotTrained::Library {
            library: self.name.clone(),
            message,
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

impl<F, T, O> Trainer for LinfaTrainer<F, T, O>
where
    F: PredictInplace<Array2<f64>, Array1<O>>
        + Serialize
        + DeserializeOwned
        + Debug
        + Send
        + Sync
        + 'static,
    T: LinfaTarget,
    O: LinfaOutput,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        self.hyper_parameters.clone()
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_linfa(data)?))
    }
}
