use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::{ForestModel, MaxFeatures, RandomForest, most_probable_on};

use super::{json, probabilities, read, refused};
use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::Raise;
use crate::interrupt::interruptible;

/// A random forest.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct ForestFit(ForestModel);

impl From<ForestModel> for ForestFit {
    fn from(model: ForestModel) -> Self {
        Self(model)
    }
}

/// What a forest is grown by.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Growth {
    pub(crate) n_estimators: usize,
    pub(crate) max_depth: usize,
    pub(crate) max_features: Option<usize>,
    pub(crate) min_samples_leaf: usize,
    pub(crate) min_samples_split: usize,
    pub(crate) max_bins: usize,
    pub(crate) bootstrap: bool,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

impl Growth {
    /// What grows it, from one row on.
    pub(crate) fn trainer(&self) -> PyResult<RandomForest> {
        let drawn = self.max_features;
        RandomForest::params()
            .n_trees(self.n_estimators)
            .max_depth(self.max_depth)
            .max_features(drawn.map_or(MaxFeatures::All, MaxFeatures::Count))
            .min_samples_leaf(self.min_samples_leaf)
            .min_samples_split(self.min_samples_split)
            .max_bins(self.max_bins)
            .bootstrap(self.bootstrap)
            .min_rows(1)
            .seed(self.seed)
            .threads(self.threads)
            .check()
            .raise()
    }
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
    let trainer = growth.trainer()?;
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
        self.0.importances().to_vec()
    }

    #[getter]
    fn n_trees(&self) -> usize {
        self.0.n_trees()
    }

    /// The forest of the trees of both.
    fn merge(&self, other: &Self) -> PyResult<Self> {
        let merged = self
            .0
            .merge(&other.0)
            .map_err(|why| format!("merge: {why}"));
        merged.map(Self).map_err(PyValueError::new_err)
    }

    /// The probability of each class for each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        probabilities(py, &self.0, &x, threads)
    }

    /// The index of the most probable class of each row.
    #[pyo3(signature = (x, threads=0))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: Matrix<'py>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (model, view) = (&self.0, x.as_array());
        let classes = py
            .detach(|| most_probable_on(model, view, threads))
            .raise()?;
        let wrong = || PyTypeError::new_err("the model is no classifier");
        Ok(classes.ok_or_else(wrong)?.into_pyarray(py))
    }

    fn to_json(&self) -> PyResult<String> {
        json(&self.0)
    }

    #[staticmethod]
    fn of_json(state: &str) -> PyResult<Self> {
        read(state).map(Self)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        let read = py.get_type::<Self>().getattr("of_json")?;
        Ok((read, (self.to_json()?,)))
    }
}
