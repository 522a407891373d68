//! Sums over columns, written so that the compiler uses vector instructions. Each adds in an order
//! that depends on the lengths alone, without fused operations, so the same numbers give the same
//! bytes on every machine.

use ndarray::ArrayView1;
use pulp::{Arch, NullaryFnOnce};

/// Partial sums of one product; more of them hide the latency of an addition.
const LANES: usize = 8;
/// Columns that share the loads of the one they are multiplied with.
const GROUP: usize = 4;

/// Does some work with the widest vector instructions that this machine has. Only what is inlined
/// into its `call` uses them, so that has to be inlined always, which a closure is not.
pub(super) fn vectorized<W: NullaryFnOnce>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

/// Adds lane by lane.
#[inline(always)]
fn add<const N: usize>(lanes: &mut [f64; N], values: &[f64; N]) {
    for (lane, value) in lanes.iter_mut().zip(values) {
        *lane += value;
    }
}

/// Multiplies lane by lane.
#[inline(always)]
fn product<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

/// `Σ (a − from)`.
#[inline(always)]
pub(super) fn sum_from(a: &[f64], from: f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (head, tail) = a.as_chunks::<LANES>();
    for chunk in head {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value - from;
        }
    }
    lanes.iter().sum::<f64>() + tail.iter().map(|value| value - from).sum::<f64>()
}

/// `Σ (a − from) weight`.
#[inline(always)]
pub(super) fn weighted_sum_from(a: &[f64], from: f64, weights: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((a, a_tail), (w, w_tail)) = (a.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    for (a, w) in a.iter().zip(w) {
        for ((lane, a), w) in lanes.iter_mut().zip(a).zip(w) {
            *lane += (a - from) * w;
        }
    }
    let tail: f64 = a_tail.iter().zip(w_tail).map(|(a, w)| (a - from) * w).sum();
    lanes.iter().sum::<f64>() + tail
}

/// Writes `a − by` to `to`, and returns the sum of it.
#[inline(always)]
pub(super) fn shift(a: &[f64], by: f64, to: &mut [f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (to, to_tail) = to.as_chunks_mut::<LANES>();
    for (a, to) in a.iter().zip(to) {
        *to = a.map(|a| a - by);
        add(&mut lanes, to);
    }
    let mut tail = 0.0;
    for (a, to) in a_tail.iter().zip(to_tail) {
        *to = a - by;
        tail += *to;
    }
    lanes.iter().sum::<f64>() + tail
}

/// The values of a column, copied to `room` where they do not lie one after the other. Not more
/// than `room` holds.
#[inline(always)]
pub(super) fn contiguous<'a>(column: &ArrayView1<'a, f64>, room: &'a mut [f64]) -> &'a [f64] {
    if let Some(values) = column.to_slice() {
        return values;
    }
    let room = &mut room[..column.len()];
    for (to, &from) in room.iter_mut().zip(column) {
        *to = from;
    }
    room
}

/// `Σ a b`.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + tail
}

/// `Σ a bⱼ` for four `b` at once.
#[inline(always)]
fn dot_group(a: &[f64], b: [&[f64]; GROUP]) -> [f64; GROUP] {
    const WIDTH: usize = 4;
    let mut lanes = [[0.0; WIDTH]; GROUP];
    let (a, a_tail) = a.as_chunks::<WIDTH>();
    let b = b.map(|b| b.as_chunks::<WIDTH>());
    let heads = a.iter().zip(b[0].0).zip(b[1].0).zip(b[2].0).zip(b[3].0);
    for ((((a, b0), b1), b2), b3) in heads {
        add(&mut lanes[0], &product(a, b0));
        add(&mut lanes[1], &product(a, b1));
        add(&mut lanes[2], &product(a, b2));
        add(&mut lanes[3], &product(a, b3));
    }
    let mut sums = [0.0; GROUP];
    for ((sum, lanes), (_, b_tail)) in sums.iter_mut().zip(&lanes).zip(b) {
        let tail: f64 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
        *sum = lanes.iter().sum::<f64>() + tail;
    }
    sums
}

/// Columns of equal length, one after the other, with room to spare behind each.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    values: &'a [f64],
    stride: usize,
    rows: usize,
}

impl<'a> Columns<'a> {
    /// The columns that start at multiples of `stride` and have `rows` values each.
    #[inline(always)]
    pub(super) fn new(values: &'a [f64], stride: usize, rows: usize) -> Self {
        debug_assert!(rows <= stride, "{rows} rows in columns of {stride}");
        Self {
            values,
            stride,
            rows,
        }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.values.len() / self.stride
    }

    #[inline(always)]
    pub(super) fn column(&self, index: usize) -> &'a [f64] {
        &self.values[index * self.stride..][..self.rows]
    }

    /// Adds `Σ a column` to the element of `out` for each column.
    #[inline(always)]
    pub(super) fn add_dots(&self, a: &[f64], out: &mut [f64]) {
        let (groups, rest) = out.as_chunks_mut::<GROUP>();
        let grouped = groups.len() * GROUP;
        for (sums, first) in groups.iter_mut().zip((0..).step_by(GROUP)) {
            let columns = [0, 1, 2, 3].map(|offset| self.column(first + offset));
            for (sum, value) in sums.iter_mut().zip(dot_group(a, columns)) {
                *sum += value;
            }
        }
        for (sum, index) in rest.iter_mut().zip(grouped..) {
            *sum += dot(a, self.column(index));
        }
    }

    /// Adds `Σ columnᵢ otherⱼ` to the element `(i, j)` of a packed lower triangle.
    #[inline(always)]
    pub(super) fn add_products(&self, other: &Self, triangle: &mut [f64]) {
        let mut rest = triangle;
        for index in 0..self.len() {
            let (row, next) = rest.split_at_mut(index + 1);
            other.add_dots(self.column(index), row);
            rest = next;
        }
    }
}

/// The length of a packed lower triangle with `n` rows: row by row, the diagonal included.
pub(super) const fn packed_len(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Where `(i, j)` or `(j, i)` is in a packed lower triangle.
pub(super) const fn packed(i: usize, j: usize) -> usize {
    if i >= j {
        i * (i + 1) / 2 + j
    } else {
        j * (j + 1) / 2 + i
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_whole_numbers_are_exact_for_every_length_and_width() {
        for rows in 0..40_usize {
            for width in 0..11 {
                let stride = 40;
                let value = |column: usize, row: usize| ((row * 7 + column * 5) % 13) as f64 - 6.0;
                let values: Vec<f64> = (0..width * stride)
                    .map(|at| value(at / stride, at % stride))
                    .collect();
                let columns = Columns::new(&values, stride, rows);
                let mut triangle = vec![1.0; packed_len(width)];
                columns.add_products(&columns, &mut triangle);
                for i in 0..width {
                    let expected: f64 = (0..rows).map(|row| value(i, row)).sum();
                    let from_two = sum_from(columns.column(i), 2.0);
                    assert_eq!(from_two, expected - 2.0 * rows as f64);
                    for j in 0..width {
                        let expected: f64 =
                            (0..rows).map(|row| value(i, row) * value(j, row)).sum();
                        assert_eq!(triangle[packed(i, j)], 1.0 + expected, "{rows} {i} {j}");
                    }
                }
            }
        }
    }
}
