use std::sync::Arc;

use linfa::ParamGuard;
use linfa::traits::Fit;
use linfa_trees::{DecisionTree, SplitQuality};
use serde::Deserialize;

use super::{LinfaModel, LinfaTrainer};
use crate::train::{Dataset, FormatError, Guarantees, Model, NotTrained, Trainer};

/// The name of the trainer and the format of its models.
const NAME: &str = "linfa-trees";

type Tree = DecisionTree<f64, usize>;

/// One classification tree by linfa-trees 0.8.1, for comparison with other algorithms only.
///
/// Probabilities are 1 for the class predicted and 0 for the others: linfa's leaves keep no counts.
///
/// linfa-trees has defects that a trainer around it cannot mend:
/// - **Lost splits.** Whether a threshold lies between two equal values is asked of neighbours in
///   the order of *all* rows, those outside of the node included. So below the root, thresholds of
///   tied columns (quantities, months, hours) are lost, and which ones depends on the row order.
/// - **Not reproducible.** Classes with equal counts, and sums of impurities, follow the order of a
///   hash map: the same data can give another tree in the next call. This trainer breaks that part
///   of the contract of [`Trainer`].
/// - Values closer than 10⁻⁵ count as equal, on any scale of the column.
/// - The parts of a node are divided by `value <= threshold`, predictions by `value < threshold`.
/// - NaN overflows the stack and no rows panic; both are refused here before linfa sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct LinfaTree {
    max_depth: usize,
    min_samples_leaf: usize,
    min_impurity_decrease: f64,
    entropy: bool,
    min_rows: usize,
}

/// Hyper-parameters of a [`LinfaTree`], not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct LinfaTreeParams(LinfaTree);

impl Default for LinfaTree {
    fn default() -> Self {
        Self {
            max_depth: 10,
            min_samples_leaf: 1,
            min_impurity_decrease: 1e-5,
            entropy: false,
            min_rows: 20,
        }
    }
}

impl LinfaTreeParams {
    /// The deepest that a leaf may lie below the root, 1 to 32; 10 by default.
    #[must_use]
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The fewest rows of a leaf, 1 to 10⁶; 1 by default.
    #[must_use]
    pub fn min_samples_leaf(mut self, min_samples_leaf: usize) -> Self {
        self.0.min_samples_leaf = min_samples_leaf;
        self
    }

    /// The smallest decrease of impurity that is worth a split, 10⁻¹² to 1; 10⁻⁵ by
    /// default.
    #[must_use]
    pub fn min_impurity_decrease(mut self, min_impurity_decrease: f64) -> Self {
        self.0.min_impurity_decrease = min_impurity_decrease;
        self
    }

    /// Measures impurity by entropy instead of the Gini index.
    #[must_use]
    pub fn entropy(mut self, entropy: bool) -> Self {
        self.0.entropy = entropy;
        self
    }

    /// The smallest number of rows to learn from, 2 to 10⁹; 20 by default.
    #[must_use]
    pub fn min_rows(mut self, min_rows: usize) -> Self {
        self.0.min_rows = min_rows;
        self
    }

    /// The trainer with these hyper-parameters.
    ///
    /// # Errors
    /// [`LinfaTreeError`] for the first one out of range.
    pub fn check(self) -> Result<LinfaTree, LinfaTreeError> {
        let params = self.0;
        if !(1..=32).contains(&params.max_depth) {
            let got = params.max_depth;
            return Err(LinfaTreeError::MaxDepth { got });
        }
        if !(1..=1_000_000).contains(&params.min_samples_leaf) {
            let got = params.min_samples_leaf;
            return Err(LinfaTreeError::MinSamplesLeaf { got });
        }
        if !(1e-12..=1.0).contains(&params.min_impurity_decrease) {
            let got = params.min_impurity_decrease;
            return Err(LinfaTreeError::MinImpurityDecrease { got });
        }
        if !(2..=1_000_000_000).contains(&params.min_rows) {
            let got = params.min_rows;
            return Err(LinfaTreeError::MinRows { got });
        }
        Ok(params)
    }
}

/// A hyper-parameter of a [`LinfaTree`] that is out of range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinfaTreeError {
    /// The depth.
    #[error("max_depth: expected a whole number from 1 to 32, got {got}")]
    MaxDepth {
        /// The value given.
        got: usize,
    },
    /// The smallest leaf.
    #[error("min_samples_leaf: expected a whole number from 1 to 1000000, got {got}")]
    MinSamplesLeaf {
        /// The value given.
        got: usize,
    },
    /// The smallest gain of a split.
    #[error("min_impurity_decrease: expected a number from 1e-12 to 1, got {got}")]
    MinImpurityDecrease {
        /// The value given.
        got: f64,
    },
    /// The smallest data set.
    #[error("min_rows: expected a whole number from 2 to 1000000000, got {got}")]
    MinRows {
        /// The value given.
        got: usize,
    },
}

impl LinfaTree {
    /// The format's name in [`ModelFormats`](crate::train::ModelFormats).
    pub const FORMAT: &'static str = NAME;

    /// The default hyper-parameters, to be changed.
    #[must_use]
    pub fn params() -> LinfaTreeParams {
        LinfaTreeParams(Self::default())
    }

    /// Reads a model from its JSON, every node checked.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &serde_json::Value) -> Result<Arc<dyn Model>, FormatError> {
        // It is the format under which the model is saved again.
        let estimator = json.get("estimator").and_then(serde_json::Value::as_str);
        if let Some(other) = estimator.filter(|estimator| *estimator != NAME) {
            let fault = format!("linfa tree: expected the estimator {NAME:?}, got {other:?}");
            return Err(fault.into());
        }
        // Checked before the trial prediction of `LinfaModel` walks the tree.
        let fitted = json.get("fitted").unwrap_or(&serde_json::Value::Null);
        let n_features = json.get("n_features").and_then(serde_json::Value::as_u64);
        let n_classes = json.get("n_classes").and_then(serde_json::Value::as_u64);
        let tree = Tree::deserialize(fitted).map_err(|error| format!("linfa tree: {error}"))?;
        check_nodes(&tree, n_features.unwrap_or(0), n_classes.unwrap_or(0))?;
        LinfaModel::<Tree, usize>::read(json)
    }

    fn trainer(&self) -> LinfaTrainer<Tree, usize> {
        let quality = if self.entropy {
            SplitQuality::Entropy
        } else {
            SplitQuality::Gini
        };
        let params = Tree::params()
            .max_depth(Some(self.max_depth))
            .min_weight_leaf(self.min_samples_leaf as f32)
            .min_impurity_decrease(self.min_impurity_decrease)
            .split_quality(quality);
        LinfaTrainer::from_fn(NAME, self.hyper_parameters(), move |data| {
            params.check_ref()?.fit(data)
        })
        .min_rows(self.min_rows)
    }
}

fn check_nodes(tree: &Tree, n_features: u64, n_classes: u64) -> Result<(), String> {
    for node in tree.iter_nodes() {
        match node.prediction() {
            Some(class) if class as u64 >= n_classes => {
                return Err(format!(
                    "linfa tree: a leaf predicts class {class} of {n_classes}"
                ));
            }
            Some(_) => {}
            None => {
                let (feature, threshold, _) = node.split();
                let children = node
                    .children()
                    .iter()
                    .filter(|child| child.is_some())
                    .count();
                if feature as u64 >= n_features || !threshold.is_finite() || children != 2 {
                    return Err(format!(
                        "linfa tree: a node splits feature {feature} of {n_features} at \
                         {threshold} into {children} children"
                    ));
                }
            }
        }
    }
    Ok(())
}

impl Trainer for LinfaTree {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({
            "max_depth": self.max_depth,
            "min_samples_leaf": self.min_samples_leaf,
            "min_impurity_decrease": self.min_impurity_decrease,
            "criterion": if self.entropy { "entropy" } else { "gini" },
            "min_rows": self.min_rows,
        })
    }

    /// Not reproducible; see above.
    fn guarantees(&self) -> Guarantees {
        Guarantees {
            reproducible: false,
            ..Guarantees::default()
        }
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        self.trainer().fit(data)
    }
}
