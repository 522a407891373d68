use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{MeasureError, Metrics};
use crate::feature::{FeatureSet, Rows};
use crate::label::{FittedLabel, Label, Task};
use crate::train::{Dataset, Model, NotTrained, PredictError, Trainer};

/// A measurement on the end of a window, by a model of its beginning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldOut {
    /// How good the model is on the rows it has not seen.
    pub metrics: Metrics,
    /// How good the naive prediction is on the same rows: see [`Metrics::of_baseline`]. It knows the targets
    /// of the rows that the model has learned from. `None` if those have no mean, or are no classes.
    pub baseline: Option<Metrics>,
    /// Rows learned from: the first ⌊4 n / 5⌋.
    pub train_rows: u64,
    /// Rows measured on: the others.
    pub test_rows: u64,
}

/// Fits on the first 80 % of `rows`, in stream order, and measures on the rest.
///
/// Nothing is learned from the rows measured on: model, scaler and label (a spend threshold, say)
/// are all fitted on the first ⌊4 n / 5⌋ rows.
///
/// # Errors
/// Why there is no model of the first part: counts of rows are then those of that part. If a row of
/// the second part cannot be measured, its number is within the window.
pub fn holdout(
    rows: &Rows,
    features: &FeatureSet,
    label: &dyn Label,
    trainer: &dyn Trainer,
) -> Result<HoldOut, NotTrained> {
    holdout_by(rows, features, &label.task(), trainer.name(), |train| {
        let fitted = label.fit(train);
        let data = Dataset::new(train, features, &*fitted, label.task());
        Ok(Fitted {
            model: trainer.fit(&data)?,
            label: fitted,
        })
    })
}

/// A model, and the label it was trained for, both fitted on the same rows.
pub struct Fitted {
    /// The model.
    pub model: Arc<dyn Model>,
    /// The label.
    pub label: Box<dyn FittedLabel>,
}

/// [`holdout`] with a model got in another way than by fitting a trainer: `fit` is given the first
/// ⌊4 n / 5⌋ rows, and returns a model and a label that have learned from nothing else. `name` is
/// that of the algorithm.
///
/// # Errors
/// Those of `fit`, and one if a row of the second part cannot be measured.
pub fn holdout_by(
    rows: &Rows,
    features: &FeatureSet,
    task: &Task,
    name: &str,
    fit: impl FnOnce(&Rows) -> Result<Fitted, NotTrained>,
) -> Result<HoldOut, NotTrained> {
    // ⌊4 n / 5⌋ without overflow.
    let (train, test) = rows.split_at(rows.len() - rows.len().div_ceil(5));
    if train.is_empty() || test.is_empty() {
        return Err(NotTrained::TooFewRows {
            needed: 2,
            got: rows.len(),
        });
    }
    let Fitted { model, label } = fit(&train)?;
    let truth = label.apply(&test);
    let metrics = Metrics::of_model(&*model, task, features.matrix(&test).view(), &truth)
        .map_err(|error| not_measured(&error, train.len(), features, name))?;
    let baseline = Metrics::of_baseline(task, &label.apply(&train), &truth);
    Ok(HoldOut {
        metrics,
        baseline: baseline.ok(),
        train_rows: train.len() as u64,
        test_rows: test.len() as u64,
    })
}

/// A failed measurement as the reason why there is none, rows counted within the window.
fn not_measured(
    error: &MeasureError,
    first_row: usize,
    features: &FeatureSet,
    name: &str,
) -> NotTrained {
    match *error {
        MeasureError::Predict(PredictError::NotFinite { row, feature }) => NotTrained::NotFinite {
            column: features
                .schema()
                .names()
                .nth(feature)
                .unwrap_or_default()
                .to_owned(),
            row: first_row + row,
        },
        MeasureError::NoSuchClass { row, n_classes } => NotTrained::NoSuchClass {
            row: first_row + row,
            n_classes,
        },
        MeasureError::Shape { rows, predictions } => NotTrained::Shape {
            rows: predictions,
            targets: rows,
        },
        ref other => NotTrained::Library {
            library: name.to_owned(),
            message: format!("hold-out rows from {first_row} on: {other}"),
        },
    }
}
