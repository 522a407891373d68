use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::engine::{Event, Observer};
use crate::train::{
    Dataset, FormatError, Model, ModelFormats, NotTrained, PredictError, Prediction, Trainer,
};

/// A list that threads add to and wait for.
#[derive(Debug, Clone)]
pub(super) struct Seen<T>(Arc<(Mutex<Vec<T>>, Condvar)>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Arc::new((Mutex::new(Vec::new()), Condvar::new())))
    }
}

impl<T: Clone> Seen<T> {
    pub(super) fn add(&self, item: T) {
        self.0.0.lock().unwrap().push(item);
        self.0.1.notify_all();
    }

    pub(super) fn all(&self) -> Vec<T> {
        self.0.0.lock().unwrap().clone()
    }

    /// Waits until the list is as wanted. With the deadline, a test that is wrong fails instead of
    /// hanging.
    pub(super) fn wait_until(&self, wanted: impl Fn(&[T]) -> bool) {
        let list = self.0.0.lock().unwrap();
        let deadline = Duration::from_secs(60);
        let waiting = self
            .0
            .1
            .wait_timeout_while(list, deadline, |list| !wanted(list));
        assert!(!waiting.unwrap().1.timed_out(), "timed out");
    }
}

/// Notes the name and the rows of models that were trained.
impl Observer for Seen<(String, u64)> {
    fn event(&self, event: &Event) {
        if let Event::Trained { model, status, .. } = event {
            self.add((model.clone(), status.rows));
        }
    }
}

type BeforeFit = dyn Fn(&Dataset) -> Result<(), NotTrained> + Send + Sync;

/// Learns the mean of the targets and notes which rows it was given, hold-out fits included.
#[derive(Default)]
pub(super) struct Mean {
    pub(super) fits: Seen<(u64, u64)>,
    before: Option<Box<BeforeFit>>,
}

impl Mean {
    /// Does something before each fit.
    pub(super) fn after(
        before: impl Fn(&Dataset) -> Result<(), NotTrained> + Send + Sync + 'static,
    ) -> Self {
        Self {
            before: Some(Box::new(before)),
            ..Self::default()
        }
    }
}

impl Trainer for Mean {
    fn name(&self) -> &str {
        "mean"
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        let (Some(first), Some(last)) = (data.row_numbers.first(), data.row_numbers.last()) else {
            return Err(NotTrained::TooFewRows { needed: 1, got: 0 });
        };
        self.fits.add((*first, last + 1));
        if let Some(before) = &self.before {
            before(data)?;
        }
        Ok(Arc::new(MeanModel {
            mean: data.target.iter().sum::<f64>() / data.n_samples() as f64,
            n_features: data.n_features(),
        }))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MeanModel {
    pub(super) mean: f64,
    pub(super) n_features: usize,
}

impl Model for MeanModel {
    fn format(&self) -> &str {
        "mean"
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features)?;
        let values = Array1::from_elem(features.nrows(), self.mean);
        Ok(Prediction::Values(values))
    }

    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::to_value(self).unwrap())
    }
}

pub(super) fn formats() -> ModelFormats {
    ModelFormats::default().with("mean", |json| match MeanModel::deserialize(json) {
        Ok(model) => Ok(Arc::new(model)),
        Err(error) => Err(error.into()),
    })
}
