use serde::{Deserialize, Serialize};

use crate::train::ValueSketch;

/// The most bins of a feature: their numbers fit into a byte.
pub(super) const MAX_BINS: usize = 255;

/// The smallest and the largest value of each bin of a feature, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub(super) struct Edges(Bounds);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    smallest: Vec<f64>,
    largest: Vec<f64>,
}

impl Edges {
    /// Cuts the values of a sketch into at most `max_bins` bins: one for each of its buckets if
    /// there are no more, otherwise with about equally many rows in each. A bucket that fills a bin
    /// has that bin to itself.
    pub(super) fn new(sketch: &ValueSketch, max_bins: usize) -> Self {
        let buckets = sketch.buckets();
        let mut edges = Bounds {
            smallest: Vec::new(),
            largest: Vec::new(),
        };
        let mut rows_left = sketch.n_rows() as f64;
        let mut filled = 0.0;
        let mut bins_left = max_bins;
        for (index, bucket) in buckets.iter().enumerate() {
            let count = bucket.rows as f64;
            let each_has_a_bin = buckets.len() - index <= bins_left;
            // A bucket joins the open bin unless that leaves the bin further from its share.
            let is_full = filled + count / 2.0 > rows_left / (bins_left + 1) as f64;
            if index == 0 || bins_left > 0 && (each_has_a_bin || is_full) {
                rows_left -= filled;
                filled = 0.0;
                bins_left -= 1;
                edges.smallest.push(bucket.smallest);
                edges.largest.push(bucket.largest);
            } else if let Some(largest) = edges.largest.last_mut() {
                *largest = bucket.largest;
            }
            filled += count;
        }
        Self(edges)
    }

    /// The number of bins.
    pub(super) fn len(&self) -> usize {
        self.0.largest.len()
    }

    /// The bin of a value.
    pub(super) fn bin(&self, value: f64) -> u8 {
        let inner = &self.0.largest[..self.len().saturating_sub(1)];
        inner.partition_point(|&largest| largest < value) as u8
    }

    /// A value between two bins, `below < above`: it separates the values of all bins up to
    /// `below` (at most it) from those of all bins from `above` on (greater).
    pub(super) fn threshold(&self, below: usize, above: usize) -> f64 {
        let (low, high) = (self.0.largest[below], self.0.smallest[above]);
        // Halved first: the sum of two finite numbers may not be finite.
        let middle = low / 2.0 + high / 2.0;
        if (low..high).contains(&middle) {
            middle
        } else {
            low
        }
    }
}

impl From<Edges> for Bounds {
    fn from(edges: Edges) -> Self {
        edges.0
    }
}

impl TryFrom<Bounds> for Edges {
    type Error = String;

    fn try_from(bounds: Bounds) -> Result<Self, String> {
        let (n_bins, n_largest) = (bounds.smallest.len(), bounds.largest.len());
        if !(1..=MAX_BINS).contains(&n_bins) || n_bins != n_largest {
            return Err(format!(
                "bins: expected 1 to {MAX_BINS} smallest and as many largest values, got {n_bins} and {n_largest}"
            ));
        }
        let pairs = bounds.smallest.iter().zip(&bounds.largest);
        let mut before = None;
        for (bin, (&smallest, &largest)) in pairs.enumerate() {
            let ascending = before.is_none_or(|before| before < smallest) && smallest <= largest;
            if !ascending || !smallest.is_finite() || !largest.is_finite() {
                return Err(format!(
                    "bin {bin}: expected finite ascending values, got {smallest} to {largest}"
                ));
            }
            before = Some(largest);
        }
        Ok(Self(bounds))
    }
}
