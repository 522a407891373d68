//! NumPy arrays as rows to learn from and to predict.

use std::thread;

use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retail_core::label::Task;
use retail_core::train::Dataset;

/// Numbers in rows, `(n_samples, n_features)`, in any order of memory.
pub(crate) type Matrix<'py> = PyReadonlyArray2<'py, f64>;

/// Numbers, one a row.
pub(crate) type Vector<'py> = PyReadonlyArray1<'py, f64>;

/// Rows to learn from, with their targets.
pub(crate) struct Rows<'a> {
    features: ArrayView2<'a, f64>,
    target: std::borrow::Cow<'a, [f64]>,
    weights: Option<std::borrow::Cow<'a, [f64]>>,
    names: Vec<String>,
    task: Task,
}

impl<'a> Rows<'a> {
    /// Looks at arrays of the same number of rows.
    pub(crate) fn new(
        features: &'a Matrix<'_>,
        target: &'a Vector<'_>,
        weights: Option<&'a Vector<'_>>,
        names: Vec<String>,
        task: Task,
    ) -> PyResult<Self> {
        let features = features.as_array();
        let n = features.nrows();
        let checked = |what: &str, got: usize| {
            let wrong = || PyValueError::new_err(format!("{what}: expected {n} values, got {got}"));
            (got == n).then_some(()).ok_or_else(wrong)
        };
        checked("y", target.as_array().len())?;
        if let Some(weights) = weights {
            checked("sample_weight", weights.as_array().len())?;
        }
        if names.len() != features.ncols() {
            let (expected, got) = (features.ncols(), names.len());
            let said = format!("feature names: expected {expected}, got {got}");
            return Err(PyValueError::new_err(said));
        }
        Ok(Self {
            features,
            target: values(target),
            weights: weights.map(values),
            names,
            task,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.features.nrows()
    }

    pub(crate) fn weights(&self, begin: usize, end: usize) -> Option<&[f64]> {
        let weights = self.weights.as_ref()?;
        Some(weights.get(begin..end).unwrap_or_default())
    }

    /// The features of some of the rows.
    pub(crate) fn features(&self, begin: usize, end: usize) -> ArrayView2<'_, f64> {
        self.features.slice_axis(Axis(0), (begin..end).into())
    }

    /// The targets of some of the rows.
    pub(crate) fn target(&self, begin: usize, end: usize) -> &[f64] {
        self.target.get(begin..end).unwrap_or_default()
    }

    /// Some of the rows, column by column in memory.
    pub(crate) fn dataset(&self, begin: usize, end: usize) -> Dataset {
        Dataset {
            features: by_column(&self.features(begin, end)),
            feature_names: self.names.clone(),
            target: self.target(begin, end).to_vec(),
            row_numbers: (begin as u64..end as u64).collect(),
            task: self.task.clone(),
        }
    }
}

/// A copy, column by column in memory. Large ones are made by several threads, because new memory takes
/// longer to come than to be filled.
fn by_column(rows: &ArrayView2<'_, f64>) -> Array2<f64> {
    const WORTH_A_THREAD: usize = 1 << 18;
    let mut copy = Array2::zeros(rows.raw_dim().f());
    let most = thread::available_parallelism().map_or(1, usize::from);
    let threads = (rows.len() / WORTH_A_THREAD).clamp(1, most);
    let share = rows.ncols().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let shares = rows.axis_chunks_iter(Axis(1), share);
        for (mut copy, rows) in copy.axis_chunks_iter_mut(Axis(1), share).zip(shares) {
            if threads == 1 {
                copy.assign(&rows);
            } else {
                scope.spawn(move || copy.assign(&rows));
            }
        }
    });
    copy
}

/// The values of an array, copied only if they are not one after another in memory.
fn values<'a>(array: &'a Vector<'_>) -> std::borrow::Cow<'a, [f64]> {
    match array.as_slice() {
        Ok(slice) => slice.into(),
        Err(_) => array.as_array().to_vec().into(),
    }
}
