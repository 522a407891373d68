use std::collections::VecDeque;
use std::sync::Arc;

use ndarray::ArrayView2;

use super::tally::Tally;
use super::{MeasureError, Metrics};
use crate::feature::{FeatureSet, Frame, Rows};
use crate::label::{FittedLabel, Label, Task};
use crate::train::{Dataset, Model, NotTrained, Trainer};

/// The number of batches that recent measures cover is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected recent measures over 1 to 100000 batches, got {got}")]
pub struct RecentError {
    /// The value given.
    pub got: usize,
}

/// Running measures of models along a stream: each batch is predicted before it is learned
/// (Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", 2013).
///
/// Measures over several batches are those of all their rows together, not means over batches. For
/// a binary target the scores of all rows are kept, 16 bytes a row, which the area under the curve
/// needs; for other targets the memory does not grow with the stream.
///
/// ```
/// use ndarray::array;
/// use retail_core::evaluate::{Metrics, Prequential};
/// use retail_core::label::Task;
/// # use retail_core::train::{Dataset, LinearRegression, Trainer};
/// # let data = Dataset {
/// #     features: array![[0.0], [1.0], [2.0]], feature_names: vec!["x".into()],
/// #     target: vec![0.0, 2.0, 4.0], row_numbers: vec![0, 1, 2], task: Task::Regression,
/// # };
/// # let model = LinearRegression::params().min_rows(2).check()?.fit(&data)?;
///
/// let mut running = Prequential::new(Task::Regression, 10)?;
/// running.score(&*model, array![[3.0], [4.0]].view(), &[6.0, 9.0])?; // predicts 6 and 8
/// let Some(Metrics::Regression(so_far)) = running.overall() else { unreachable!() };
/// assert!((so_far.mae - 0.5).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Prequential {
    task: Task,
    all: Tally,
    batches: u64,
    recent: VecDeque<Tally>,
    window: usize,
}

impl Prequential {
    /// Measures for a target of this kind, over all batches and over the newest `window` of them,
    /// 1 to 100,000.
    ///
    /// # Errors
    /// [`RecentError`] if `window` is out of range.
    pub fn new(task: Task, window: usize) -> Result<Self, RecentError> {
        if !(1..=100_000).contains(&window) {
            return Err(RecentError { got: window });
        }
        Ok(Self {
            all: Tally::new(&task),
            task,
            batches: 0,
            recent: VecDeque::new(),
            window,
        })
    }

    /// Predicts a batch that the model has not learned from, `(n_samples, n_features)`, measures
    /// the prediction, and returns the measures of this batch alone.
    ///
    /// # Errors
    /// [`MeasureError`], in which case the batch does not count.
    pub fn score(
        &mut self,
        model: &dyn Model,
        features: ArrayView2<'_, f64>,
        target: &[f64],
    ) -> Result<Metrics, MeasureError> {
        let batch = Tally::of(&self.task, target, &model.predict(features)?)?;
        let metrics = batch.metrics();
        self.all.merge_sums(&batch);
        self.batches += 1;
        if self.recent.len() == self.window {
            self.recent.pop_front();
        }
        self.recent.push_back(batch);
        Ok(metrics)
    }

    /// The number of batches measured.
    #[must_use]
    pub const fn batches(&self) -> u64 {
        self.batches
    }

    /// The measures over all batches; `None` before the first. Memory does not grow with the
    /// stream, so there is no AUC, which would need the score of every row.
    #[must_use]
    pub fn overall(&self) -> Option<Metrics> {
        (self.batches > 0).then(|| self.all.metrics())
    }

    /// The measures over the newest batches, as many as the window has; `None` before the first.
    #[must_use]
    pub fn recent(&self) -> Option<Metrics> {
        let mut batches = self.recent.iter();
        let mut sum = batches.next()?.clone();
        for batch in batches {
            sum.merge(batch);
        }
        Some(sum.metrics())
    }
}

/// From which rows a model is learned after each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Learn {
    /// From all batches so far.
    Everything,
    /// From the newest batch alone.
    NewestBatch,
}

/// What happened at one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct PrequentialStep {
    /// The measures of this batch; `None` while there is no model.
    pub scored: Option<Result<Metrics, MeasureError>>,
    /// Whether the batch gave a new model. If not, the one before stays.
    pub learned: Result<(), NotTrained>,
}

/// A run over a sequence of batches.
#[derive(Debug, Clone)]
pub struct PrequentialRun {
    /// The running measures after the last batch.
    pub evaluation: Prequential,
    /// What happened at each batch, in order.
    pub steps: Vec<PrequentialStep>,
}

/// Runs over batches in order and at each of them predicts, scores, and only then learns.
///
/// Models are fitted afresh at each batch. A label is fitted together with its model, on the same
/// rows, and labels the batch that the model is scored on.
///
/// # Errors
/// [`RecentError`] if `window`, the batches that [`Prequential::recent`] covers, is out
/// of range. A batch that gives no model is no error, see [`PrequentialStep`].
pub fn prequential(
    batches: &[Arc<Frame>],
    features: &FeatureSet,
    label: &dyn Label,
    trainer: &dyn Trainer,
    learn: Learn,
    window: usize,
) -> Result<PrequentialRun, RecentError> {
    let mut evaluation = Prequential::new(label.task(), window)?;
    let mut current: Option<(Arc<dyn Model>, Box<dyn FittedLabel>)> = None;
    let mut steps = Vec::with_capacity(batches.len());
    for (newest, batch) in batches.iter().enumerate() {
        let rows = Rows::all(std::slice::from_ref(batch));
        let scored = current.as_ref().map(|(model, fitted_label)| {
            let matrix = features.matrix(&rows);
            evaluation.score(&**model, matrix.view(), &fitted_label.apply(&rows))
        });
        let rows = match learn {
            Learn::Everything => Rows::all(&batches[..=newest]),
            Learn::NewestBatch => rows,
        };
        let fitted_label = label.fit(&rows);
        let data = Dataset::new(&rows, features, &*fitted_label, label.task());
        let learned = trainer.fit(&data).map(|model| {
            current = Some((model, fitted_label));
        });
        steps.push(PrequentialStep { scored, learned });
    }
    Ok(PrequentialRun { evaluation, steps })
}
