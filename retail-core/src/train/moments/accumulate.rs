use std::ops::Range;

use ndarray::{ArrayView1, Axis};
use pulp::NullaryFnOnce;

use super::{Moments, two_sum};
use crate::train::parallel::{in_parallel, threads_for};
use crate::train::vector::{
    Columns, contiguous, packed, shift, sum_from, vectorized, weighted_sum_from,
};

const BLOCK: usize = Moments::BLOCK_ROWS;
/// From one column to the next. More than a block, so that columns do not compete for the same
/// places of a processor's cache.
const STRIDE: usize = BLOCK + 8;
/// Blocks that a thread takes at a time.
const SHARE: usize = 8;
/// Fewer shares are not worth a thread.
const SHARES_PER_THREAD: usize = 4;

/// Adds rows to moments, block after block. Numbers that are not finite give moments that are not.
pub(super) fn add(
    total: &mut Moments,
    columns: &[ArrayView1<'_, f64>],
    weights: Option<&[f64]>,
    threads: usize,
) {
    let n_rows = columns.first().map_or(0, ArrayView1::len);
    let n_blocks = n_rows.div_ceil(BLOCK);
    let room = || Block::new(columns.len(), weights.is_some());
    let fill = |block: &mut Block, index: usize| {
        let start = index * BLOCK;
        let end = n_rows.min(start + BLOCK);
        let weights = weights.map(|weights| &weights[start..end]);
        vectorized(Fill {
            block,
            columns,
            rows: start..end,
            weights,
        });
    };
    let n_shares = n_blocks.div_ceil(SHARE);
    let threads = threads_for(threads, n_shares / SHARES_PER_THREAD);
    if threads == 1 {
        let mut block = room();
        for index in 0..n_blocks {
            fill(&mut block, index);
            total.absorb(&block.moments);
        }
        return;
    }
    let shares = in_parallel(threads, n_shares, room, |block, share| {
        let blocks = share * SHARE..n_blocks.min((share + 1) * SHARE);
        let moments = blocks.map(|index| {
            fill(block, index);
            block.moments.clone()
        });
        moments.collect::<Vec<_>>()
    });
    // In the order of the rows, whichever thread was first.
    for moments in shares.iter().flatten() {
        total.absorb(moments);
    }
}

/// [`Block::fill`], to be done later.
struct Fill<'a, 'b> {
    block: &'a mut Block,
    columns: &'a [ArrayView1<'b, f64>],
    rows: Range<usize>,
    weights: Option<&'a [f64]>,
}

impl NullaryFnOnce for Fill<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.block.fill(self.columns, self.rows, self.weights);
    }
}

/// The moments of one block, and room to compute them.
struct Block {
    moments: Moments,
    /// A column that is not contiguous in memory.
    copy: Vec<f64>,
    /// Deviations from the means, column after column.
    deviations: Vec<f64>,
    /// Weighted deviations, where there are weights.
    weighted: Vec<f64>,
    /// Weighted sums of the deviations, 0 but for rounding.
    sums: Vec<f64>,
}

impl Block {
    fn new(n_columns: usize, weighted: bool) -> Self {
        Self {
            moments: Moments::new(n_columns - 1),
            copy: vec![0.0; BLOCK],
            deviations: vec![0.0; n_columns * STRIDE],
            weighted: vec![0.0; if weighted { n_columns * STRIDE } else { 0 }],
            sums: vec![0.0; n_columns],
        }
    }

    #[inline(always)]
    fn fill(
        &mut self,
        columns: &[ArrayView1<'_, f64>],
        range: Range<usize>,
        weights: Option<&[f64]>,
    ) {
        let rows = range.len();
        let moments = &mut self.moments;
        moments.scatter.fill(0.0);
        (moments.weight, moments.n_samples) = match weights {
            None => (rows as f64, rows as u64),
            Some(weights) => {
                let counted = weights.iter().filter(|&&weight| weight > 0.0).count();
                (sum_from(weights, 0.0), counted as u64)
            }
        };
        // A block without weight has no means, and is not used.
        let divisor = if moments.weight > 0.0 {
            moments.weight
        } else {
            1.0
        };
        for (index, column) in columns.iter().enumerate() {
            let part = column.slice_axis(Axis(0), range.clone().into());
            let values = contiguous(&part, &mut self.copy);
            let deviations = &mut self.deviations[index * STRIDE..][..rows];
            // From a value of the column, so that a column of equal values has exactly their mean;
            // then once more from the mean, so that the second sum is of small numbers.
            let first = values.first().copied().unwrap_or_default();
            let (mean, left);
            if let Some(weights) = weights {
                let weighted = &mut self.weighted[index * STRIDE..][..rows];
                mean = first + weighted_sum_from(values, first, weights) / divisor;
                shift(values, mean, deviations);
                for ((to, &from), weight) in weighted.iter_mut().zip(&*deviations).zip(weights) {
                    *to = from * weight;
                }
                left = sum_from(weighted, 0.0);
            } else {
                mean = first + sum_from(values, first) / divisor;
                left = shift(values, mean, deviations);
            }
            (moments.mean[index], moments.mean_rest[index]) = two_sum(mean, left / divisor);
            self.sums[index] = left;
        }
        let deviations = Columns::new(&self.deviations, STRIDE, rows);
        let left = if weights.is_some() {
            Columns::new(&self.weighted, STRIDE, rows)
        } else {
            deviations
        };
        left.add_products(&deviations, &mut moments.scatter);
        for (i, &row) in self.sums.iter().enumerate() {
            for (j, &column) in self.sums[..=i].iter().enumerate() {
                moments.scatter[packed(i, j)] -= row * column / divisor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_instructions_change_no_byte() {
        let value = |row: usize| (row as f64 * 0.37).sin() * 1e3 + 0.1;
        let columns: Vec<Vec<f64>> = (1..8_usize)
            .map(|column| (0..BLOCK).map(|row| value(row * column)).collect())
            .collect();
        let views: Vec<_> = columns.iter().map(|c| ArrayView1::from(&c[..])).collect();
        let weights: Vec<f64> = (0..BLOCK).map(|row| value(row).abs()).collect();
        for rows in (0..40).chain([BLOCK - 1, BLOCK]) {
            for weights in [None, Some(&weights[..rows])] {
                let mut plain = Block::new(views.len(), weights.is_some());
                plain.fill(&views, 0..rows, weights);
                let mut wide = Block::new(views.len(), weights.is_some());
                vectorized(Fill {
                    block: &mut wide,
                    columns: &views,
                    rows: 0..rows,
                    weights,
                });
                assert_eq!(wide.moments, plain.moments, "{rows} rows");
            }
        }
    }
}
