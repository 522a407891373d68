//! Trained models with all there is to know of them.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use retail_core::label::Task;
use retail_core::registry::{Artefact, Served};
use retail_core::train::{ModelFormats, PredictError, Prediction, predict_on};

use crate::Reduced;
use crate::array::Matrix;
use crate::error::Raise;
use crate::rows;

/// A model of the engine. The same file as in Rust holds it: `Model.load("current/model.json")`.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct Model {
    artefact: Artefact,
    revision: Option<u64>,
}

impl Model {
    pub(crate) fn of(served: &Arc<Served>) -> Self {
        Self {
            artefact: served.artefact.clone(),
            revision: Some(served.revision),
        }
    }

    fn read(bytes: &[u8], path: &std::path::Path) -> PyResult<Self> {
        Ok(Self {
            artefact: Artefact::decode(bytes, path, &ModelFormats::default()).raise()?,
            revision: None,
        })
    }

    fn task(&self) -> &Task {
        &self.artefact.info.task
    }

    /// What the model says of rows in any form.
    fn ask(&self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<Prediction> {
        let schema = &self.artefact.info.features;
        let predicted = if let Ok(matrix) = rows.extract::<Matrix<'_>>() {
            let view = matrix.as_array();
            py.detach(|| self.predict_rows(view))
        } else if let Some(matrix) = rows::named(rows, schema)? {
            py.detach(|| self.predict_rows(matrix.view()))
        } else {
            return Err(PyTypeError::new_err(format!(
                "rows: expected a two-dimensional array of float64, a table, or a dict or dicts with \
                 the columns {:?}, got {}",
                schema.names().collect::<Vec<_>>(),
                rows.get_type().name()?
            )));
        };
        predicted.map_err(|error| self.refusal(&error))
    }

    fn predict_rows(&self, rows: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        predict_on(&*self.artefact.model, rows, 0)
    }

    fn refusal(&self, error: &PredictError) -> PyErr {
        let name = &self.artefact.info.name;
        PyValueError::new_err(match error {
            PredictError::NotFinite { row, feature } => {
                let schema = &self.artefact.info.features.0;
                let feature = schema.get(*feature).map_or("", |spec| spec.name.as_str());
                format!("{name}: row {row}, {feature}: expected a finite number")
            }
            error => format!("{name}: {error}"),
        })
    }
}

#[pymethods]
impl Model {
    /// Reads a model from its file.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let bytes = std::fs::read(&path).map_err(|error| {
            let said = format!("cannot read {}: {error}", path.display());
            PyErr::from(std::io::Error::new(error.kind(), said))
        })?;
        Self::read(&bytes, &path)
    }

    /// Reads a model from the bytes of its file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Self::read(bytes, std::path::Path::new("the bytes of a model"))
    }

    /// The bytes of its file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.artefact.encode().raise()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Bound<'py, PyBytes>,)> {
        let read = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((read, (self.to_bytes(py)?,)))
    }

    /// What it is and where it comes from, as JSON.
    #[getter]
    fn info_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.artefact.info)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The revision that was served, if it is known.
    #[getter]
    fn revision(&self) -> Option<u64> {
        self.revision
    }

    /// Names of the classes, in order; none for a regression.
    #[getter]
    fn classes(&self) -> Vec<String> {
        let task = self.task();
        let names = (0..task.n_classes()).map(|class| task.class_name(class).to_owned());
        names.collect()
    }

    /// A number for each row: the value of a regression, or the index of the most probable class.
    fn predict_numbers<'py>(
        &self,
        py: Python<'py>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(match self.ask(py, rows)? {
            Prediction::Values(values) => values.into_pyarray(py),
            Prediction::Probabilities(shares) => {
                let best = shares.rows().into_iter().map(most_probable);
                best.collect::<ndarray::Array1<f64>>().into_pyarray(py)
            }
            _ => return Err(PyTypeError::new_err("the model predicts something else")),
        })
    }

    /// The probability of each class, `(n_samples, n_classes)`.
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        match self.ask(py, rows)? {
            Prediction::Probabilities(shares) => Ok(shares.into_pyarray(py)),
            _ => {
                let name = &self.artefact.info.name;
                let said = format!("{name} is a regression, which has no probabilities");
                Err(pyo3::exceptions::PyAttributeError::new_err(said))
            }
        }
    }

    /// The features of rows in any form, `(n_samples, n_features)`, computed as for training.
    fn features<'py>(
        &self,
        py: Python<'py>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        if let Ok(matrix) = rows.extract::<Matrix<'py>>() {
            return Ok(matrix.as_array().to_owned().into_pyarray(py));
        }
        let matrix = rows::named(rows, &self.artefact.info.features)?;
        Ok(matrix
            .unwrap_or_else(|| Array2::zeros((0, 0)))
            .into_pyarray(py))
    }
}

/// The index of the largest number; the first if there are several.
fn most_probable(shares: ndarray::ArrayView1<'_, f64>) -> f64 {
    let mut best = 0;
    for (class, share) in shares.iter().enumerate() {
        if *share > shares[best] {
            best = class;
        }
    }
    best as f64
}
