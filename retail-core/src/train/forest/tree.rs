use super::bins::Column;
use super::entry::{Bins, class, weight};
use super::model::{Node, Tree};
use super::params::Limits;
use super::random::{Shuffle, draw};
use super::split::{Best, Cut, Histogram, sum_of_squares, total};

/// What all trees of a forest share.
pub(super) struct Grower<'a, B> {
    pub(super) columns: &'a [Column],
    pub(super) bins: &'a B,
    pub(super) n_classes: usize,
    pub(super) limits: Limits,
}

/// The memory of one thread, used for one tree after the other.
pub(super) struct Scratch {
    /// The entries of the tree, in two copies: the rows of a node at an even depth are a range of
    /// the first, and its children share that range of the second, and the other way round.
    pub(super) entries: [Vec<u64>; 2],
    histogram: Histogram,
    features: Vec<u32>,
    best: Best,
    pending: Vec<Pending>,
}

/// A node that may yet be split.
struct Pending {
    node: usize,
    depth: usize,
    start: usize,
    end: usize,
    /// What its features are drawn by: a function of seed, tree and the path from the root.
    key: u64,
}

/// A tree, and by how much each feature decreased the impurity; the sum is 1, or 0 for a leaf.
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) importances: Vec<f64>,
}

/// A tree while it grows.
struct Growing {
    nodes: Vec<Node>,
    /// Samples of each class, node by node.
    counts: Vec<u32>,
    importances: Vec<f64>,
}

impl Scratch {
    pub(super) fn new(n_rows: usize, n_features: usize, n_classes: usize) -> Self {
        Self {
            entries: [vec![0; n_rows], vec![0; n_rows]],
            histogram: Histogram::new(n_classes),
            features: vec![0; n_features],
            best: Best::new(n_classes),
            pending: Vec::new(),
        }
    }
}

impl<B: Bins> Grower<'_, B> {
    /// Grows a tree on the first `filled` entries of `scratch`, at least one.
    pub(super) fn grow(&self, scratch: &mut Scratch, filled: usize, key: u64) -> Grown {
        let mut counts = vec![0; self.n_classes];
        for &entry in &scratch.entries[0][..filled] {
            counts[class(entry)] += weight(entry);
        }
        let mut tree = Growing {
            nodes: vec![Node::LEAF],
            counts,
            importances: vec![0.0; self.columns.len()],
        };
        self.queue(
            scratch,
            &tree,
            Pending {
                node: 0,
                depth: 0,
                start: 0,
                end: filled,
                key: draw(key, 0),
            },
        );
        while let Some(node) = scratch.pending.pop() {
            if let Some(cut) = self.best_cut(scratch, tree.counts_of(node.node), &node) {
                let threshold = self.columns[cut.feature]
                    .edges
                    .threshold(cut.below.into(), cut.above.into());
                let child = tree.split(node.node, cut, threshold, &scratch.best.left);
                self.split(scratch, &tree, &node, child, cut);
            }
        }
        tree.finish(self.n_classes)
    }

    /// The best cut of a node in the features drawn for it; leaves the samples on its left in
    /// `scratch.best`.
    fn best_cut(&self, scratch: &mut Scratch, counts: &[u32], node: &Pending) -> Option<Cut> {
        let entries = &scratch.entries[node.depth % 2][node.start..node.end];
        scratch.best.cut = None;
        let features = Shuffle::new(&mut scratch.features, node.key);
        for (drawn, feature) in features.enumerate() {
            if drawn >= self.limits.max_features && scratch.best.cut.is_some() {
                break;
            }
            let edges = &self.columns[feature].edges;
            if edges.len() < 2 {
                continue;
            }
            let bin = self.bins.of(feature);
            scratch.histogram.count(entries, edges.len(), bin);
            scratch.best.look_at(
                feature,
                &scratch.histogram,
                edges,
                counts,
                self.limits.min_samples_leaf,
            );
        }
        scratch.best.cut
    }

    /// Moves the entries of a node to its children, `child` and the one after it.
    fn split(&self, scratch: &mut Scratch, tree: &Growing, node: &Pending, child: usize, cut: Cut) {
        let depth = node.depth + 1;
        if !self.can_split(tree.counts_of(child), depth)
            && !self.can_split(tree.counts_of(child + 1), depth)
        {
            return;
        }
        let [even, odd] = &mut scratch.entries;
        let (from, to) = if node.depth.is_multiple_of(2) {
            (even, odd)
        } else {
            (odd, even)
        };
        let from = &from[node.start..node.end];
        let to = &mut to[node.start..node.end];
        let middle = node.start + partition(from, to, self.bins.of(cut.feature), cut.below);
        self.queue(
            scratch,
            tree,
            Pending {
                node: child + 1,
                depth,
                start: middle,
                end: node.end,
                key: draw(node.key, u64::MAX),
            },
        );
        self.queue(
            scratch,
            tree,
            Pending {
                node: child,
                depth,
                start: node.start,
                end: middle,
                key: draw(node.key, u64::MAX - 1),
            },
        );
    }

    fn queue(&self, scratch: &mut Scratch, tree: &Growing, node: Pending) {
        if self.can_split(tree.counts_of(node.node), node.depth) {
            scratch.pending.push(node);
        }
    }

    fn can_split(&self, counts: &[u32], depth: usize) -> bool {
        let limits = &self.limits;
        let n_samples = total(counts);
        depth < limits.max_depth
            && n_samples >= limits.min_samples_split
            && n_samples / 2 >= limits.min_samples_leaf
            && counts.iter().all(|&count| u64::from(count) < n_samples)
    }
}

/// Copies entries, those of bins up to `below` to the front and the others to the back of `to`,
/// which is as long; returns how many went to the front.
fn partition(from: &[u64], to: &mut [u64], bin: impl Fn(u64) -> u8, below: u8) -> usize {
    let mut front = 0;
    let mut back = to.len();
    for &entry in from {
        let goes_left = bin(entry) <= below;
        // Both ends are written and one of them moves: no branch to mispredict.
        to[front] = entry;
        to[back - 1] = entry;
        front += usize::from(goes_left);
        back -= usize::from(!goes_left);
    }
    front
}

impl Growing {
    fn counts_of(&self, node: usize) -> &[u32] {
        let n_classes = self.counts.len() / self.nodes.len();
        &self.counts[node * n_classes..][..n_classes]
    }

    /// Turns a leaf into a split with two leaves, the first of which it returns.
    fn split(&mut self, node: usize, cut: Cut, threshold: f64, left: &[u32]) -> usize {
        let (child, n_classes) = (self.nodes.len(), left.len());
        let counts = self.counts_of(node);
        let purity_before = sum_of_squares(counts.iter().copied()) / total(counts) as f64;
        // Never negative but for rounding.
        self.importances[cut.feature] += (cut.purity - purity_before).max(0.0);
        self.counts.extend_from_slice(left);
        for (class, left) in left.iter().enumerate() {
            let all = self.counts[node * n_classes + class];
            self.counts.push(all - left);
        }
        self.nodes[node] = Node {
            threshold,
            feature: cut.feature as u32,
            child: child as u32,
        };
        self.nodes.extend([Node::LEAF; 2]);
        child
    }

    fn finish(mut self, n_classes: usize) -> Grown {
        let mut probabilities = Vec::new();
        let mut n_leaves = 0;
        for (node, counts) in self
            .nodes
            .iter_mut()
            .zip(self.counts.chunks_exact(n_classes))
        {
            if node.child == 0 {
                let n_samples = total(counts) as f64;
                probabilities.extend(counts.iter().map(|&count| f64::from(count) / n_samples));
                node.feature = n_leaves;
                n_leaves += 1;
            }
        }
        normalise(&mut self.importances);
        Grown {
            tree: Tree {
                nodes: self.nodes,
                probabilities,
            },
            importances: self.importances,
        }
    }
}

/// Scales numbers so that their sum is 1, unless it is 0.
pub(super) fn normalise(numbers: &mut [f64]) {
    let sum: f64 = numbers.iter().sum();
    if sum > 0.0 {
        for number in numbers {
            *number /= sum;
        }
    }
}
