//! What is checked before an algorithm of linfa sees the data.

use crate::train::{Dataset, NotTrained};

/// Checks shapes, the number of rows and that every number is finite, in this order.
pub(super) fn numbers(data: &Dataset, min_rows: usize) -> Result<(), NotTrained> {
    let rows = data.n_samples();
    if rows != data.target.len() {
        return Err(NotTrained::Shape {
            rows,
            targets: data.target.len(),
        });
    }
    if rows < min_rows {
        return Err(NotTrained::TooFewRows {
            needed: min_rows,
            got: rows,
        });
    }
    let features = (0..data.n_features()).find_map(|column| {
        let values = data.features.column(column);
        let row = values.iter().position(|value| !value.is_finite())?;
        Some((feature_name(data, column), row))
    });
    let bad = features.or_else(|| {
        let row = data.target.iter().position(|value| !value.is_finite())?;
        Some(("target".to_owned(), row))
    });
    match bad {
        Some((column, row)) => Err(NotTrained::NotFinite { column, row }),
        None => Ok(()),
    }
}

/// Checks that every target is the index of a class of the task, and that there are two classes
/// at least. Call [`numbers`] first.
pub(super) fn classes(data: &Dataset) -> Result<(), NotTrained> {
    let n_classes = data.task.n_classes();
    let legal = |value: f64| value >= 0.0 && value < n_classes as f64 && value.fract() == 0.0;
    if let Some(row) = data.target.iter().position(|&value| !legal(value)) {
        return Err(NotTrained::NoSuchClass { row, n_classes });
    }
    match data.target.split_first() {
        Some((first, others)) if others.iter().all(|class| class == first) => {
            Err(NotTrained::OneClass {
                class: data.task.class_name(*first as usize).to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// The name of a feature, even if the data carries too few names.
pub(super) fn feature_name(data: &Dataset, column: usize) -> String {
    match data.feature_names.get(column) {
        Some(name) => name.clone(),
        None => format!("feature {column}"),
    }
}
