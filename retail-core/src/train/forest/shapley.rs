//! Shapley values of the features in one tree.
//!
//! The answer without some of the features is the mean over both sides of each split in one of them, weighted
//! by the training rows that went there (Lundberg, Erion and Lee, "Consistent individualized feature
//! attribution for tree ensembles", 2018, algorithm 2). It takes `leaves · depth²` steps for a row, not two to
//! the power of the features.

use super::model::Tree;

/// A tree with the weight of the training rows in each of its nodes.
#[derive(Debug)]
pub(super) struct Covered<'t> {
    tree: &'t Tree,
    cover: Vec<f64>,
}

/// A feature on the way from the root to a node.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// `None` for the root.
    feature: Option<usize>,
    /// The share of rows that go this way if the feature is not known.
    unknown: f64,
    /// 1 if the row goes this way, 0 if not.
    known: f64,
    /// The sum of the weights of subsets of the features before, by the size of the subset.
    weight: f64,
}

/// The features on the way, each once.
#[derive(Debug, Clone, Default)]
struct Path(Vec<Step>);

impl<'t> Covered<'t> {
    /// `None` if the tree does not know it.
    pub(super) fn of(tree: &'t Tree) -> Option<Self> {
        if tree.cover.is_empty() {
            return None;
        }
        let mut cover = vec![0.0; tree.nodes.len()];
        // Children come after their parent.
        for (at, node) in tree.nodes.iter().enumerate().rev() {
            cover[at] = if node.child == 0 {
                f64::from(*tree.cover.get(node.feature as usize)?)
            } else {
                let child = node.child as usize;
                cover[child] + cover[child + 1]
            };
        }
        Some(Self { tree, cover })
    }

    /// Adds the mean answer over the training rows.
    pub(super) fn add_base(&self, n_classes: usize, base: &mut [f64]) {
        for (node, cover) in self.tree.nodes.iter().zip(&self.cover) {
            if node.child == 0 {
                let probabilities = self.probabilities(node.feature as usize, n_classes);
                for (sum, probability) in base.iter_mut().zip(probabilities) {
                    *sum += probability * cover / self.cover[0];
                }
            }
        }
    }

    /// Adds what each feature of a row contributes, `[class * n_features + feature]`.
    pub(super) fn add(&self, row: &[f64], n_classes: usize, sums: &mut [f64]) {
        let root = Step {
            feature: None,
            unknown: 1.0,
            known: 1.0,
            weight: 1.0,
        };
        let mut ahead = vec![(0, Path::default(), root)];
        while let Some((at, mut path, step)) = ahead.pop() {
            path.extend(step);
            let node = &self.tree.nodes[at];
            if node.child == 0 {
                self.add_leaf(node.feature as usize, &path, row.len(), n_classes, sums);
                continue;
            }
            let feature = node.feature as usize;
            // A feature that was asked before counts once, with all its splits.
            let before = path.0.iter().position(|step| step.feature == Some(feature));
            let (unknown, known) = match before {
                Some(index) => path.take(index),
                None => (1.0, 1.0),
            };
            let child = node.child as usize;
            let goes_right = row[feature] > node.threshold;
            for (child, is_ahead) in [(child, !goes_right), (child + 1, goes_right)] {
                let step = Step {
                    feature: Some(feature),
                    unknown: unknown * self.cover[child] / self.cover[at],
                    known: if is_ahead { known } else { 0.0 },
                    weight: 0.0,
                };
                ahead.push((child, path.clone(), step));
            }
        }
    }

    fn add_leaf(
        &self,
        leaf: usize,
        path: &Path,
        n_features: usize,
        n_classes: usize,
        sums: &mut [f64],
    ) {
        let probabilities = self.probabilities(leaf, n_classes);
        for (index, step) in path.0.iter().enumerate() {
            let Some(feature) = step.feature else {
                continue;
            };
            let share = path.weight_without(index) * (step.known - step.unknown);
            for (class, probability) in probabilities.iter().enumerate() {
                sums[class * n_features + feature] += share * probability;
            }
        }
    }

    fn probabilities(&self, leaf: usize, n_classes: usize) -> &[f64] {
        &self.tree.probabilities[leaf * n_classes..][..n_classes]
    }
}

impl Path {
    /// Adds a feature, and all subsets with and without it.
    fn extend(&mut self, step: Step) {
        let length = self.0.len();
        let weight = if length == 0 { 1.0 } else { 0.0 };
        self.0.push(Step { weight, ..step });
        let all = (length + 1) as f64;
        for i in (0..length).rev() {
            let weight = self.0[i].weight;
            self.0[i + 1].weight += step.known * weight * (i + 1) as f64 / all;
            self.0[i].weight = step.unknown * weight * (length - i) as f64 / all;
        }
    }

    /// Undoes what [`Path::extend`] did for a feature: its shares.
    fn take(&mut self, index: usize) -> (f64, f64) {
        let Step { unknown, known, .. } = self.0[index];
        let last = self.0.len() - 1;
        let all = (last + 1) as f64;
        let mut next = self.0[last].weight;
        for i in (0..last).rev() {
            let weight = self.0[i].weight;
            let rest = (last - i) as f64;
            if known == 0.0 {
                self.0[i].weight = weight * all / (unknown * rest);
            } else {
                self.0[i].weight = next * all / ((i + 1) as f64 * known);
                next = weight - self.0[i].weight * unknown * rest / all;
            }
        }
        // Weights are by size: only the features move up.
        for i in index..last {
            let weight = self.0[i].weight;
            self.0[i] = Step {
                weight,
                ..self.0[i + 1]
            };
        }
        self.0.pop();
        (unknown, known)
    }

    /// The sum of the weights if a feature were not there.
    fn weight_without(&self, index: usize) -> f64 {
        let Step { unknown, known, .. } = self.0[index];
        let last = self.0.len() - 1;
        let (mut next, mut sum) = (self.0[last].weight, 0.0);
        for i in (0..last).rev() {
            let rest = (last - i) as f64;
            if known == 0.0 {
                sum += self.0[i].weight / (unknown * rest);
            } else {
                let weight = next / ((i + 1) as f64 * known);
                sum += weight;
                next = self.0[i].weight - weight * unknown * rest;
            }
        }
        sum * (last + 1) as f64
    }
}
