/// A cut of a node in two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) feature: usize,
    /// The last bin that goes left and has rows in this node.
    pub(super) below: u8,
    /// The first bin that goes right and has rows in this node.
    pub(super) above: u8,
    /// `Σ lₖ² / l + Σ rₖ² / r`, where `lₖ` and `rₖ` of `l` and `r` samples on the left and on the
    /// right are of class `k`. The Gini impurity of the two sides, weighted by their samples, is
    /// `l + r` less this (Breiman and others, "Classification and regression trees", 1984).
    pub(super) purity: f64,
}

/// The best cut among those seen so far.
pub(super) struct Best {
    pub(super) cut: Option<Cut>,
    /// Samples of each class on the left of it.
    pub(super) left: Vec<u32>,
    running: Vec<u32>,
}

/// The sum of the squares of counts. Exact up to 2⁵³, and always the same for the same counts.
fn sum_of_squares(counts: impl Iterator<Item = u32>) -> f64 {
    counts
        .map(|count| f64::from(count) * f64::from(count))
        .sum()
}

/// All samples of a node.
pub(super) fn total(counts: &[u32]) -> u64 {
    counts.iter().map(|&count| u64::from(count)).sum()
}

/// `Σ cₖ² / c` of `c` samples, `cₖ` of them of class `k`.
pub(super) fn purity(counts: &[u32]) -> f64 {
    sum_of_squares(counts.iter().copied()) / total(counts) as f64
}

/// Samples of each class in all bins, which come class by class; `None` if they are too many.
pub(super) fn class_totals(bins: &[u32], n_classes: usize) -> Option<Vec<u32>> {
    let mut totals = vec![0_u32; n_classes];
    for bin in bins.chunks_exact(n_classes) {
        for (total, &count) in totals.iter_mut().zip(bin) {
            *total = total.checked_add(count)?;
        }
    }
    Some(totals)
}

impl Best {
    pub(super) fn new(n_classes: usize) -> Self {
        Self {
            cut: None,
            left: vec![0; n_classes],
            running: vec![0; n_classes],
        }
    }

    /// Looks at all cuts in `feature` of a node with `counts` samples of each class. `bins` are the
    /// counts of the classes in each bin; they sum to `counts`. Among equally good cuts the lowest
    /// feature wins, then the lowest bin, so that the order in which features are looked at does
    /// not matter.
    pub(super) fn look_at(
        &mut self,
        feature: usize,
        bins: &[u32],
        counts: &[u32],
        min_samples_leaf: u64,
    ) {
        let n_samples = total(counts);
        self.running.fill(0);
        let mut n_left = 0;
        let mut below = 0;
        for (bin, row) in bins.chunks_exact(counts.len()).enumerate() {
            let n_here = total(row);
            if n_here == 0 {
                continue;
            }
            let n_right = n_samples - n_left;
            if n_left.min(n_right) >= min_samples_leaf {
                let left = sum_of_squares(self.running.iter().copied());
                let others = counts.iter().zip(&self.running);
                let right = sum_of_squares(others.map(|(&all, &left)| all - left));
                let purity = left / n_left as f64 + right / n_right as f64;
                let is_better = self.cut.is_none_or(|best| {
                    purity > best.purity || purity == best.purity && feature < best.feature
                });
                if is_better {
                    self.left.copy_from_slice(&self.running);
                    self.cut = Some(Cut {
                        feature,
                        below,
                        above: bin as u8,
                        purity,
                    });
                }
            }
            for (running, &here) in self.running.iter_mut().zip(row) {
                *running += here;
            }
            n_left += n_here;
            below = bin as u8;
        }
    }
}
