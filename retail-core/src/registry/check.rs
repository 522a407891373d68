//! What a model file may say, beyond what its types allow.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Array2;

use super::ModelInfo;
use crate::feature::{FeatureSchema, FeatureSpec};
use crate::label::Task;
use crate::train::{MOST_CLASSES, MOST_FEATURES, Model, Prediction};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// Whether a model and what is said of it go together, and are of a size that can be served.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(info: &ModelInfo, model: &dyn Model) -> Result<(), String> {
    if model.n_features() != info.features.len() {
        return Err(format!(
            "the model has {} features, its schema {}",
            model.n_features(),
            info.features.len()
        ));
    }
    for name in [&info.name, &info.target, &info.trainer] {
        check_name("name", name)?;
    }
    check_schema(&info.features)?;
    check_classes(&info.task)?;
    check_answer(&info.features, &info.task, model)
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        let got = name.len();
        return Err(format!(
            "{what}: expected 1 to {LONGEST_NAME} bytes, got {got}"
        ));
    }
    Ok(())
}

fn check_schema(features: &FeatureSchema) -> Result<(), String> {
    if features.len() > MOST_FEATURES {
        let got = features.len();
        return Err(format!(
            "expected at most {MOST_FEATURES} features, got {got}"
        ));
    }
    let mut names = BTreeSet::new();
    for FeatureSpec { name, min, max, .. } in &features.0 {
        check_name("feature", name)?;
        if !names.insert(name.as_str()) {
            return Err(format!("the feature {name} is there twice"));
        }
        if !(min.is_finite() && max.is_finite() && min <= max) {
            return Err(format!(
                "{name}: expected a range of finite numbers, got {min} to {max}"
            ));
        }
    }
    let factors = features
        .0
        .iter()
        .filter_map(|spec| spec.product_of.as_ref());
    for factor in factors.flatten() {
        check_name("factor", factor)?;
    }
    Ok(())
}

fn check_classes(task: &Task) -> Result<(), String> {
    let Task::Multiclass { classes } = task else {
        return Ok(());
    };
    if !(1..=MOST_CLASSES).contains(&classes.len()) {
        let got = classes.len();
        return Err(format!("expected 1 to {MOST_CLASSES} classes, got {got}"));
    }
    let mut names = BTreeSet::new();
    for name in classes {
        check_name("class", name)?;
        if !names.insert(name) {
            return Err(format!("the class {name} is there twice"));
        }
    }
    Ok(())
}

/// Asks the model about one legal row: its answer has to be of the kind that the task wants. A model
/// that has no answer for just this row may have one for others.
fn check_answer(features: &FeatureSchema, task: &Task, model: &dyn Model) -> Result<(), String> {
    let legal = |spec: &FeatureSpec| 0.0_f64.clamp(spec.min, spec.max).ceil().min(spec.max);
    let row: Vec<f64> = features.0.iter().map(legal).collect();
    let Ok(row) = Array2::from_shape_vec((1, row.len()), row) else {
        return Ok(());
    };
    let answer = catch_unwind(AssertUnwindSafe(|| model.predict(row.view())));
    let (expected, got) = match answer {
        Ok(Ok(Prediction::Values(_))) => (task.n_classes(), 0),
        Ok(Ok(Prediction::Probabilities(shares))) => (task.n_classes(), shares.ncols()),
        _ => return Ok(()),
    };
    let words = |classes: usize| match classes {
        0 => "a number".to_owned(),
        classes => format!("probabilities of {classes} classes"),
    };
    if expected != got {
        return Err(format!(
            "its task wants {}, and the model answers with {}",
            words(expected),
            words(got)
        ));
    }
    Ok(())
}
