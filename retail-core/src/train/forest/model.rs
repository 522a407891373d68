use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::growing::normalise;
use super::params::{DEEPEST, MOST_TREES};
use super::saved::SavedForest;
use super::shapley::Covered;
use super::walk::{BLOCK, LEAST, Prepared};
use crate::train::{Contributions, FormatError, Model, PredictError, Prediction, Scale};

/// A trained random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SavedForest", into = "SavedForest")]
pub struct ForestModel {
    pub(super) n_features: usize,
    pub(super) n_classes: usize,
    pub(super) importances: Vec<f64>,
    pub(super) trees: Vec<Tree>,
    pub(super) prepared: Prepared,
}

/// A tree: node 0 is the root, children come after their parent, and every index is in range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Leaf by leaf, in the order of their nodes, the probability of each class.
    pub(super) probabilities: Vec<f64>,
    /// Leaf by leaf, the sum of the weights of its training rows, in the largest unit in which all are whole;
    /// none if that is not known.
    pub(super) cover: Vec<u32>,
}

/// A split, or a leaf if `child` is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    /// The largest value that goes left.
    pub(super) threshold: f64,
    /// The feature of a split, the number of a leaf.
    pub(super) feature: u32,
    /// The left child; the right one is the next.
    pub(super) child: u32,
}

impl Node {
    pub(super) const LEAF: Self = Self {
        threshold: 0.0,
        feature: 0,
        child: 0,
    };
}

/// Rows that walk down a tree side by side: while one waits for its node, others go on.
const LANES: usize = 8;

impl Tree {
    /// The number of steps from the root to the deepest leaf.
    pub(super) fn depth(&self) -> usize {
        let mut depths = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            if node.child != 0 {
                // Children come after their parent.
                let child = node.child as usize;
                depths[child] = depths[index] + 1;
                depths[child + 1] = depths[index] + 1;
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The leaf of a row.
    fn leaf(&self, row: &[f64]) -> usize {
        let mut node = &self.nodes[0];
        while node.child != 0 {
            let goes_right = row[node.feature as usize] > node.threshold;
            node = &self.nodes[node.child as usize + usize::from(goes_right)];
        }
        node.feature as usize
    }

    /// The leaves of rows, the features of which lie row by row in `rows`, `n_features` each; the
    /// tree has no leaf below `depth`.
    pub(super) fn leaves(
        &self,
        rows: &[f64],
        n_features: usize,
        depth: usize,
        leaves: &mut [usize],
    ) {
        let (groups, rest) = leaves.as_chunks_mut::<LANES>();
        let (heads, tail) = rows.split_at(groups.len() * LANES * n_features);
        for (leaves, rows) in groups
            .iter_mut()
            .zip(heads.chunks_exact(LANES * n_features))
        {
            let mut at = [0_usize; LANES];
            for _ in 0..depth {
                for (lane, at) in at.iter_mut().enumerate() {
                    let node = &self.nodes[*at];
                    let is_split = node.child != 0;
                    // At a leaf, any feature will do: the row stays where it is.
                    let feature = if is_split { node.feature as usize } else { 0 };
                    let goes_right = rows[lane * n_features + feature] > node.threshold;
                    let next = node.child as usize + usize::from(goes_right);
                    *at = if is_split { next } else { *at };
                }
            }
            for (leaf, at) in leaves.iter_mut().zip(at) {
                *leaf = self.nodes[at].feature as usize;
            }
        }
        for (leaf, row) in rest.iter_mut().zip(tail.chunks_exact(n_features)) {
            *leaf = self.leaf(row);
        }
    }
}

impl ForestModel {
    /// The format under which models of this kind are saved.
    pub const FORMAT: &'static str = "forest";

    /// The number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The number of trees.
    #[must_use]
    pub fn n_trees(&self) -> usize {
        self.trees.len()
    }

    /// The importance of each feature, `(n_features,)`: the share of the decrease in Gini impurity
    /// that splits in it brought, averaged over the trees (Breiman's "mean decrease in impurity").
    /// The sum is 1, or 0 for a forest without a split.
    #[must_use]
    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// The forest of the trees of both, which may have learned from different rows: a row's probabilities
    /// and the importances are means over all trees.
    ///
    /// # Errors
    /// What is wrong, if features or classes differ in number, or the trees are too many.
    pub fn merge(&self, other: &Self) -> Result<Self, String> {
        let (own, their) = (self.n_features, other.n_features);
        if own != their {
            return Err(format!("expected a forest of {own} features, got {their}"));
        }
        let (own, their) = (self.n_classes, other.n_classes);
        if own != their {
            return Err(format!("expected a forest of {own} classes, got {their}"));
        }
        let n_trees = self.trees.len() + other.trees.len();
        if n_trees > MOST_TREES {
            return Err(format!(
                "expected at most {MOST_TREES} trees in all, got {n_trees}"
            ));
        }
        let pairs = self.importances.iter().zip(&other.importances);
        let sums = pairs
            .map(|(own, their)| own * self.trees.len() as f64 + their * other.trees.len() as f64);
        let mut importances: Vec<f64> = sums.collect();
        normalise(&mut importances);
        Ok(Self {
            importances,
            trees: [self.trees.as_slice(), &other.trees].concat(),
            prepared: Prepared::default(),
            ..*self
        })
    }

    /// The mean over the trees of the probabilities at each row's leaf.
    fn probabilities(&self, features: &ArrayView2<'_, f64>) -> Array2<f64> {
        let mut answer = Array2::zeros((features.nrows(), self.n_classes));
        // In standard layout there is always a slice.
        let sums = answer.as_slice_mut().unwrap_or_default();
        if features.nrows() < LEAST {
            self.add_row_by_row(features, sums);
        } else {
            self.add_by_blocks(features, sums);
        }
        answer /= self.trees.len() as f64;
        answer
    }

    fn add_row_by_row(&self, features: &ArrayView2<'_, f64>, sums: &mut [f64]) {
        let rows = features.as_standard_layout();
        for tree in &self.trees {
            let leaves: Vec<usize> = rows
                .outer_iter()
                .map(|row| tree.leaf(row.as_slice().unwrap_or_default()))
                .collect();
            self.add(&leaves, tree, sums);
        }
    }

    fn add_by_blocks(&self, features: &ArrayView2<'_, f64>, sums: &mut [f64]) {
        let walks = self.prepared.of(&self.trees, self.n_features);
        let mut block = walks.block();
        let mut leaves = [0; BLOCK];
        let blocks = features.axis_chunks_iter(Axis(0), BLOCK);
        for (rows, sums) in blocks.zip(sums.chunks_mut(BLOCK * self.n_classes)) {
            let leaves = &mut leaves[..rows.nrows()];
            walks.read(rows, &mut block);
            for (index, tree) in self.trees.iter().enumerate() {
                walks.leaves(index, tree, &block, leaves);
                self.add(leaves, tree, sums);
            }
        }
    }

    /// Adds the probabilities at the leaves of some rows to their sums.
    fn add(&self, leaves: &[usize], tree: &Tree, sums: &mut [f64]) {
        match self.n_classes {
            2 => add::<2>(leaves, &tree.probabilities, sums),
            3 => add::<3>(leaves, &tree.probabilities, sums),
            4 => add::<4>(leaves, &tree.probabilities, sums),
            n_classes => {
                for (&leaf, sums) in leaves.iter().zip(sums.chunks_exact_mut(n_classes)) {
                    let probabilities = &tree.probabilities[leaf * n_classes..];
                    for (sum, probability) in sums.iter_mut().zip(probabilities) {
                        *sum += probability;
                    }
                }
            }
        }
    }
}

/// Adds the probabilities at the leaves of some rows to their sums, for so many classes.
fn add<const CLASSES: usize>(leaves: &[usize], probabilities: &[f64], sums: &mut [f64]) {
    let (probabilities, _) = probabilities.as_chunks::<CLASSES>();
    let (sums, _) = sums.as_chunks_mut::<CLASSES>();
    for (&leaf, sums) in leaves.iter().zip(sums) {
        for (sum, probability) in sums.iter_mut().zip(&probabilities[leaf]) {
            *sum += probability;
        }
    }
}

impl Model for ForestModel {
    fn format(&self) -> &str {
        Self::FORMAT
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn steps_per_row(&self) -> usize {
        self.trees.len() * (DEEPEST + self.n_classes)
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features)?;
        Ok(Prediction::Probabilities(self.probabilities(&features)))
    }

    /// Contributions to the probability of each class, by the rows that each split had in training: those of
    /// [shap](https://shap.readthedocs.io)'s `TreeExplainer` with `feature_perturbation="tree_path_dependent"`.
    /// `None` for forests of early versions, which do not know their rows.
    fn contributions(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Contributions>, PredictError> {
        PredictError::check(&features, self.n_features)?;
        let trees: Option<Vec<Covered<'_>>> = self.trees.iter().map(Covered::of).collect();
        let Some(trees) = trees else {
            return Ok(None);
        };
        let mut base = Array1::zeros(self.n_classes);
        let mut values = Array3::zeros((features.nrows(), self.n_classes, self.n_features));
        for tree in &trees {
            // In standard layout there is always a slice.
            tree.add_base(self.n_classes, base.as_slice_mut().unwrap_or_default());
        }
        let rows = features.as_standard_layout();
        for (row, mut sums) in rows.outer_iter().zip(values.outer_iter_mut()) {
            let row = row.as_slice().unwrap_or_default();
            let sums = sums.as_slice_mut().unwrap_or_default();
            for tree in &trees {
                tree.add(row, self.n_classes, sums);
            }
        }
        let n_trees = self.trees.len() as f64;
        base /= n_trees;
        values /= n_trees;
        Ok(Some(Contributions {
            scale: Scale::Probability,
            base,
            values,
        }))
    }

    fn steps_to_explain_row(&self) -> usize {
        let way = |tree: &Tree| tree.depth().min(self.n_features) + 1;
        let steps = |tree: &Tree| {
            let (nodes, way) = (tree.nodes.len(), way(tree));
            nodes * way * (way + self.n_classes)
        };
        self.trees.iter().map(steps).fold(0, usize::saturating_add)
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        Ok(serde_json::to_value(self)?)
    }
}

/// Reads a forest, as [`ModelFormats`](crate::train::ModelFormats) wants it.
///
/// ```
/// use retail_core::train::{ForestModel, ModelFormats, read_forest};
/// let formats = ModelFormats::empty().with(ForestModel::FORMAT, read_forest);
/// let error = formats.read("forest", &serde_json::json!({"trees": []})).unwrap_err();
/// assert_eq!(error.to_string(), "missing field `n_features`");
/// ```
///
/// # Errors
/// What is wrong, if the JSON is not a forest or its trees could not be walked safely.
pub fn read_forest(json: &Value) -> Result<Arc<dyn Model>, FormatError> {
    match ForestModel::deserialize(json) {
        Ok(model) => Ok(Arc::new(model)),
        Err(error) => Err(error.into()),
    }
}
