//! How many rows find their leaves: block by block, each tree in the way that suits its depth.

use std::sync::{Arc, OnceLock};

use ndarray::{ArrayView2, Axis};

use super::complete::{self, Complete};
use super::model::Tree;
use super::ranked::{self, Bytes, Ranked, Thresholds};

/// Rows that are predicted at a time: few enough for the cache, so that one tree serves many in a row.
pub(super) const BLOCK: usize = 512;
/// The fewest rows for which trees are prepared.
pub(super) const LEAST: usize = 64;

/// The trees of a forest, prepared for many rows.
#[derive(Debug)]
pub(super) struct Walks {
    n_features: usize,
    walks: Vec<Walk>,
    thresholds: Option<Thresholds>,
    needs: Needs,
}

#[derive(Debug)]
enum Walk {
    Ranked(Ranked),
    Complete(Complete),
    /// As the tree is, with no leaf below this depth.
    Plain(usize),
}

/// What the walks look at.
#[derive(Debug, Clone, Copy)]
struct Needs {
    columns: bool,
    rows: bool,
}

/// Rows that find their leaves together.
pub(super) struct Block {
    /// Feature by feature, [`BLOCK`] each.
    columns: Vec<f64>,
    /// For each group of rows, the ranks of each feature.
    ranks: Vec<Bytes>,
    /// Row by row.
    rows: Vec<f64>,
}

impl Walks {
    pub(super) fn new(trees: &[Tree], n_features: usize) -> Self {
        let depths: Vec<usize> = trees.iter().map(Tree::depth).collect();
        let is_small = |depth: usize| (1..=ranked::DEEPEST).contains(&depth);
        let small = trees.iter().zip(&depths);
        let small = small.filter_map(|(tree, &depth)| is_small(depth).then_some(tree));
        let thresholds = Thresholds::of(small, n_features);
        let walk = |(tree, &depth): (&Tree, &usize)| match &thresholds {
            Some(thresholds) if is_small(depth) => {
                Walk::Ranked(Ranked::of(tree, depth, thresholds))
            }
            _ if depth <= complete::DEEPEST => Walk::Complete(Complete::of(tree, depth)),
            _ => Walk::Plain(depth),
        };
        let walks: Vec<Walk> = trees.iter().zip(&depths).map(walk).collect();
        let needs = Needs {
            columns: walks.iter().any(|walk| matches!(walk, Walk::Complete(_))),
            rows: walks.iter().any(|walk| matches!(walk, Walk::Plain(_))),
        };
        Self {
            n_features,
            walks,
            thresholds,
            needs,
        }
    }

    /// Room for blocks.
    pub(super) fn block(&self) -> Block {
        let columns = if self.needs.columns { BLOCK } else { 0 };
        Block {
            columns: vec![0.0; columns * self.n_features],
            ranks: vec![[0; ranked::LANES]; BLOCK / ranked::LANES * self.n_features],
            rows: Vec::new(),
        }
    }

    /// Reads up to [`BLOCK`] rows.
    pub(super) fn read(&self, rows: ArrayView2<'_, f64>, block: &mut Block) {
        if self.needs.columns {
            let columns = block.columns.chunks_exact_mut(BLOCK);
            for (column, values) in columns.zip(rows.columns()) {
                let pairs = column.iter_mut().zip(values);
                pairs.for_each(|(to, &from)| *to = from);
            }
        }
        if let Some(thresholds) = &self.thresholds {
            for feature in thresholds.used() {
                let column = rows.column(feature);
                let groups = block.ranks.chunks_exact_mut(self.n_features);
                let mut values = [0.0; ranked::LANES];
                for (ranks, group) in groups.zip(column.axis_chunks_iter(Axis(0), ranked::LANES)) {
                    // Those behind the last row are not looked at.
                    let pairs = values.iter_mut().zip(group);
                    pairs.for_each(|(to, &from)| *to = from);
                    ranks[feature] = thresholds.ranks(feature, &values);
                }
            }
        }
        if self.needs.rows {
            block.rows.clear();
            block.rows.extend(rows.iter());
        }
    }

    /// The leaves of the rows of a block in a tree, of which this is the index.
    pub(super) fn leaves(&self, index: usize, tree: &Tree, block: &Block, leaves: &mut [usize]) {
        match &self.walks[index] {
            Walk::Ranked(ranked) => {
                let groups = block.ranks.chunks_exact(self.n_features);
                for (ranks, leaves) in groups.zip(leaves.chunks_mut(ranked::LANES)) {
                    ranked.leaves(ranks, leaves);
                }
            }
            Walk::Complete(complete) => complete.leaves(&block.columns, leaves),
            Walk::Plain(depth) => {
                tree.leaves(&block.rows, self.n_features, *depth, leaves);
            }
        }
    }
}

/// Walks that are made when they are first needed. They say nothing that the trees do not.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared(OnceLock<Arc<Walks>>);

impl Prepared {
    /// The walks of these trees.
    pub(super) fn of(&self, trees: &[Tree], n_features: usize) -> &Walks {
        self.0
            .get_or_init(|| Arc::new(Walks::new(trees, n_features)))
    }
}

impl PartialEq for Prepared {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
