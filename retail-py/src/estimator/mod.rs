//! What scikit-learn's estimators hold: fitted models, and the sums that they are made of.

mod forest;
mod linear;
mod logistic;

use std::fmt::Display;

use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use retail_core::train::{Model, NotTrained, Prediction, predict_on};
use serde::de::DeserializeOwned;

use crate::array::Matrix;
use crate::error::Raise;

pub(crate) use self::forest::{ForestFit, Growth, fit_forest};
pub(crate) use self::linear::{LinearFit, LinearSums, fit_linear};
pub(crate) use self::logistic::{LogisticFit, fit_logistic};

/// How many rows are learned from at a time, between two looks at whether to stop.
const ROWS: usize = 1 << 17;

/// The beginnings and ends of pieces of so many rows.
fn pieces(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let begins = (0..rows.max(1)).step_by(ROWS);
    begins.map(move |begin| (begin, rows.min(begin + ROWS)))
}

/// The exception for data that give no model.
fn refused(why: &NotTrained) -> PyErr {
    PyValueError::new_err(why.to_string())
}

fn values<'py>(
    py: Python<'py>,
    model: &dyn Model,
    rows: &Matrix<'py>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let view = rows.as_array();
    match py.detach(|| predict_on(model, view, threads)).raise()? {
        Prediction::Values(values) => Ok(values.into_pyarray(py)),
        _ => Err(PyTypeError::new_err("the model is no regression")),
    }
}

fn probabilities<'py>(
    py: Python<'py>,
    model: &dyn Model,
    rows: &Matrix<'py>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let view = rows.as_array();
    match py.detach(|| predict_on(model, view, threads)).raise()? {
        Prediction::Probabilities(shares) => Ok(shares.into_pyarray(py)),
        _ => Err(PyTypeError::new_err("the model is no classifier")),
    }
}

/// The model as the JSON of its artefact.
fn json(model: &dyn Model) -> PyResult<String> {
    Ok(model.to_json().raise()?.to_string())
}

/// A model from its JSON.
fn read<T: DeserializeOwned>(json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(damaged)
}

/// The exception for JSON that is no such model.
fn damaged(error: impl Display) -> PyErr {
    PyValueError::new_err(format!("the state of the model is damaged: {error}"))
}
