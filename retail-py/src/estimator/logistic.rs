use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::{
    Dataset, LogisticModel, LogisticPosterior, LogisticRegression, NotTrained, WeightedRows,
};

use super::{damaged, json, pieces, probabilities, read, refused};
use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::Raise;
use crate::interrupt::interruptible;

/// A logistic model.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct LogisticFit(Known);

enum Known {
    /// The model alone.
    Model(LogisticModel),
    /// All that more rows, and the models of other rows, are added to.
    Posterior(LogisticPosterior),
}

impl From<LogisticModel> for LogisticFit {
    fn from(model: LogisticModel) -> Self {
        Self(Known::Model(model))
    }
}

impl LogisticFit {
    const fn model(&self) -> &LogisticModel {
        match &self.0 {
            Known::Model(model) => model,
            Known::Posterior(posterior) => posterior.model(),
        }
    }

    fn posterior(&self) -> PyResult<&LogisticPosterior> {
        match &self.0 {
            Known::Posterior(posterior) => Ok(posterior),
            Known::Model(_) => Err(PyValueError::new_err(
                "the model was saved without what more rows are added to: fit one anew",
            )),
        }
    }
}

/// How a model is looked for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Search {
    alpha: f64,
    max_iter: u64,
    tol: f64,
    threads: usize,
}

/// Fits a logistic model to rows of the classes 0 and 1. What is `known` of other rows is the prior.
#[pyfunction]
#[pyo3(signature = (x, y, sample_weight, names, search, known=None))]
pub(crate) fn fit_logistic(
    py: Python<'_>,
    x: Matrix<'_>,
    y: Vector<'_>,
    sample_weight: Option<Vector<'_>>,
    names: Vec<String>,
    search: Search,
    known: Option<PyRef<'_, LogisticFit>>,
) -> PyResult<LogisticFit> {
    let trainer = LogisticRegression::params()
        .alpha(search.alpha)
        .max_iterations(search.max_iter)
        .gradient_tolerance(search.tol)
        .min_rows(2)
        .threads(search.threads)
        .check()
        .raise()?;
    let rows = &Rows::new(&x, &y, sample_weight.as_ref(), names, Task::Binary)?;
    let known = known.as_ref().map(|known| known.posterior()).transpose()?;
    let fitted = interruptible(
        py,
        |stop| fit(&trainer, known, rows, &|| !stop.is_asked()),
        |_| Ok(()),
        || {},
    )?;
    let posterior = fitted.map_err(|why| refused(&why))?;
    Ok(LogisticFit(Known::Posterior(posterior)))
}

fn fit(
    trainer: &LogisticRegression,
    known: Option<&LogisticPosterior>,
    rows: &Rows<'_>,
    goes_on: &dyn Fn() -> bool,
) -> Result<LogisticPosterior, NotTrained> {
    let data: Vec<(Dataset, Option<&[f64]>)> = pieces(rows.len())
        .map(|(begin, end)| (rows.dataset(begin, end), rows.weights(begin, end)))
        .collect();
    let parts = data.iter().map(|(data, weights)| match weights {
        Some(weights) => WeightedRows::new(data, weights),
        None => WeightedRows::unweighted(data),
    });
    let parts: Vec<_> = parts.collect();
    match known {
        Some(known) => trainer.update(known, &parts, goes_on),
        None => trainer.fit_posterior(&parts, goes_on),
    }
}

#[pymethods]
impl LogisticFit {
    /// Coefficients in units of the features.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.model().raw_units().1.into_pyarray(py)
    }

    /// The log-odds where all features are 0.
    #[getter]
    fn intercept(&self) -> f64 {
        self.model().raw_units().0
    }

    /// Newton steps that the fit took.
    #[getter]
    fn newton_steps(&self) -> u64 {
        self.model().newton_steps()
    }

    /// Adds what was learned from different rows.
    fn merge(&self, other: &Self) -> PyResult<Self> {
        let merged = self.posterior()?.merge(other.posterior()?);
        let posterior = merged.map_err(|why| refused(&why))?;
        Ok(Self(Known::Posterior(posterior)))
    }

    /// The probabilities of class 0 and class 1 for each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        probabilities(py, self.model(), &x, threads)
    }

    fn to_json(&self) -> PyResult<String> {
        json(self.model())
    }

    #[staticmethod]
    fn of_json(state: &str) -> PyResult<Self> {
        let model = LogisticModel::from_json(&read(state)?);
        model.map(Self::from).map_err(damaged)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        let (of, state) = match &self.0 {
            Known::Model(_) => ("of_json", self.to_json()?),
            Known::Posterior(posterior) => {
                ("_of_posterior", serde_json::to_string(posterior).raise()?)
            }
        };
        Ok((py.get_type::<Self>().getattr(of)?, (state,)))
    }

    #[staticmethod]
    fn _of_posterior(state: &str) -> PyResult<Self> {
        let posterior: LogisticPosterior = read(state)?;
        Ok(Self(Known::Posterior(posterior)))
    }
}
