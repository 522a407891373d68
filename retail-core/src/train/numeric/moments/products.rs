use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::limbs::{CHUNK, Staged};
use crate::train::numeric::vector::LANES;

/// Rows whose products are summed in floating point, without rounding.
const BLOCK: usize = 512;

/// Sums of the products of limb columns, and of each limb column, over one chunk of rows. Sums of
/// 512 products are at most 2⁵³, so whole numbers in floating point; those of a chunk are added up as
/// integers.
pub(super) struct Products<'a> {
    pub(super) left: &'a Staged<'a>,
    pub(super) right: &'a Staged<'a>,
    pub(super) rows: usize,
    /// Whether left and right are the same, so that half of the products will do.
    pub(super) symmetric: bool,
    /// Left column by left column, one sum for each right column.
    pub(super) sums: &'a mut Vec<i64>,
    /// One sum for each left column.
    pub(super) totals: &'a mut Vec<i64>,
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (m, n) = (self.left.limbs.len(), self.right.limbs.len());
        self.sums.clear();
        self.sums.resize(m * n, 0);
        self.totals.clear();
        self.totals.resize(m, 0);
        debug_assert!(self.rows <= CHUNK);
        // Rows behind the last one are zero.
        for start in (0..self.rows).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(self.rows.next_multiple_of(LANES));
            for (i, total) in self.totals.iter_mut().enumerate() {
                let sum = sum(simd, &self.left.of(i)[rows.clone()]);
                *total += sum as i64;
            }
            for i in (0..m).step_by(2) {
                let end = if self.symmetric { n.min(i + 2) } else { n };
                for j in (0..end).step_by(2) {
                    self.tile(simd, i, j, rows.clone());
                }
            }
        }
    }
}

impl Products<'_> {
    /// The products of two left columns with two right ones; at an edge one column is taken twice.
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, i: usize, j: usize, rows: Range<usize>) {
        let (m, n) = (self.left.limbs.len(), self.right.limbs.len());
        let (next_i, next_j) = ((i + 1).min(m - 1), (j + 1).min(n - 1));
        let left = [i, next_i].map(|index| &self.left.of(index)[rows.clone()]);
        let right = [j, next_j].map(|index| &self.right.of(index)[rows.clone()]);
        let dots = dots(simd, left, right);
        for (row, i) in [i, next_i].into_iter().enumerate().take(m - i) {
            for (column, j) in [j, next_j].into_iter().enumerate().take(n - j) {
                self.sums[i * n + j] += dots[row][column] as i64;
            }
        }
    }
}

/// `Σ aᵢ bⱼ` for two `a` and two `b`, of a length that is a multiple of the lanes.
#[inline(always)]
fn dots<S: Simd>(simd: S, a: [&[f64]; 2], b: [&[f64]; 2]) -> [[f64; 2]; 2] {
    let [a0, a1] = a.map(|a| S::as_simd_f64s(a).0.as_chunks::<2>().0);
    let [b0, b1] = b.map(|b| S::as_simd_f64s(b).0.as_chunks::<2>().0);
    // Two partial sums of each product hide the latency of an addition.
    let mut sums = [[simd.splat_f64s(0.0); 2]; 4];
    for (((a0, a1), b0), b1) in a0.iter().zip(a1).zip(b0).zip(b1) {
        for half in 0..2 {
            let (a0, a1, b0, b1) = (a0[half], a1[half], b0[half], b1[half]);
            sums[0][half] = simd.add_f64s(sums[0][half], simd.mul_f64s(a0, b0));
            sums[1][half] = simd.add_f64s(sums[1][half], simd.mul_f64s(a0, b1));
            sums[2][half] = simd.add_f64s(sums[2][half], simd.mul_f64s(a1, b0));
            sums[3][half] = simd.add_f64s(sums[3][half], simd.mul_f64s(a1, b1));
        }
    }
    let [s00, s01, s10, s11] =
        sums.map(|[even, odd]| simd.reduce_sum_f64s(simd.add_f64s(even, odd)));
    [[s00, s01], [s10, s11]]
}

#[inline(always)]
fn sum<S: Simd>(simd: S, values: &[f64]) -> f64 {
    let zero = simd.splat_f64s(0.0);
    let mut sums = [zero; 2];
    for [even, odd] in S::as_simd_f64s(values).0.as_chunks::<2>().0 {
        sums = [simd.add_f64s(sums[0], *even), simd.add_f64s(sums[1], *odd)];
    }
    simd.reduce_sum_f64s(simd.add_f64s(sums[0], sums[1]))
}
