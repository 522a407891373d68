//! Trees filled up with splits that send all rows to the left: every leaf is at the same depth, and the
//! children of node `i` are `2i + 1` and `2i + 2`. So a walk looks up nothing but splits.

use super::model::Tree;
use super::walk::BLOCK;

/// Rows that walk down a tree side by side: while one waits for its node, others go on.
const LANES: usize = 8;
/// The deepest trees that are filled up: their splits fit into the cache.
pub(super) const DEEPEST: usize = 10;

/// A tree that is filled up.
#[derive(Debug)]
pub(super) struct Complete {
    splits: Vec<Split>,
    /// The leaf of the tree, by place among the leaves of the full one.
    leaves: Vec<u32>,
    depth: usize,
}

/// A split of a block of rows.
#[derive(Debug, Clone, Copy)]
struct Split {
    threshold: f64,
    /// Where the values of its feature begin in a block.
    column: usize,
}

impl Complete {
    /// Fills up a tree with no leaf below `depth`.
    pub(super) fn of(tree: &Tree, depth: usize) -> Self {
        let n_splits = (1 << depth) - 1;
        let to_the_left = Split {
            threshold: f64::INFINITY,
            column: 0,
        };
        let mut splits = vec![to_the_left; n_splits];
        let mut leaves = vec![0; n_splits + 1];
        let mut ahead = vec![(0, 0)];
        while let Some((at, place)) = ahead.pop() {
            let node = tree.nodes[at];
            if place >= n_splits {
                leaves[place - n_splits] = node.feature;
            } else if node.child == 0 {
                ahead.push((at, 2 * place + 1));
            } else {
                splits[place] = Split {
                    threshold: node.threshold,
                    column: node.feature as usize * BLOCK,
                };
                let child = node.child as usize;
                ahead.extend([(child, 2 * place + 1), (child + 1, 2 * place + 2)]);
            }
        }
        Self {
            splits,
            leaves,
            depth,
        }
    }

    /// The leaves of the first rows of a block, whose values lie feature by feature in `columns`, [`BLOCK`]
    /// each.
    pub(super) fn leaves(&self, columns: &[f64], leaves: &mut [usize]) {
        for (group, leaves) in leaves.chunks_mut(LANES).enumerate() {
            let mut at = [0; LANES];
            for _ in 0..self.depth {
                for (lane, at) in at.iter_mut().enumerate() {
                    let split = &self.splits[*at];
                    let goes_right = columns[split.column + group * LANES + lane] > split.threshold;
                    *at = 2 * *at + 1 + usize::from(goes_right);
                }
            }
            for (leaf, at) in leaves.iter_mut().zip(at) {
                *leaf = self.leaves[at - self.splits.len()] as usize;
            }
        }
    }
}
