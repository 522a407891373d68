use linfa::dataset::Pr;
use ndarray::{Array1, Array2};

use crate::label::Task;
use crate::train::Prediction;

/// A type of target that linfa estimators learn from.
pub trait LinfaTarget: Clone + Send + Sync + 'static {
    /// Whether targets of this task can be given in this type.
    fn suits(task: &Task) -> bool;

    /// A target from its number: the value of a regression, the index of a class.
    fn from_number(number: f64) -> Self;
}

/// A type of answer that fitted linfa objects give.
pub trait LinfaOutput: Clone + Send + Sync + 'static {
    /// The answers for some rows as a prediction; `n_classes` is 0 for a regression.
    ///
    /// # Errors
    /// The row of the first answer that is no finite number, or no class.
    fn prediction(answers: &Array1<Self>, n_classes: usize) -> Result<Prediction, usize>;
}

impl LinfaTarget for f64 {
    fn suits(task: &Task) -> bool {
        *task == Task::Regression
    }

    fn from_number(number: f64) -> Self {
        number
    }
}

impl LinfaTarget for usize {
    fn suits(task: &Task) -> bool {
        *task != Task::Regression
    }

    fn from_number(number: f64) -> Self {
        number as Self
    }
}

impl LinfaTarget for bool {
    fn suits(task: &Task) -> bool {
        *task == Task::Binary
    }

    fn from_number(number: f64) -> Self {
        number == 1.0
    }
}

impl LinfaOutput for f64 {
    fn prediction(answers: &Array1<Self>, _n_classes: usize) -> Result<Prediction, usize> {
        match answers.iter().position(|answer| !answer.is_finite()) {
            Some(row) => Err(row),
            None => Ok(Prediction::Values(answers.clone())),
        }
    }
}

impl LinfaOutput for usize {
    fn prediction(answers: &Array1<Self>, n_classes: usize) -> Result<Prediction, usize> {
        let mut probabilities = Array2::zeros((answers.len(), n_classes));
        for (row, &class) in answers.iter().enumerate() {
            *probabilities.get_mut((row, class)).ok_or(row)? = 1.0;
        }
        Ok(Prediction::Probabilities(probabilities))
    }
}

impl LinfaOutput for bool {
    fn prediction(answers: &Array1<Self>, n_classes: usize) -> Result<Prediction, usize> {
        usize::prediction(&answers.mapv(usize::from), n_classes)
    }
}

impl LinfaOutput for Pr {
    /// The probability of class 1, in single precision as linfa has it.
    fn prediction(answers: &Array1<Self>, n_classes: usize) -> Result<Prediction, usize> {
        let mut probabilities = Array2::zeros((answers.len(), n_classes));
        for (row, &probability) in answers.iter().enumerate() {
            let probability = f64::from(*probability);
            if n_classes != 2 || !(0.0..=1.0).contains(&probability) {
                return Err(row);
            }
            probabilities[(row, 0)] = 1.0 - probability;
            probabilities[(row, 1)] = probability;
        }
        Ok(Prediction::Probabilities(probabilities))
    }
}
