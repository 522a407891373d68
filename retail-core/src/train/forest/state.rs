use serde::{Deserialize, Serialize};

use super::edges::Edges;
use super::entry::MAX_CLASSES;
use super::growing::{Growing, Plan};
use super::params::Limits;
use super::spread::Spread;
use crate::train::rounds::Head;

/// What the rows are told in a round of a forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForestState(pub(super) Told);

/// What the rows answer in a round of a forest: counts of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForestPartial(pub(super) Answer);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// Nothing: they are asked how their values are spread.
    Begin(Head),
    /// The bins and the trees so far: they are asked for the classes in each bin.
    Grow(Growth),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// In the first round.
    Spread(Spread),
    /// In every other round, tree by tree; empty for no rows.
    Counts(Vec<Vec<u32>>),
}

/// A forest while it grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Growth {
    pub(super) head: Head,
    /// The bins of each feature.
    pub(super) edges: Vec<Edges>,
    pub(super) trees: Vec<Growing>,
}

impl Growth {
    pub(super) fn plan(&self, limits: Limits) -> Plan<'_> {
        Plan {
            edges: &self.edges,
            n_classes: self.head.task.n_classes(),
            limits,
        }
    }

    /// Whether it can be used without a panic and without an end: states come from elsewhere.
    pub(super) fn is_sound(&self, limits: Limits) -> bool {
        let n_classes = self.head.task.n_classes();
        (2..=MAX_CLASSES).contains(&n_classes)
            && self.edges.len() == self.head.n_features
            && self.edges.iter().any(|edges| edges.len() > 1)
            && !self.trees.is_empty()
            && self.trees.iter().all(|tree| {
                let plan = self.plan(limits);
                is_sound(tree, &plan)
            })
    }
}

/// Whether every index of a tree is in range, each node but the root is the child of one earlier
/// node, and the counts of children sum to those of their parent.
fn is_sound(tree: &Growing, plan: &Plan<'_>) -> bool {
    let (n_nodes, n_classes) = (tree.nodes.len(), plan.n_classes);
    let splits = || {
        tree.nodes
            .iter()
            .enumerate()
            .filter_map(|(at, node)| Some((at, node.split?)))
    };
    if n_nodes == 0 || n_nodes != 2 * splits().count() + 1 {
        return false;
    }
    let is_counted = !tree.counts.is_empty();
    if tree.counts.len() != if is_counted { n_nodes * n_classes } else { 0 } {
        return false;
    }
    if !is_counted && (n_nodes > 1 || tree.open.len() != 1) {
        return false;
    }
    let counts = |node: usize| &tree.counts[node * n_classes..][..n_classes];
    let splits_are_sound = splits().all(|(at, split)| {
        let (feature, child) = (split.feature as usize, split.child as usize);
        let own_children = (child..=child + 1)
            .all(|child| child > at && child < n_nodes && tree.nodes[child].parent as usize == at);
        own_children
            && feature < plan.edges.len()
            && split.below < split.above
            && usize::from(split.above) < plan.edges[feature].len()
            && split.decrease.is_finite()
            && split.decrease >= 0.0
            && counts(at)
                .iter()
                .zip(counts(child))
                .zip(counts(child + 1))
                .all(|((&all, &left), &right)| left.checked_add(right) == Some(all))
    });
    if !splits_are_sound {
        return false;
    }
    if (0..n_nodes).any(|node| is_counted && counts(node).iter().all(|&count| count == 0)) {
        return false;
    }
    let mut is_open = vec![false; n_nodes];
    tree.open.iter().all(|open| {
        let node = open.node as usize;
        node < n_nodes
            && tree.nodes[node].split.is_none()
            && !std::mem::replace(&mut is_open[node], true)
            && (open.depth as usize) < plan.limits.max_depth
            && (open.drawn as usize) < plan.edges.len()
            && (is_counted || open.drawn == 0)
    })
}
