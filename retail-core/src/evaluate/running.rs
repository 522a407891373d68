use super::tally::Tally;
use super::{MeasureError, Metrics};
use crate::label::Task;
use crate::train::Prediction;

/// Measures of predictions whose truth comes one after another, over all of them together.
///
/// Memory does not grow with the rows, so there is no AUC, which would need the score of every row.
///
/// ```
/// use ndarray::array;
/// use retail_core::evaluate::{Metrics, Running};
/// use retail_core::label::Task;
/// use retail_core::train::Prediction;
///
/// let mut running = Running::new(Task::Regression);
/// running.add(&[6.0], &Prediction::Values(array![6.0]))?;
/// running.add(&[9.0], &Prediction::Values(array![8.0]))?;
/// let Some(Metrics::Regression(so_far)) = running.metrics() else { unreachable!() };
/// assert_eq!(so_far.mae, 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Running {
    task: Task,
    all: Tally,
    rows: u64,
}

impl Running {
    /// Measures for a target of this kind.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self {
            all: Tally::new(&task),
            task,
            rows: 0,
        }
    }

    /// Adds predictions and their truths: values, or indices of classes.
    ///
    /// # Errors
    /// [`MeasureError`], in which case none of them counts.
    pub fn add(&mut self, truth: &[f64], prediction: &Prediction) -> Result<(), MeasureError> {
        self.all
            .merge_sums(&Tally::of(&self.task, truth, prediction)?);
        self.rows += truth.len() as u64;
        Ok(())
    }

    /// The target's kind.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// The measures over all rows; `None` before the first.
    #[must_use]
    pub fn metrics(&self) -> Option<Metrics> {
        (self.rows > 0).then(|| self.all.metrics())
    }
}
