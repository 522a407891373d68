//! Which class a model predicts.

use ndarray::ArrayView1;
use retail_core::label::Task;

/// The probability from which on a binary target is answered with yes, inclusive.
pub(crate) const DECISION_THRESHOLD: f64 = 0.5;

/// The index of the class that is answered for these scores, `(n_outputs)`; 0 for a regression.
pub(crate) fn predicted_class(task: &Task, scores: ArrayView1<'_, f64>) -> usize {
    match task {
        Task::Regression => 0,
        Task::Binary => {
            let probability = scores.last().copied().unwrap_or_default();
            usize::from(probability >= DECISION_THRESHOLD)
        }
        Task::Multiclass { .. } => largest(scores).0,
    }
}

/// The index and value of the largest score; of equal ones the first.
pub(crate) fn largest(scores: ArrayView1<'_, f64>) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (index, score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_the_first_class_of_several_and_a_yes() {
        let several = Task::Multiclass {
            classes: ["low", "high", "bulk"].map(String::from).to_vec(),
        };
        for (task, scores, expected) in [
            (&Task::Regression, &[7.0][..], 0),
            (&Task::Binary, &[0.5, 0.5], 1),
            (&Task::Binary, &[0.51, 0.49], 0),
            (&Task::Binary, &[0.1, 0.9], 1),
            (&several, &[0.2, 0.4, 0.4], 1),
            (&several, &[0.2, 0.3, 0.5], 2),
            (&several, &[], 0),
        ] {
            assert_eq!(predicted_class(task, scores.into()), expected, "{scores:?}");
        }
    }
}
