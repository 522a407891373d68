use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::rounds::{Head, Next, Rounds};
use retail_core::train::{LogisticModel, LogisticRegression, NotTrained, WeightedRows};

use super::{damaged, json, parsed, pieces, probabilities, refused};
use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::Raise;
use crate::interrupt::{Stop, interruptible};

/// A logistic model.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct LogisticFit(LogisticModel);

impl From<LogisticModel> for LogisticFit {
    fn from(model: LogisticModel) -> Self {
        Self(model)
    }
}

/// Fits a logistic model to rows of the classes 0 and 1.
#[pyfunction]
#[pyo3(signature = (x, y, sample_weight, names, alpha, max_iterations, tolerance, threads))]
#[expect(
    clippy::too_many_arguments,
    reason = "they are the arguments of a Python function"
)]
pub(crate) fn fit_logistic(
    py: Python<'_>,
    x: Matrix<'_>,
    y: Vector<'_>,
    sample_weight: Option<Vector<'_>>,
    names: Vec<String>,
    alpha: f64,
    max_iterations: u64,
    tolerance: f64,
    threads: usize,
) -> PyResult<LogisticFit> {
    let trainer = LogisticRegression::params()
        .alpha(alpha)
        .max_iterations(max_iterations)
        .gradient_tolerance(tolerance)
        .min_rows(2)
        .threads(threads)
        .check()
        .raise()?;
    let head = Head {
        n_features: names.len(),
        feature_names: names.clone(),
        task: Task::Binary,
    };
    let rows = &Rows::new(&x, &y, sample_weight.as_ref(), names, Task::Binary)?;
    let fitted = interruptible(
        py,
        |stop| fit(&trainer, &head, rows, stop),
        |_| Ok(()),
        || {},
    )?;
    Ok(LogisticFit(fitted.map_err(|why| refused(&why))?))
}

fn fit(
    trainer: &LogisticRegression,
    head: &Head,
    rows: &Rows<'_>,
    stop: &Stop,
) -> Result<LogisticModel, NotTrained> {
    let mut state = trainer.begin(head)?;
    let data: Vec<_> = pieces(rows.len())
        .map(|(begin, end)| (rows.dataset(begin, end), rows.weights(begin, end)))
        .collect();
    let mut parts: Vec<_> = data
        .iter()
        .map(|(data, weights)| match weights {
            Some(weights) => WeightedRows::new(data, weights),
            None => WeightedRows::unweighted(data),
        })
        .collect();
    loop {
        let mut sum = trainer.identity(&state);
        for part in &mut parts {
            if stop.is_asked() {
                return Err(NotTrained::Stopped);
            }
            let answer = trainer.answer(part, &state)?;
            Rounds::merge(trainer, &mut sum, &answer)?;
        }
        match trainer.step(state, sum)? {
            Next::Round(next) => state = next,
            Next::Model(model) => return Ok(model),
        }
    }
}

#[pymethods]
impl LogisticFit {
    /// Coefficients in units of the features.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.raw_units().1.into_pyarray(py)
    }

    /// The log-odds where all features are 0.
    #[getter]
    fn intercept(&self) -> f64 {
        self.0.raw_units().0
    }

    /// Newton steps that the fit took.
    #[getter]
    fn newton_steps(&self) -> u64 {
        self.0.newton_steps()
    }

    /// The probabilities of class 0 and class 1 for each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        probabilities(py, &self.0, &x, threads)
    }

    fn to_json(&self) -> PyResult<String> {
        json(&self.0)
    }

    #[staticmethod]
    fn of_json(state: &str) -> PyResult<Self> {
        LogisticModel::from_json(&parsed(state)?)
            .map(Self)
            .map_err(|error| damaged(&error))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        Ok((
            py.get_type::<Self>().getattr("of_json")?,
            (self.to_json()?,),
        ))
    }
}
