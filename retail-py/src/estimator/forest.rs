use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::{
    ForestModel, MaxFeatures, Model, RandomForest, most_probable_on, read_forest,
};

use super::{damaged, json, parsed, probabilities, refused};
use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::Raise;
use crate::interrupt::interruptible;

/// A random forest.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct ForestFit {
    model: Arc<dyn Model>,
    importances: Vec<f64>,
}

impl From<ForestModel> for ForestFit {
    fn from(model: ForestModel) -> Self {
        Self {
            importances: model.importances().to_vec(),
            model: Arc::new(model),
        }
    }
}

/// What a forest is grown by.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Growth {
    n_estimators: usize,
    max_depth: usize,
    max_features: Option<usize>,
    min_samples_leaf: usize,
    min_samples_split: usize,
    max_bins: usize,
    bootstrap: bool,
    seed: u64,
    threads: usize,
}

/// Grows a forest from rows whose targets are indices of so many classes.
#[pyfunction]
#[pyo3(signature = (x, y, sample_weight, names, n_classes, growth))]
pub(crate) fn fit_forest(
    py: Python<'_>,
    x: Matrix<'_>,
    y: Vector<'_>,
    sample_weight: Option<Vector<'_>>,
    names: Vec<String>,
    n_classes: usize,
    growth: Growth,
) -> PyResult<ForestFit> {
    let trainer = RandomForest::params()
        .n_trees(growth.n_estimators)
        .max_depth(growth.max_depth)
        .max_features(
            growth
                .max_features
                .map_or(MaxFeatures::All, MaxFeatures::Count),
        )
        .min_samples_leaf(growth.min_samples_leaf)
        .min_samples_split(growth.min_samples_split)
        .max_bins(growth.max_bins)
        .bootstrap(growth.bootstrap)
        .min_rows(1)
        .seed(growth.seed)
        .threads(growth.threads)
        .check()
        .raise()?;
    let task = Task::Multiclass {
        classes: (0..n_classes).map(|class| class.to_string()).collect(),
    };
    let rows = &Rows::new(&x, &y, sample_weight.as_ref(), names, task)?;
    let fitted = interruptible(
        py,
        |stop| {
            let data = rows.dataset(0, rows.len());
            let goes_on = || !stop.is_asked();
            match rows.weights(0, rows.len()) {
                Some(weights) => trainer.fit_weighted_while(&data, weights, &goes_on),
                None => trainer.fit_forest_while(&data, &goes_on),
            }
        },
        |_| Ok(()),
        || {},
    )?;
    Ok(fitted.map_err(|why| refused(&why))?.into())
}

#[pymethods]
impl ForestFit {
    /// The share of each feature in what the splits gained.
    #[getter]
    fn importances(&self) -> Vec<f64> {
        self.importances.clone()
    }

    /// The probability of each class for each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        probabilities(py, self.model.as_ref(), &x, threads)
    }

    /// The index of the most probable class of each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (model, view) = (self.model.as_ref(), x.as_array());
        let classes = py
            .detach(|| most_probable_on(model, view, threads))
            .raise()?;
        let wrong = || PyTypeError::new_err("the model is no classifier");
        Ok(classes.ok_or_else(wrong)?.into_pyarray(py))
    }

    fn to_json(&self) -> PyResult<String> {
        json(self.model.as_ref())
    }

    #[staticmethod]
    fn of_json(state: &str, importances: Vec<f64>) -> PyResult<Self> {
        Ok(Self {
            model: read_forest(&parsed(state)?).map_err(|error| damaged(&error))?,
            importances,
        })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String, Vec<f64>)> {
        let read = py.get_type::<Self>().getattr("of_json")?;
        Ok((read, (self.to_json()?, self.importances.clone())))
    }
}
