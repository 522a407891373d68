use serde::{Deserialize, Serialize};

use super::model::{ForestModel, Node, Tree};
use super::params::{DEEPEST, MOST_TREES};
use super::walk::Prepared;
use crate::train::{MOST_CLASSES, MOST_FEATURES};

/// A forest as it is saved.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedForest {
    n_features: usize,
    n_classes: usize,
    importances: Vec<f64>,
    trees: Vec<SavedTree>,
}

/// A tree as it is saved: of a leaf its probabilities and cover, none of a split.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTree {
    /// The left child of each node, the right one being the next; 0 for a leaf.
    child: Vec<u32>,
    /// The feature of each split.
    feature: Vec<u32>,
    /// The largest value that goes left, of each split.
    threshold: Vec<f64>,
    /// The probabilities of the classes, leaf by leaf.
    probability: Vec<f64>,
    /// The weights of the training rows, leaf by leaf. Forests of early versions have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cover: Vec<u32>,
}

impl From<ForestModel> for SavedForest {
    fn from(model: ForestModel) -> Self {
        Self {
            n_features: model.n_features,
            n_classes: model.n_classes,
            importances: model.importances,
            trees: model.trees.into_iter().map(SavedTree::from).collect(),
        }
    }
}

impl From<Tree> for SavedTree {
    fn from(tree: Tree) -> Self {
        let splits = || tree.nodes.iter().filter(|node| node.child != 0);
        Self {
            child: tree.nodes.iter().map(|node| node.child).collect(),
            feature: splits().map(|node| node.feature).collect(),
            threshold: splits().map(|node| node.threshold).collect(),
            probability: tree.probabilities,
            cover: tree.cover,
        }
    }
}

/// Why a saved forest is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum SavedError {
    #[error("a forest needs a feature, a class and a tree")]
    Empty,
    #[error(
        "expected at most {MOST_FEATURES} features, {MOST_CLASSES} classes and {MOST_TREES} trees, got \
         {n_features}, {n_classes} and {n_trees}"
    )]
    TooLarge {
        n_features: usize,
        n_classes: usize,
        n_trees: usize,
    },
    #[error("{n_features} features, importances of {got}")]
    Importances { n_features: usize, got: usize },
    #[error("importance {index}: expected a number from 0 to 1, got {got}")]
    Importance { index: usize, got: f64 },
    #[error("tree {tree}: {error}")]
    Tree { tree: usize, error: TreeError },
}

/// Why a saved tree is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    #[error("expected as many {list} as its nodes need, {needed}, got {got}")]
    Length {
        list: &'static str,
        needed: usize,
        got: usize,
    },
    #[error("node {node}: its left child must be a later node with another after it, got {child}")]
    Child { node: usize, child: usize },
    #[error("node {node} is not the child of exactly one node")]
    Shared { node: usize },
    #[error("split {split}: expected a feature below {n_features}, got {got}")]
    Feature {
        split: usize,
        n_features: usize,
        got: u32,
    },
    #[error("expected at most {DEEPEST} splits above a leaf, got {got}")]
    Depth { got: usize },
    #[error("split {split}: the threshold is not finite")]
    Threshold { split: usize },
    #[error("leaf {leaf}: expected probabilities from 0 to 1 that sum to 1, got {got:?}")]
    Probabilities { leaf: usize, got: Vec<f64> },
    #[error("leaf {leaf}: expected a cover of at least 1, got 0")]
    Cover { leaf: usize },
}

impl TryFrom<SavedForest> for ForestModel {
    type Error = SavedError;

    fn try_from(saved: SavedForest) -> Result<Self, SavedError> {
        let (n_features, n_classes) = (saved.n_features, saved.n_classes);
        if n_features == 0 || n_classes == 0 || saved.trees.is_empty() {
            return Err(SavedError::Empty);
        }
        let n_trees = saved.trees.len();
        if n_features > MOST_FEATURES || n_classes > MOST_CLASSES || n_trees > MOST_TREES {
            return Err(SavedError::TooLarge {
                n_features,
                n_classes,
                n_trees,
            });
        }
        let importances = saved.importances;
        if importances.len() != n_features {
            let got = importances.len();
            return Err(SavedError::Importances { n_features, got });
        }
        let wrong = |importance: &f64| !(0.0..=1.0 + ROUNDING).contains(importance);
        if let Some(index) = importances.iter().position(wrong) {
            let got = importances[index];
            return Err(SavedError::Importance { index, got });
        }
        let trees = saved.trees.into_iter().enumerate().map(|(index, tree)| {
            tree.check(n_features, n_classes)
                .map_err(|error| SavedError::Tree { tree: index, error })
        });
        Ok(Self {
            n_features,
            n_classes,
            importances,
            trees: trees.collect::<Result<_, _>>()?,
            prepared: Prepared::default(),
        })
    }
}

/// How far from 1 a sum of shares may be.
const ROUNDING: f64 = 1e-9;

impl SavedTree {
    fn check(self, n_features: usize, n_classes: usize) -> Result<Tree, TreeError> {
        let n_nodes = self.child.len();
        let n_splits = self.child.iter().filter(|&&child| child != 0).count();
        let n_leaves = n_nodes - n_splits;
        for (list, needed, got) in [
            ("nodes", 2 * n_splits + 1, n_nodes),
            ("features", n_splits, self.feature.len()),
            ("thresholds", n_splits, self.threshold.len()),
            (
                "probabilities",
                n_leaves.saturating_mul(n_classes),
                self.probability.len(),
            ),
        ] {
            if needed != got {
                return Err(TreeError::Length { list, needed, got });
            }
        }
        self.check_children()?;
        for (split, (&got, threshold)) in self.feature.iter().zip(&self.threshold).enumerate() {
            if got as usize >= n_features {
                return Err(TreeError::Feature {
                    split,
                    n_features,
                    got,
                });
            }
            if !threshold.is_finite() {
                return Err(TreeError::Threshold { split });
            }
        }
        for (leaf, shares) in self.probability.chunks_exact(n_classes).enumerate() {
            let legal = shares.iter().all(|share| (0.0..=1.0).contains(share))
                && (shares.iter().sum::<f64>() - 1.0).abs() <= ROUNDING;
            if !legal {
                let got = shares.to_vec();
                return Err(TreeError::Probabilities { leaf, got });
            }
        }
        if !self.cover.is_empty() {
            if self.cover.len() != n_leaves {
                let (list, needed, got) = ("cover", n_leaves, self.cover.len());
                return Err(TreeError::Length { list, needed, got });
            }
            if let Some(leaf) = self.cover.iter().position(|&cover| cover == 0) {
                return Err(TreeError::Cover { leaf });
            }
        }
        let tree = self.into_tree();
        match tree.depth() {
            0..=DEEPEST => Ok(tree),
            got => Err(TreeError::Depth { got }),
        }
    }

    /// Checks that each node but the root is the child of one earlier node, so that no walk from
    /// the root can leave the tree or go round in it.
    fn check_children(&self) -> Result<(), TreeError> {
        let mut has_parent = vec![false; self.child.len()];
        for (node, &child) in self
            .child
            .iter()
            .enumerate()
            .filter(|(_, child)| **child != 0)
        {
            let child = child as usize;
            let pair = has_parent.get_mut(child..child.saturating_add(2));
            let Some(pair) = pair.filter(|_| child > node) else {
                return Err(TreeError::Child { node, child });
            };
            for (offset, has_parent) in pair.iter_mut().enumerate() {
                if std::mem::replace(has_parent, true) {
                    let node = child + offset;
                    return Err(TreeError::Shared { node });
                }
            }
        }
        Ok(())
    }

    fn into_tree(self) -> Tree {
        let mut splits = self.feature.into_iter().zip(self.threshold);
        let mut leaves = 0..;
        let nodes = self.child.into_iter().map(|child| {
            let (feature, threshold) = if child == 0 {
                (leaves.next().unwrap_or(0), 0.0)
            } else {
                splits.next().unwrap_or((0, 0.0))
            };
            Node {
                threshold,
                feature,
                child,
            }
        });
        Tree {
            nodes: nodes.collect(),
            probabilities: self.probability,
            cover: self.cover,
        }
    }
}
