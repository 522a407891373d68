//! Small trees that are walked by all rows at once. Of a value, a split asks only how many thresholds of its
//! feature lie below it. That rank takes one byte, so that one instruction compares those of many rows, and
//! every split of a tree is looked at, without a jump.

use std::hint::select_unpredictable;

use super::filled::Filled;
use super::model::{Node, Tree};

/// Rows whose ranks are compared together.
pub(super) const LANES: usize = 64;
/// The deepest trees that are walked like this: a level doubles the splits.
pub(super) const DEEPEST: usize = 7;

/// A rank, or what else takes a byte, of each of some rows.
pub(super) type Bytes = [u8; LANES];

/// Values whose ranks are looked for side by side: none waits for the comparison of another.
const ABREAST: usize = 4;
/// One more than the most thresholds of a feature: ranks have to fit into a byte.
const TABLE: usize = 1 << 8;

/// The thresholds of each feature in all trees.
#[derive(Debug)]
pub(super) struct Thresholds(Vec<Column>);

/// The thresholds of a feature.
#[derive(Debug)]
struct Column {
    /// Ascending, and then infinity, which is below nothing.
    table: Box<[f64; TABLE]>,
    n_thresholds: usize,
    /// The first step of a binary search, a power of 2; 0 if there are no thresholds.
    first_step: usize,
}

impl Thresholds {
    /// The thresholds of these trees; `None` if a feature has too many for a byte.
    pub(super) fn of<'t>(trees: impl Iterator<Item = &'t Tree>, n_features: usize) -> Option<Self> {
        let mut found = vec![Vec::new(); n_features];
        for node in trees.flat_map(|tree| &tree.nodes) {
            if node.child != 0 {
                found[node.feature as usize].push(node.threshold);
            }
        }
        found
            .into_iter()
            .map(Column::of)
            .collect::<Option<_>>()
            .map(Self)
    }

    /// How many thresholds of a feature lie below each value.
    pub(super) fn ranks(&self, feature: usize, values: &[f64; LANES]) -> Bytes {
        let Column {
            table, first_step, ..
        } = &self.0[feature];
        let mut ranks = [0; LANES];
        let (ranks_of_some, _) = ranks.as_chunks_mut::<ABREAST>();
        let (values, _) = values.as_chunks::<ABREAST>();
        for (ranks, values) in ranks_of_some.iter_mut().zip(values) {
            let mut found = [0; ABREAST];
            let mut step = *first_step;
            while step > 0 {
                for (rank, value) in found.iter_mut().zip(values) {
                    let below = table[(*rank + step - 1) % TABLE] < *value;
                    // A branch would be guessed wrong half of the time.
                    *rank += select_unpredictable(below, step, 0);
                }
                step /= 2;
            }
            *ranks = found.map(|rank| rank as u8);
        }
        ranks
    }

    /// The features that any split asks for.
    pub(super) fn used(&self) -> impl Iterator<Item = usize> {
        let features = self.0.iter().enumerate();
        features.filter_map(|(feature, column)| (column.n_thresholds > 0).then_some(feature))
    }

    /// The rank above which values go right. `<` tells no 0 from -0.
    fn rank(&self, node: &Node) -> u8 {
        let table = &self.0[node.feature as usize].table;
        table.partition_point(|&threshold| threshold < node.threshold) as u8
    }
}

impl Column {
    fn of(mut thresholds: Vec<f64>) -> Option<Self> {
        thresholds.sort_unstable_by(f64::total_cmp);
        thresholds.dedup();
        let n_thresholds = thresholds.len();
        if n_thresholds >= TABLE {
            return None;
        }
        let mut table = Box::new([f64::INFINITY; TABLE]);
        table[..n_thresholds].copy_from_slice(&thresholds);
        Some(Self {
            table,
            n_thresholds,
            first_step: (n_thresholds + 1).next_power_of_two() / 2,
        })
    }
}

/// A tree that is filled up to a complete one.
#[derive(Debug)]
pub(super) struct Ranked(Filled<Split>);

#[derive(Debug, Clone, Copy)]
struct Split {
    feature: u32,
    /// Larger ranks go right.
    rank: u8,
}

impl Ranked {
    /// Fills up a tree with no leaf below `depth`, which is at least 1.
    pub(super) fn of(tree: &Tree, depth: usize, thresholds: &Thresholds) -> Self {
        let to_the_left = Split {
            feature: 0,
            rank: u8::MAX,
        };
        Self(Filled::of(tree, depth, to_the_left, |node| Split {
            feature: node.feature,
            rank: thresholds.rank(node),
        }))
    }

    /// The leaves of rows, whose ranks are `ranks[feature]`.
    pub(super) fn leaves(&self, ranks: &[Bytes], leaves: &mut [usize]) {
        let places = self.places(ranks);
        for (leaf, &place) in leaves.iter_mut().zip(&places) {
            *leaf = self.0.leaves[usize::from(place)] as usize;
        }
    }

    /// The place of each row among the leaves of the full tree, from the last splits up to the root: of the
    /// places below its children, a split chooses one.
    fn places(&self, ranks: &[Bytes]) -> Bytes {
        let mut places = [[0; LANES]; 1 << (DEEPEST - 1)];
        let n_last = self.0.leaves.len() / 2;
        for (places, split) in places.iter_mut().zip(&self.0.splits[n_last - 1..]) {
            let ranks = &ranks[split.feature as usize];
            *places = std::array::from_fn(|row| u8::from(ranks[row] > split.rank));
        }
        let (mut width, mut leaves_below) = (n_last / 2, 2);
        while width > 0 {
            for (at, split) in self.0.splits[width - 1..2 * width - 1].iter().enumerate() {
                let ranks = &ranks[split.feature as usize];
                let (left, right) = (places[2 * at], places[2 * at + 1]);
                places[at] = std::array::from_fn(|row| {
                    if ranks[row] > split.rank {
                        right[row] + leaves_below
                    } else {
                        left[row]
                    }
                });
            }
            (width, leaves_below) = (width / 2, leaves_below * 2);
        }
        places[0]
    }
}
