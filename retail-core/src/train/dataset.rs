use ndarray::Array2;

use crate::feature::{FeatureSet, Rows};
use crate::label::{FittedLabel, Task};

/// What a trainer learns from.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Features, `(n_samples, n_features)`, column by column in memory.
    pub features: Array2<f64>,
    /// Names of the features, in order.
    pub feature_names: Vec<String>,
    /// Targets, one a sample: numbers, or class indices.
    pub target: Vec<f64>,
    /// The stream's number of each sample: its identity, the same in every window.
    pub row_numbers: Vec<u64>,
    /// The kind of target.
    pub task: Task,
}

impl Dataset {
    /// The data of these rows.
    #[must_use]
    pub fn new(rows: &Rows, features: &FeatureSet, label: &dyn FittedLabel, task: Task) -> Self {
        Self {
            features: features.matrix(rows),
            feature_names: features.schema().names().map(String::from).collect(),
            target: label.apply(rows),
            row_numbers: rows.numbers().collect(),
            task,
        }
    }

    /// The number of samples.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.features.nrows()
    }

    /// The number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.features.ncols()
    }
}

/// Some rows, and a weight for each if there are weights.
#[derive(Debug, Clone, Copy)]
pub struct WeightedRows<'a> {
    pub(in crate::train) data: &'a Dataset,
    pub(in crate::train) weights: Option<&'a [f64]>,
}

impl<'a> WeightedRows<'a> {
    /// Rows with one weight each: weight `k` counts as `k` rows, 0 as none.
    #[must_use]
    pub const fn new(data: &'a Dataset, weights: &'a [f64]) -> Self {
        let weights = Some(weights);
        Self { data, weights }
    }

    /// Rows that count once each.
    #[must_use]
    pub const fn unweighted(data: &'a Dataset) -> Self {
        let weights = None;
        Self { data, weights }
    }
}
