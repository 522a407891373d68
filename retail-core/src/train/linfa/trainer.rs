use std::error::Error;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};

use super::{LinfaModel, LinfaObject, LinfaOutput, LinfaTarget, validate};
use crate::train::linfa::standardize::Spread;
use crate::train::outcome::panic_message;
use crate::train::{Dataset, Model, NotTrained, ReadModel, Trainer, validate::wrong_task};

type FitFn<F, T> = dyn Fn(&DatasetBase<Array2<f64>, Array1<T>>) -> Result<F, String> + Send + Sync;

/// Trains any estimator of the linfa ecosystem: `F` is what it fits, `T` the type of targets it
/// learns from, `O` the type of its answers.
///
/// The estimator implements `linfa::traits::Fit` for an `Array2<f64>` of features and an `Array1`
/// of targets; its fitted object implements `linfa::traits::PredictInplace` and serde's traits, by
/// which it is saved and read again. Targets are `f64` for regressions, class indices as `usize`
/// for classifications, or `bool` for binary ones; answers are the same or linfa's `Pr`, a
/// probability of class 1. Objects that answer with classes give the class predicted the
/// probability 1. If an estimator knows better, implement [`Model`] for a type of your own around
/// it.
///
/// Before the estimator sees the data, they are checked as every trainer of the engine does:
/// shapes, number of rows, finite numbers, classes, a feature that varies. A panic of the estimator
/// becomes [`NotTrained::Library`], unless the program was built to abort on panics; and so does a
/// fitted object whose answers to its own training rows are not finite. Whether the same data give
/// the same model, and whether an answer is an optimum, is the estimator's affair.
///
/// A generalised linear model, trained on the rows of any window:
///
/// ```
/// use std::sync::Arc;
/// use linfa_linear::TweedieRegressor;
/// use retail_core::feature::{FeatureSet, Frame, RowSet, Rows, StandardFeature};
/// use retail_core::label::{Label, TotalAmount};
/// use retail_core::record::{Transaction, Transactions};
/// use retail_core::time::Timestamp;
/// use retail_core::train::linfa::LinfaTrainer;
/// use retail_core::train::{Dataset, ModelFormats, Trainer};
///
/// # let transactions: Transactions = (1..=40_i64).map(|i| Transaction {
/// #     invoice: "1".into(), stock_code: "A".into(), description: String::new(),
/// #     quantity: i % 7 + 1, invoice_date: Timestamp::from_micros(i * 3_600_000_000),
/// #     price: (i % 5) as f64 + 0.5, customer_id: Some(1), country: String::new(),
/// #     timestamp: Timestamp::EPOCH,
/// # }).collect();
/// // An estimator with its configuration, and the kind of target it learns.
/// let trainer = LinfaTrainer::<TweedieRegressor<f64>, f64>::new(
///     "tweedie",
///     serde_json::json!({"power": 0.0, "alpha": 0.1, "max_iter": 1_000}),
///     TweedieRegressor::params().power(0.0).alpha(0.1).max_iter(1_000),
/// );
///
/// // Any selection of rows: here rows 5 to 35 of a stream with one batch.
/// let batch = Arc::new(Frame::new(0, Timestamp::EPOCH, &transactions, &[]));
/// let rows = Rows::select(&[batch], &RowSet::from(5..35));
/// let features = FeatureSet::standard(&[StandardFeature::Quantity, StandardFeature::Price]);
/// let label = TotalAmount.fit(&rows);
/// let data = Dataset::new(&rows, &features, &*label, TotalAmount.task());
/// let model = trainer.fit(&data)?;
///
/// // The model can be saved and read again, once its format is known.
/// let formats = ModelFormats::empty().with("tweedie", trainer.reader());
/// let again = formats.read(model.format(), &model.to_json()?)?;
/// assert_eq!(again.predict(data.features.view())?, model.predict(data.features.view())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
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
    F: LinfaObject<O>,
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

    /// The smallest number of rows to learn from; 2 by default.
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
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] if no feature varies,
    /// [`NotTrained::Library`] with what the estimator said.
    pub fn fit_linfa(&self, data: &Dataset) -> Result<LinfaModel<F, O>, NotTrained> {
        if !T::suits(&data.task) {
            return Err(wrong_task(&self.name, &data.task));
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

impl<F, T, O> Trainer for LinfaTrainer<F, T, O>
where
    F: LinfaObject<O>,
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
