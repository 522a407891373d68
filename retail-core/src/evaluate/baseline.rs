//! What a prediction is worth that looks at no feature.

use ndarray::{Array1, Array2};

use super::{MeasureError, Metrics};
use crate::label::Task;
use crate::train::Prediction;

impl Metrics {
    /// Measures the naive prediction, which is the same for every row, on the rows with this truth. It
    /// knows nothing but the targets of the rows learned from:
    ///
    /// - a number: their mean, `ȳ = Σ y / n`;
    /// - a class: the share of each class among them, `n_c / n`, as its probability. So the class
    ///   predicted is the commonest one, the first if there are several, and the accuracy is the share of
    ///   that class among the rows measured. Yes is predicted if it is more than half of them.
    ///
    /// These are scikit-learn's `DummyRegressor(strategy="mean")` and
    /// `DummyClassifier(strategy="prior")`. A model that is no better has learned nothing of use.
    ///
    /// ```
    /// use retail_core::evaluate::Metrics;
    /// use retail_core::label::Task;
    ///
    /// let baseline = Metrics::of_baseline(&Task::Regression, &[1.0, 3.0], &[2.0, 6.0])?;
    /// // The mean is 2, so the errors are 0 and 4.
    /// assert_eq!(baseline.numbers()["mae"], 2.0);
    /// # Ok::<(), retail_core::evaluate::MeasureError>(())
    /// ```
    ///
    /// # Errors
    /// [`MeasureError`] if either has no rows, or has targets that are no numbers or no classes.
    pub fn of_baseline(task: &Task, learned: &[f64], truth: &[f64]) -> Result<Self, MeasureError> {
        let prediction = match task {
            Task::Regression => {
                let mean = mean(learned)?;
                Prediction::Values(Array1::from_elem(truth.len(), mean))
            }
            Task::Binary | Task::Multiclass { .. } => {
                let shares = shares(learned, task.n_classes())?;
                let each_row = shares.broadcast((truth.len(), shares.len()));
                let each_row = each_row.map(|rows| rows.to_owned());
                let none = Array2::zeros((0, 0));
                Prediction::Probabilities(each_row.unwrap_or(none))
            }
        };
        Self::of(task, truth, &prediction)
    }
}

fn mean(targets: &[f64]) -> Result<f64, MeasureError> {
    match targets {
        [] => Err(MeasureError::Empty),
        targets => Ok(targets.iter().sum::<f64>() / targets.len() as f64),
    }
}

/// The share of each class.
fn shares(targets: &[f64], n_classes: usize) -> Result<Array1<f64>, MeasureError> {
    if targets.is_empty() {
        return Err(MeasureError::Empty);
    }
    let mut counts = vec![0_u64; n_classes];
    for (row, &target) in targets.iter().enumerate() {
        let is_class = target >= 0.0 && target.fract() == 0.0;
        match counts.get_mut(target as usize) {
            Some(count) if is_class => *count += 1,
            _ => return Err(MeasureError::NoSuchClass { row, n_classes }),
        }
    }
    let all = targets.len() as f64;
    Ok(counts.iter().map(|&count| count as f64 / all).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(task: &Task, learned: &[f64], truth: &[f64]) -> Metrics {
        Metrics::of_baseline(task, learned, truth).unwrap()
    }

    #[test]
    fn a_number_is_predicted_by_the_mean_of_those_learned_from() {
        // The mean is 3; errors 1, −3 and 5: RMSE √(35/3), MAE 3. Around their own mean, 4, the targets
        // have squares 0, 16 and 16.
        let metrics = baseline(&Task::Regression, &[1.0, 2.0, 6.0], &[4.0, 0.0, 8.0]);
        let Metrics::Regression(metrics) = metrics else {
            panic!("{metrics:?}")
        };
        assert_eq!((metrics.mae, metrics.rows), (3.0, 3));
        assert!((metrics.rmse - (35.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((metrics.r2.unwrap() - (1.0 - 35.0 / 32.0)).abs() < 1e-15);
    }

    #[test]
    fn a_class_is_predicted_by_its_share_among_those_learned_from() {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let task = Task::Multiclass { classes };
        // Shares ¼, ½, ¼: class 1 is predicted, and is that of two rows in five.
        let metrics = baseline(&task, &[0.0, 1.0, 1.0, 2.0], &[1.0, 0.0, 1.0, 2.0, 2.0]);
        let Metrics::Multiclass(metrics) = metrics else {
            panic!("{metrics:?}")
        };
        assert_eq!((metrics.accuracy, metrics.rows), (0.4, 5));
        let log_loss = (2.0 * 2.0_f64.ln() + 3.0 * 4.0_f64.ln()) / 5.0;
        assert!((metrics.log_loss - log_loss).abs() < 1e-15);
        assert_eq!(
            metrics.confusion,
            [vec![0, 1, 0], vec![0, 2, 0], vec![0, 2, 0]]
        );
    }

    #[test]
    fn yes_or_no_is_predicted_by_the_share_of_yes() {
        // One yes in four: no is predicted, with p = ¼; Brier (½·9 + ½·1)/16.
        let metrics = baseline(&Task::Binary, &[0.0, 0.0, 1.0, 0.0], &[1.0, 0.0, 1.0, 0.0]);
        let Metrics::Binary(metrics) = metrics else {
            panic!("{metrics:?}")
        };
        assert_eq!((metrics.accuracy, metrics.auc), (0.5, Some(0.5)));
        assert!((metrics.brier - 10.0 / 32.0).abs() < 1e-15);
        // A tie is no yes.
        let even = baseline(&Task::Binary, &[0.0, 1.0], &[1.0, 0.0, 0.0]);
        assert!((even.numbers()["accuracy"] - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn targets_that_are_none_give_no_baseline() {
        let of = |task: &Task, learned: &[f64]| Metrics::of_baseline(task, learned, &[0.0]);
        for task in [Task::Regression, Task::Binary] {
            assert_eq!(of(&task, &[]), Err(MeasureError::Empty));
            assert!(Metrics::of_baseline(&task, &[0.0], &[]).is_err());
        }
        assert!(of(&Task::Regression, &[f64::NAN]).is_err());
        for wrong in [2.0, -1.0, 0.5, f64::NAN] {
            let refused = Err(MeasureError::NoSuchClass {
                row: 1,
                n_classes: 2,
            });
            assert_eq!(of(&Task::Binary, &[0.0, wrong]), refused);
        }
    }
}
