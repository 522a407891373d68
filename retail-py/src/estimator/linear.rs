use std::sync::{Mutex, PoisonError};

use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::rounds::{self, Head, Next, Rounds};
use retail_core::train::{LinearModel, LinearRegression, MomentSums, NotTrained};

use super::{damaged, json, pieces, read, refused, values};
use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::Raise;
use crate::interrupt::{Stop, interruptible};

/// A linear model.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct LinearFit(LinearModel);

impl From<LinearModel> for LinearFit {
    fn from(model: LinearModel) -> Self {
        Self(model)
    }
}

/// Sums over rows, from which a linear model is made. Sums over different rows can be merged, in any
/// order: the model is that of all rows together, to the byte.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct LinearSums {
    head: Head,
    sums: Mutex<MomentSums>,
}

fn trainer(threads: usize) -> PyResult<LinearRegression> {
    LinearRegression::params()
        .min_rows(1)
        .threads(threads)
        .check()
        .raise()
}

/// Adds rows to sums, piece by piece, where they are in memory.
fn add(
    head: &Head,
    sums: &mut MomentSums,
    rows: &Rows<'_>,
    threads: usize,
    stop: &Stop,
) -> Result<(), NotTrained> {
    for (begin, end) in pieces(rows.len()) {
        if stop.is_asked() {
            return Err(NotTrained::Stopped);
        }
        let (features, target) = (rows.features(begin, end), rows.target(begin, end));
        sums.add_in_parallel(features, target, rows.weights(begin, end), threads)
            .map_err(|error| error.into_reason(|column| head.column_name(column)))?;
    }
    Ok(())
}

fn model(
    trainer: &LinearRegression,
    head: Head,
    sums: MomentSums,
) -> Result<LinearModel, NotTrained> {
    match trainer.step(head, sums)? {
        Next::Model(model) => Ok(model),
        Next::Round(_) => Err(NotTrained::OtherRows),
    }
}

/// Fits a linear model to rows.
#[pyfunction]
#[pyo3(signature = (x, y, sample_weight, names, threads))]
pub(crate) fn fit_linear(
    py: Python<'_>,
    x: Matrix<'_>,
    y: Vector<'_>,
    sample_weight: Option<Vector<'_>>,
    names: Vec<String>,
    threads: usize,
) -> PyResult<LinearFit> {
    let sums = LinearSums::new(names)?;
    sums.add(py, x, y, sample_weight, threads)?;
    sums.solve(py)
}

impl LinearSums {
    fn head(names: Vec<String>) -> Head {
        Head {
            n_features: names.len(),
            feature_names: names,
            task: Task::Regression,
        }
    }

    fn read(&self) -> MomentSums {
        self.sums
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[pymethods]
impl LinearSums {
    /// Sums over no rows.
    #[new]
    fn new(names: Vec<String>) -> PyResult<Self> {
        let head = Self::head(names);
        Ok(Self {
            sums: Mutex::new(trainer(0)?.identity(&head)),
            head,
        })
    }

    /// Adds rows.
    #[pyo3(signature = (x, y, sample_weight, threads))]
    fn add(
        &self,
        py: Python<'_>,
        x: Matrix<'_>,
        y: Vector<'_>,
        sample_weight: Option<Vector<'_>>,
        threads: usize,
    ) -> PyResult<()> {
        let names = self.head.feature_names.clone();
        let rows = Rows::new(&x, &y, sample_weight.as_ref(), names, Task::Regression)?;
        // Nothing is added if anything is wrong.
        let mut sums = self.read();
        let rows = &rows;
        let (added, more) = interruptible(
            py,
            |stop| {
                let added = add(&self.head, &mut sums, rows, threads, stop);
                (added, sums)
            },
            |_| Ok(()),
            || {},
        )?;
        added.map_err(|why| refused(&why))?;
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = more;
        Ok(())
    }

    /// Adds the sums over other rows.
    fn merge(&self, other: &Self) -> PyResult<()> {
        if other.head != self.head {
            let (expected, got) = (&self.head.feature_names, &other.head.feature_names);
            let said = format!("merge: expected the features {expected:?}, got {got:?}");
            return Err(PyValueError::new_err(said));
        }
        let theirs = other.read();
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        Rounds::merge(&trainer(0)?, &mut sums, &theirs).map_err(|why| refused(&why))
    }

    /// How many rows have been added, weights not counted.
    #[getter]
    fn n_samples(&self) -> u64 {
        self.read().n_samples()
    }

    /// The model of all rows.
    fn solve(&self, py: Python<'_>) -> PyResult<LinearFit> {
        let (trainer, head, sums) = (trainer(0)?, self.head.clone(), self.read());
        let fitted = py.detach(|| model(&trainer, head, sums));
        Ok(LinearFit(fitted.map_err(|why| refused(&why))?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Vec<String>, Vec<u8>)> {
        let read = py.get_type::<Self>().getattr("_of_state")?;
        let state = rounds::encode("linear-regression", &self.read()).raise()?;
        Ok((read, (self.head.feature_names.clone(), state)))
    }

    #[staticmethod]
    fn _of_state(names: Vec<String>, state: Vec<u8>) -> PyResult<Self> {
        let sums: MomentSums = rounds::decode("linear-regression", &state).raise()?;
        if sums.n_features() != names.len() {
            let (expected, got) = (names.len(), sums.n_features());
            let said = format!("expected sums of {expected} features, got {got}");
            return Err(PyValueError::new_err(said));
        }
        Ok(Self {
            head: Self::head(names),
            sums: Mutex::new(sums),
        })
    }
}

#[pymethods]
impl LinearFit {
    /// Coefficients, in the order of the features.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.coefficients().to_vec().into_pyarray(py)
    }

    /// The value where all features are 0.
    #[getter]
    fn intercept(&self) -> f64 {
        self.0.intercept()
    }

    /// A value for each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        values(py, &self.0, &x, threads)
    }

    fn to_json(&self) -> PyResult<String> {
        json(&self.0)
    }

    #[staticmethod]
    fn of_json(state: &str) -> PyResult<Self> {
        let model = LinearModel::from_json(&read(state)?);
        model.map(Self).map_err(damaged)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        Ok((
            py.get_type::<Self>().getattr("of_json")?,
            (self.to_json()?,),
        ))
    }
}
