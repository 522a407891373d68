use ndarray::ArrayView1;

use super::distinct::Distinct;
use crate::train::ValueSketch;

/// A binned feature.
#[derive(Debug)]
pub(super) struct Column {
    /// The bin of each row.
    pub(super) bins: Vec<u8>,
    /// The values that the bins span.
    pub(super) edges: Edges,
}

/// The smallest and the largest value of each bin of a feature, ascending.
#[derive(Debug, PartialEq)]
pub(super) struct Edges {
    smallest: Vec<f64>,
    largest: Vec<f64>,
}

impl Edges {
    /// Cuts the values of a sketch into at most `max_bins` bins: one for each of its buckets where
    /// there are no more, otherwise with about equally many rows in each. A bucket that fills a bin
    /// by itself gets one by itself.
    fn new(sketch: &ValueSketch, max_bins: usize) -> Self {
        let buckets = sketch.buckets();
        let mut edges = Self {
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
        edges
    }

    /// The number of bins.
    pub(super) fn len(&self) -> usize {
        self.largest.len()
    }

    /// The bin of a value.
    fn bin(&self, value: f64) -> u8 {
        let inner = &self.largest[..self.len().saturating_sub(1)];
        inner.partition_point(|&largest| largest < value) as u8
    }

    /// A value between two bins, `below < above`: it separates the values of all bins up to
    /// `below` (at most it) from those of all bins from `above` on (greater).
    pub(super) fn threshold(&self, below: usize, above: usize) -> f64 {
        let (low, high) = (self.largest[below], self.smallest[above]);
        // Halved first: the sum of two finite numbers may not be finite.
        let middle = low / 2.0 + high / 2.0;
        if (low..high).contains(&middle) {
            middle
        } else {
            low
        }
    }
}

impl Column {
    /// Bins the values of a feature.
    ///
    /// # Errors
    /// The first row whose value is not finite.
    pub(super) fn new(values: ArrayView1<'_, f64>, max_bins: usize) -> Result<Self, usize> {
        match values.as_slice() {
            Some(values) => Self::of_slice(values, max_bins),
            None => Self::of_slice(&values.to_vec(), max_bins),
        }
    }

    fn of_slice(column: &[f64], max_bins: usize) -> Result<Self, usize> {
        let mut distinct = Distinct::new();
        let mut numbers = vec![0_u16; column.len()];
        for (row, (number, &value)) in numbers.iter_mut().zip(column).enumerate() {
            if !value.is_finite() {
                return Err(row);
            }
            // The sum turns −0 into 0.
            match distinct.number(value + 0.0) {
                Some(known) => *number = known,
                None => return Self::of_many_values(column, max_bins),
            }
        }
        let (values, counts) = distinct.into_values();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
        let counted = order.iter().map(|&n| (values[n], u64::from(counts[n])));
        let edges = Edges::new(&ValueSketch::of_counts(counted), max_bins);
        let bin_of: Vec<u8> = values.iter().map(|&value| edges.bin(value)).collect();
        let bins = numbers.iter().map(|&n| bin_of[usize::from(n)]).collect();
        Ok(Self { bins, edges })
    }

    pub(super) fn of_many_values(column: &[f64], max_bins: usize) -> Result<Self, usize> {
        let edges = Edges::new(&ValueSketch::of_finite(column)?, max_bins);
        let bins = column.iter().map(|&value| edges.bin(value)).collect();
        Ok(Self { bins, edges })
    }
}
