use std::ops::Range;

use super::binned::Binned;
use super::bootstrap::fill_bag;
use super::entry::{class, index, indexed, packed, weight, with_weight};
use super::growing::{Growing, Plan, Question, Split};

/// The rows that one tree learns from, sorted by its nodes as it grows.
#[derive(Default)]
pub(super) struct Bag {
    entries: Vec<u64>,
    /// The key of the tree, and whether rows are weighted at random.
    of: Option<(u64, bool)>,
    /// Node by node.
    places: Vec<Place>,
}

/// Where the rows of a node are.
#[derive(Clone, Default)]
struct Place {
    /// The entries; `None` before its parent's rows are divided.
    entries: Option<Range<usize>>,
    /// The split by which its rows have been divided.
    divided: Option<Split>,
}

/// Counts of classes per bin of one feature at one node.
pub(super) struct Counter {
    /// Bin by bin, each padded to a power of two of classes.
    cells: Vec<u32>,
    n_classes: usize,
    shift: u32,
}

impl Counter {
    pub(super) fn new(n_classes: usize) -> Self {
        let shift = n_classes.next_power_of_two().trailing_zeros();
        Self {
            cells: vec![0; 256 << shift],
            n_classes,
            shift,
        }
    }

    /// Counts entries by bin, which must stay below `n_bins`, and class; appends the counts.
    fn count(
        &mut self,
        entries: &[u64],
        n_bins: usize,
        bin: impl Fn(u64) -> u8,
        weight: impl Fn(u64) -> u32,
        counts: &mut Vec<u32>,
    ) {
        self.cells[..n_bins << self.shift].fill(0);
        for &entry in entries {
            let cell = usize::from(bin(entry)) << self.shift | class(entry);
            self.cells[cell] += weight(entry);
        }
        for bin in self.cells.chunks_exact(1 << self.shift).take(n_bins) {
            counts.extend_from_slice(&bin[..self.n_classes]);
        }
    }
}

impl Bag {
    /// The counts that a tree asks for, one question after the other, feature by feature.
    pub(super) fn answer(
        &mut self,
        tree: &Growing,
        plan: &Plan<'_>,
        rows: &Binned<'_>,
        counter: &mut Counter,
    ) -> Vec<u32> {
        if self.of != Some((tree.key, tree.bootstrap)) {
            self.fill(tree, rows);
        }
        self.places.resize(tree.nodes.len(), Place::default());
        let mut counts = Vec::new();
        for Question { node, features, .. } in tree.questions(plan) {
            let range = self.range_of(node, tree, rows);
            let entries = &self.entries[range];
            for feature in features.into_iter().map(|drawn| drawn.feature) {
                let n_bins = plan.edges[feature].len();
                let Some(columns) = &rows.columns else {
                    counter.count(entries, n_bins, packed(feature), weight, &mut counts);
                    continue;
                };
                let bin = indexed(&columns[feature]);
                match &rows.weights {
                    None => counter.count(entries, n_bins, bin, weight, &mut counts),
                    Some(weights) => {
                        let weight = |entry| weight(entry) * weights[index(entry)];
                        counter.count(entries, n_bins, bin, weight, &mut counts);
                    }
                }
            }
        }
        counts
    }

    /// Forgets how the rows are divided, unless this tree, or one that it grew from, divided them.
    pub(super) fn forget_others(&mut self, tree: &Growing) {
        let known = self.places.len() <= tree.nodes.len()
            && self.places.iter().zip(&tree.nodes).all(|(place, node)| {
                let divided = place.divided.as_ref();
                divided.is_none_or(|split| node.split.as_ref() == Some(split))
            });
        if !known {
            self.of = None;
        }
    }

    /// Takes the rows of a tree to its root.
    fn fill(&mut self, tree: &Growing, rows: &Binned<'_>) {
        self.entries.resize(rows.entries.len(), 0);
        let filled = if tree.bootstrap {
            fill_bag(&mut self.entries, &rows.entries, rows.row_numbers, tree.key)
        } else {
            for (copy, &entry) in self.entries.iter_mut().zip(&rows.entries) {
                *copy = with_weight(entry, 1);
            }
            rows.entries.len()
        };
        self.of = Some((tree.key, tree.bootstrap));
        self.places.clear();
        self.places.push(Place {
            entries: Some(0..filled),
            divided: None,
        });
    }

    /// Where the rows of a node are; divides those of nodes above it that are not divided yet.
    fn range_of(&mut self, node: usize, tree: &Growing, rows: &Binned<'_>) -> Range<usize> {
        let mut above = Vec::new();
        let mut at = node;
        while self.places[at].entries.is_none() {
            at = tree.nodes[at].parent as usize;
            above.push(at);
        }
        for node in above.into_iter().rev() {
            self.divide(node, tree, rows);
        }
        self.places[node].entries.clone().unwrap_or_default()
    }

    /// Divides the rows of a node among its children.
    fn divide(&mut self, node: usize, tree: &Growing, rows: &Binned<'_>) {
        let range = self.places[node].entries.clone().unwrap_or_default();
        let Some(split) = tree.nodes[node].split else {
            return;
        };
        let feature = split.feature as usize;
        let entries = &mut self.entries[range.clone()];
        let front = match &rows.columns {
            None => partition(entries, packed(feature), split.below),
            Some(columns) => partition(entries, indexed(&columns[feature]), split.below),
        };
        let (child, middle) = (split.child as usize, range.start + front);
        self.places[node].divided = Some(split);
        self.places[child].entries = Some(range.start..middle);
        self.places[child + 1].entries = Some(middle..range.end);
    }
}

/// Moves entries of bins up to `below` to the front; returns how many there are.
fn partition(entries: &mut [u64], bin: impl Fn(u64) -> u8, below: u8) -> usize {
    let mut front = 0;
    for at in 0..entries.len() {
        // Exchanged in any case: no branch to mispredict.
        let entry = entries[at];
        entries.swap(at, front);
        front += usize::from(bin(entry) <= below);
    }
    front
}
