//! A tree while it grows: what it is so far, what it asks of the rows next, and how their answer
//! takes it on.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::edges::Edges;
use super::model::{Node, Tree};
use super::params::Limits;
use super::random::{Shuffle, draw};
use super::split::{Best, Cut, class_totals, purity, total};

/// The most counts that a tree asks for in one round, unless a single node needs more. Levels of
/// more nodes take several rounds, so that no answer outgrows memory.
const MOST_COUNTS: usize = 1 << 20;

/// What all trees of a forest share.
pub(super) struct Plan<'a> {
    pub(super) edges: &'a [Edges],
    pub(super) n_classes: usize,
    pub(super) limits: Limits,
}

/// A tree while it grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Growing {
    /// What its bootstrap and its features are drawn by.
    pub(super) key: u64,
    /// Whether rows are weighted at random.
    pub(super) bootstrap: bool,
    pub(super) nodes: Vec<Grown>,
    /// Samples of each class, node by node; empty before the root has been counted.
    pub(super) counts: Vec<u32>,
    /// Leaves that may be split yet.
    pub(super) open: VecDeque<Open>,
}

/// A node of a growing tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grown {
    /// 0 for the root.
    pub(super) parent: u32,
    /// How it was split; `None` for a leaf.
    pub(super) split: Option<Split>,
}

/// A split of a node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    pub(super) feature: u32,
    /// The last bin that goes left and has rows in the node.
    pub(super) below: u8,
    /// The first bin that goes right and has rows in the node.
    pub(super) above: u8,
    /// The left child; the right one is the next node.
    pub(super) child: u32,
    /// By how much the Gini impurity decreases, times the samples.
    pub(super) decrease: f64,
}

/// A leaf that may be split yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    pub(super) node: u32,
    pub(super) depth: u32,
    /// What its features are drawn by: a function of seed, tree and the path from the root.
    pub(super) key: u64,
    /// Features drawn so far, none of which can split it.
    pub(super) drawn: u32,
}

/// The features of a node whose classes per bin are asked for.
pub(super) struct Question {
    pub(super) node: usize,
    /// Those that vary, as drawn.
    pub(super) features: Vec<Drawn>,
    /// Features drawn when these have been looked at.
    drawn: usize,
}

/// A feature, and as which one, counted from 0, it was drawn.
#[derive(Clone, Copy)]
pub(super) struct Drawn {
    place: usize,
    pub(super) feature: usize,
}

impl Plan<'_> {
    /// Counts in the answer about this feature at one node.
    fn n_counts(&self, feature: usize) -> usize {
        self.edges[feature].len() * self.n_classes
    }

    /// The features that are looked at next. At first they are as many as the parameters say. Each
    /// time none of them can split the node, as many are drawn again, until there is one that
    /// varies.
    fn question(&self, open: &Open, order: &mut [u32]) -> Question {
        let first = open.drawn as usize;
        let up_to = match first {
            0 => self.limits.max_features,
            first => 2 * first,
        };
        let mut features = Vec::new();
        let mut drawn = first;
        let draws = Shuffle::new(order, open.key).enumerate().skip(first);
        for (place, feature) in draws {
            if place >= up_to && !features.is_empty() {
                break;
            }
            if self.edges[feature].len() > 1 {
                features.push(Drawn { place, feature });
            }
            drawn = place + 1;
        }
        Question {
            node: open.node as usize,
            features,
            drawn,
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

impl Growing {
    /// A root that has not been counted.
    pub(super) fn new(key: u64, bootstrap: bool) -> Self {
        let root = Open {
            node: 0,
            depth: 0,
            key: draw(draw(key, u64::MAX), 0),
            drawn: 0,
        };
        Self {
            key,
            bootstrap,
            nodes: vec![Grown {
                parent: 0,
                split: None,
            }],
            counts: Vec::new(),
            open: [root].into(),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// What it asks of the rows in this round.
    pub(super) fn questions(&self, plan: &Plan<'_>) -> Vec<Question> {
        let mut order = vec![0; plan.edges.len()];
        let mut questions = Vec::new();
        let mut n_counts = 0;
        for open in &self.open {
            let question = plan.question(open, &mut order);
            let features = question.features.iter();
            n_counts += features.map(|f| plan.n_counts(f.feature)).sum::<usize>();
            if n_counts > MOST_COUNTS && !questions.is_empty() {
                break;
            }
            questions.push(question);
        }
        questions
    }

    /// Splits nodes as the counts say, which answer the tree's questions in their order. `None` if
    /// they do not; then the tree must not be used any more.
    pub(super) fn step(&mut self, plan: &Plan<'_>, counts: &[u32]) -> Option<()> {
        let mut rest = counts;
        let mut best = Best::new(plan.n_classes);
        for question in self.questions(plan) {
            let open = self.open.pop_front()?;
            best.cut = None;
            let mut can_split = true;
            for Drawn { place, feature } in question.features {
                let cells = rest.split_off(..plan.n_counts(feature))?;
                let totals = class_totals(cells, plan.n_classes)?;
                if self.counts.is_empty() {
                    self.counts = totals;
                    can_split = plan.can_split(&self.counts, 0);
                } else if totals != self.counts_of(question.node) {
                    return None;
                }
                let is_enough = place >= plan.limits.max_features && best.cut.is_some();
                if can_split && !is_enough {
                    let counts = self.counts_of(question.node);
                    best.look_at(feature, cells, counts, plan.limits.min_samples_leaf);
                }
            }
            if self.counts.iter().all(|&count| count == 0) {
                // The bootstrap has left out every one of a few rows: all of them count then.
                if !std::mem::take(&mut self.bootstrap) {
                    return None;
                }
                self.counts.clear();
                self.open.push_back(open);
                continue;
            }
            match best.cut {
                Some(cut) => self.split(plan, &open, cut, &best.left),
                None if can_split && question.drawn < plan.edges.len() => {
                    let drawn = question.drawn as u32;
                    self.open.push_back(Open { drawn, ..open });
                }
                None => {}
            }
        }
        rest.is_empty().then_some(())
    }

    /// Samples of each class in a node.
    fn counts_of(&self, node: usize) -> &[u32] {
        let n_classes = self.counts.len() / self.nodes.len();
        &self.counts[node * n_classes..][..n_classes]
    }

    /// Turns a leaf into a split with two leaves.
    fn split(&mut self, plan: &Plan<'_>, open: &Open, cut: Cut, left: &[u32]) {
        let node = open.node as usize;
        let (child, n_classes) = (self.nodes.len(), left.len());
        // Negative only by rounding.
        let decrease = (cut.purity - purity(self.counts_of(node))).max(0.0);
        self.counts.extend_from_slice(left);
        for (class, left) in left.iter().enumerate() {
            let all = self.counts[node * n_classes + class];
            self.counts.push(all - left);
        }
        self.nodes[node].split = Some(Split {
            feature: cut.feature as u32,
            below: cut.below,
            above: cut.above,
            child: child as u32,
            decrease,
        });
        let depth = open.depth + 1;
        for (child, counter) in [(child, u64::MAX - 1), (child + 1, u64::MAX)] {
            self.nodes.push(Grown {
                parent: open.node,
                split: None,
            });
            let counts = &self.counts[child * n_classes..][..n_classes];
            if plan.can_split(counts, depth as usize) {
                self.open.push_back(Open {
                    node: child as u32,
                    depth,
                    key: draw(open.key, counter),
                    drawn: 0,
                });
            }
        }
    }

    /// The tree, its nodes in the order of a walk that goes left first, and by how much each
    /// feature decreased the impurity: the sum is 1, or 0 for a leaf.
    pub(super) fn finish(&self, plan: &Plan<'_>) -> (Tree, Vec<f64>) {
        let mut importances = vec![0.0; plan.edges.len()];
        let mut nodes = vec![Node::LEAF];
        // For each node in the new order its number in the old one.
        let mut numbers = vec![0];
        let mut ahead = vec![0];
        while let Some(at) = ahead.pop() {
            let Some(split) = self.nodes[numbers[at]].split else {
                continue;
            };
            let feature = split.feature as usize;
            let edges = &plan.edges[feature];
            importances[feature] += split.decrease;
            let (child, old_child) = (nodes.len(), split.child as usize);
            nodes[at] = Node {
                threshold: edges.threshold(split.below.into(), split.above.into()),
                feature: split.feature,
                child: child as u32,
            };
            nodes.extend([Node::LEAF; 2]);
            numbers.extend([old_child, old_child + 1]);
            ahead.extend([child + 1, child]);
        }
        let (mut probabilities, mut cover) = (Vec::new(), Vec::new());
        let mut n_leaves = 0;
        for (node, number) in nodes.iter_mut().zip(numbers) {
            if node.child == 0 {
                let counts = self.counts_of(number);
                let n_samples = total(counts);
                let shares = counts
                    .iter()
                    .map(|&count| f64::from(count) / n_samples as f64);
                probabilities.extend(shares);
                // Counts of all rows together stay below 2³².
                cover.push(n_samples as u32);
                node.feature = n_leaves;
                n_leaves += 1;
            }
        }
        normalise(&mut importances);
        // Weights that are all twice as large give the same tree.
        let unit = cover.iter().copied().fold(0, common_divisor).max(1);
        cover.iter_mut().for_each(|samples| *samples /= unit);
        let tree = Tree {
            nodes,
            probabilities,
            cover,
        };
        (tree, importances)
    }
}

/// The greatest common divisor; that of 0 and another number is the other one.
fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
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
