//! Trees filled up to complete ones, in which every leaf is at the same depth and the children of split `i`
//! are `2i + 1` and `2i + 2`.

use super::model::{Node, Tree};

/// The splits and leaves of a tree that is filled up.
#[derive(Debug)]
pub(super) struct Filled<Split> {
    pub(super) splits: Vec<Split>,
    /// The leaf of the tree, by place among the leaves of the complete one.
    pub(super) leaves: Vec<u32>,
}

impl<Split: Copy> Filled<Split> {
    /// Fills up a tree with no leaf below `depth` with splits that send all rows to the left.
    pub(super) fn of(
        tree: &Tree,
        depth: usize,
        to_the_left: Split,
        split: impl Fn(&Node) -> Split,
    ) -> Self {
        let n_splits = (1 << depth) - 1;
        let mut splits = vec![to_the_left; n_splits];
        let mut leaves = vec![0; n_splits + 1];
        let mut ahead = vec![(0, 0)];
        while let Some((at, place)) = ahead.pop() {
            let node = &tree.nodes[at];
            if place >= n_splits {
                leaves[place - n_splits] = node.feature;
            } else if node.child == 0 {
                ahead.push((at, 2 * place + 1));
            } else {
                splits[place] = split(node);
                let child = node.child as usize;
                ahead.extend([(child, 2 * place + 1), (child + 1, 2 * place + 2)]);
            }
        }
        Self { splits, leaves }
    }
}
