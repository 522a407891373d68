//! Trees that are filled up to complete ones, so that a walk looks up nothing but splits.

use super::filled::Filled;
use super::model::{Node, Tree};
use super::walk::BLOCK;

/// Rows that walk down a tree side by side: while one waits for its node, others go on.
const LANES: usize = 8;
/// The deepest trees that are filled up: their splits fit into the cache.
pub(super) const DEEPEST: usize = 10;

/// A tree that is filled up.
#[derive(Debug)]
pub(super) struct Complete {
    tree: Filled<Split>,
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
        let to_the_left = Split {
            threshold: f64::INFINITY,
            column: 0,
        };
        let split = |node: &Node| Split {
            threshold: node.threshold,
            column: node.feature as usize * BLOCK,
        };
        Self {
            tree: Filled::of(tree, depth, to_the_left, split),
            depth,
        }
    }

    /// The leaves of the first rows of a block, whose values lie feature by feature in `columns`, [`BLOCK`]
    /// each.
    pub(super) fn leaves(&self, columns: &[f64], leaves: &mut [usize]) {
        let Filled {
            splits,
            leaves: ends,
        } = &self.tree;
        for (group, leaves) in leaves.chunks_mut(LANES).enumerate() {
            let mut at = [0; LANES];
            for _ in 0..self.depth {
                for (lane, at) in at.iter_mut().enumerate() {
                    let split = &splits[*at];
                    let goes_right = columns[split.column + group * LANES + lane] > split.threshold;
                    *at = 2 * *at + 1 + usize::from(goes_right);
                }
            }
            for (leaf, at) in leaves.iter_mut().zip(at) {
                *leaf = ends[at - splits.len()] as usize;
            }
        }
    }
}
