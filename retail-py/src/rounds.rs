//! Training in rounds for carriers in Python: states and partial sums as bytes.

use std::error::Error;

use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use retail_core::label::Task;
use retail_core::train::rounds::{self, Head, Next, decode, encode};
use retail_core::train::{LinearRegression, LogisticRegression, RandomForest, WeightedRows};
use serde::Deserialize;

use crate::Reduced;
use crate::array::{Matrix, Rows, Vector};
use crate::error::{Raise, exception};
use crate::estimator::{ForestFit, Growth, LinearFit, LogisticFit};

/// An algorithm that learns in rounds, and what it is to learn. It is pickled as its specification, so
/// that the processes that hold the rows can rebuild it.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct Rounds {
    spec: String,
    algorithm: Algorithm,
    head: Head,
}

/// Each works on one thread: whoever carries the rows runs several at once.
enum Algorithm {
    Linear(LinearRegression),
    Logistic(LogisticRegression),
    Forest(RandomForest),
}

/// What to learn, as JSON.
#[derive(Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case", deny_unknown_fields)]
enum Spec {
    Linear {
        features: Vec<String>,
    },
    Logistic {
        features: Vec<String>,
        alpha: f64,
        max_iterations: u64,
        tolerance: f64,
    },
    Forest {
        features: Vec<String>,
        n_classes: usize,
        n_estimators: usize,
        max_depth: usize,
        max_features: Option<usize>,
        min_samples_leaf: usize,
        min_samples_split: usize,
        max_bins: usize,
        bootstrap: bool,
        seed: u64,
    },
}

impl Spec {
    /// The algorithm, the names of the features, and the kind of target.
    fn check(self) -> PyResult<(Algorithm, Vec<String>, Task)> {
        Ok(match self {
            Self::Linear { features } => {
                let trainer = LinearRegression::params().min_rows(1).threads(1);
                let algorithm = Algorithm::Linear(trainer.check().raise()?);
                (algorithm, features, Task::Regression)
            }
            Self::Logistic {
                features,
                alpha,
                max_iterations,
                tolerance,
            } => {
                let trainer = LogisticRegression::params()
                    .alpha(alpha)
                    .max_iterations(max_iterations)
                    .gradient_tolerance(tolerance)
                    .min_rows(2)
                    .threads(1);
                let algorithm = Algorithm::Logistic(trainer.check().raise()?);
                (algorithm, features, Task::Binary)
            }
            Self::Forest {
                features,
                n_classes,
                n_estimators,
                max_depth,
                max_features,
                min_samples_leaf,
                min_samples_split,
                max_bins,
                bootstrap,
                seed,
            } => {
                let growth = Growth {
                    n_estimators,
                    max_depth,
                    max_features,
                    min_samples_leaf,
                    min_samples_split,
                    max_bins,
                    bootstrap,
                    seed,
                    threads: 1,
                };
                let algorithm = Algorithm::Forest(growth.trainer()?);
                let classes = (0..n_classes).map(|class| class.to_string()).collect();
                (algorithm, features, Task::Multiclass { classes })
            }
        })
    }
}

/// What a step gives: the next state, or the model.
#[derive(IntoPyObject)]
pub(crate) enum Fitted {
    Linear(LinearFit),
    Logistic(LogisticFit),
    Forest(ForestFit),
}

impl From<retail_core::train::LinearModel> for Fitted {
    fn from(model: retail_core::train::LinearModel) -> Self {
        Self::Linear(model.into())
    }
}

impl From<retail_core::train::LogisticModel> for Fitted {
    fn from(model: retail_core::train::LogisticModel) -> Self {
        Self::Logistic(model.into())
    }
}

impl From<retail_core::train::ForestModel> for Fitted {
    fn from(model: retail_core::train::ForestModel) -> Self {
        Self::Forest(model.into())
    }
}

/// What work without the interpreter gives.
type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn raised<T>(done: Done<T>) -> PyResult<T> {
    done.map_err(|error| exception(&*error))
}

fn begin<R: rounds::Rounds>(rounds: &R, head: &Head) -> Done<Vec<u8>> {
    Ok(encode(rounds.name(), &rounds.begin(head)?)?)
}

fn answer<R: rounds::Rounds>(rounds: &R, part: &mut R::Part<'_>, state: &[u8]) -> Done<Vec<u8>> {
    let state = decode(rounds.name(), state)?;
    Ok(encode(rounds.name(), &rounds.answer(part, &state)?)?)
}

/// The sum of what an iterator gives, of which only one is in memory at a time.
fn merge<R: rounds::Rounds>(
    py: Python<'_>,
    rounds: &R,
    partials: &Bound<'_, PyAny>,
) -> PyResult<Option<Vec<u8>>> {
    let mut sum = None;
    for partial in partials.try_iter()? {
        let partial = partial?;
        let bytes: &[u8] = partial.extract()?;
        raised(py.detach(|| {
            let partial = decode(rounds.name(), bytes)?;
            match &mut sum {
                None => sum = Some(partial),
                Some(sum) => rounds.merge(sum, &partial)?,
            }
            Ok(())
        }))?;
    }
    let encoded = |sum| py.detach(|| encode(rounds.name(), &sum)).raise();
    sum.map(encoded).transpose()
}

fn step<R>(rounds: &R, state: &[u8], sum: Option<&[u8]>) -> Done<Next<Vec<u8>, Fitted>>
where
    R: rounds::Rounds,
    R::Model: Into<Fitted>,
{
    let state = decode(rounds.name(), state)?;
    let sum = match sum {
        Some(sum) => decode(rounds.name(), sum)?,
        None => rounds.identity(&state),
    };
    Ok(match rounds.step(state, sum)? {
        Next::Round(state) => Next::Round(encode(rounds.name(), &state)?),
        Next::Model(model) => Next::Model(model.into()),
    })
}

#[pymethods]
impl Rounds {
    /// Reads a specification.
    #[new]
    fn new(spec: String) -> PyResult<Self> {
        let read: Spec = serde_json::from_str(&spec).map_err(|error| {
            PyValueError::new_err(format!("spec: expected an algorithm as JSON: {error}"))
        })?;
        let (algorithm, features, task) = read.check()?;
        let head = Head {
            n_features: features.len(),
            feature_names: features,
            task,
        };
        Ok(Self {
            spec,
            algorithm,
            head,
        })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        Ok((py.get_type::<Self>().into_any(), (self.spec.clone(),)))
    }

    /// The state of the first round.
    fn begin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = py.detach(|| match &self.algorithm {
            Algorithm::Linear(linear) => begin(linear, &self.head),
            Algorithm::Logistic(logistic) => begin(logistic, &self.head),
            Algorithm::Forest(forest) => begin(forest, &self.head),
        });
        Ok(PyBytes::new(py, &raised(state)?))
    }

    /// What some of the rows answer to a state. A forest draws rows by their numbers; rows without
    /// numbers are counted from 0.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        state: &[u8],
        x: Matrix<'py>,
        y: Vector<'py>,
        row_numbers: Option<PyReadonlyArray1<'py, u64>>,
        weights: Option<Vector<'py>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (names, task) = (self.head.feature_names.clone(), self.head.task.clone());
        let rows = &Rows::new(&x, &y, weights.as_ref(), names, task)?;
        let numbers = row_numbers.map(|numbers| numbers.as_array().to_vec());
        if let Some(got) = numbers.as_ref().map(Vec::len)
            && got != rows.len()
        {
            let said = format!("row_numbers: expected {} values, got {got}", rows.len());
            return Err(PyValueError::new_err(said));
        }
        if weights.is_some() && matches!(self.algorithm, Algorithm::Forest(_)) {
            return Err(PyValueError::new_err("a forest takes no weights"));
        }
        let partial = py.detach(|| {
            let mut data = rows.dataset(0, rows.len());
            if let Some(numbers) = numbers {
                data.row_numbers = numbers;
            }
            let mut part = match rows.weights(0, rows.len()) {
                Some(weights) => WeightedRows::new(&data, weights),
                None => WeightedRows::unweighted(&data),
            };
            match &self.algorithm {
                Algorithm::Linear(linear) => answer(linear, &mut part, state),
                Algorithm::Logistic(logistic) => answer(logistic, &mut part, state),
                Algorithm::Forest(forest) => {
                    answer(forest, &mut rounds::Rounds::part(forest, &data), state)
                }
            }
        });
        Ok(PyBytes::new(py, &raised(partial)?))
    }

    /// The sum of answers to the same state about different rows; `None` if there are none.
    fn merge<'py>(
        &self,
        py: Python<'py>,
        partials: Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let sum = match &self.algorithm {
            Algorithm::Linear(linear) => merge(py, linear, &partials),
            Algorithm::Logistic(logistic) => merge(py, logistic, &partials),
            Algorithm::Forest(forest) => merge(py, forest, &partials),
        };
        Ok(sum?.map(|sum| PyBytes::new(py, &sum)))
    }

    /// The next state, or the model. The sum is over all rows; `None` if there are none.
    fn step<'py>(
        &self,
        py: Python<'py>,
        state: &[u8],
        sum: Option<&[u8]>,
    ) -> PyResult<(Option<Bound<'py, PyBytes>>, Option<Fitted>)> {
        let next = py.detach(|| match &self.algorithm {
            Algorithm::Linear(linear) => step(linear, state, sum),
            Algorithm::Logistic(logistic) => step(logistic, state, sum),
            Algorithm::Forest(forest) => step(forest, state, sum),
        });
        Ok(match raised(next)? {
            Next::Round(state) => (Some(PyBytes::new(py, &state)), None),
            Next::Model(model) => (None, Some(model)),
        })
    }
}
