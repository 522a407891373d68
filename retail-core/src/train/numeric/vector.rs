//! Loops over columns, with the widest vector instructions that the machine has.

use ndarray::ArrayView1;
use pulp::{Arch, WithSimd};

/// Does some work with the widest vector instructions that this machine has. Only what is inlined
/// into it uses them, so that has to be inlined always, which a closure is not.
pub(in crate::train) fn vectorized<W: WithSimd>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

/// Lengths of columns are padded to a multiple of this, which no machine's vectors exceed.
pub(in crate::train) const LANES: usize = 8;

/// The values of a column, copied to `room` if they do not lie one after the other. Not more than
/// `room` holds.
#[inline(always)]
pub(in crate::train) fn contiguous<'a>(
    column: &ArrayView1<'a, f64>,
    room: &'a mut [f64],
) -> &'a [f64] {
    if let Some(values) = column.to_slice() {
        return values;
    }
    let room = &mut room[..column.len()];
    for (to, &from) in room.iter_mut().zip(column) {
        *to = from;
    }
    room
}

/// The length of a packed lower triangle with `n` rows: row by row, the diagonal included.
pub(in crate::train) const fn packed_len(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The place of `(i, j)` or `(j, i)` in a packed lower triangle.
pub(in crate::train) const fn packed(i: usize, j: usize) -> usize {
    if i >= j {
        i * (i + 1) / 2 + j
    } else {
        j * (j + 1) / 2 + i
    }
}

/// A row of a symmetric matrix, of which this is the packed lower triangle, times a vector.
pub(in crate::train) fn row_times(matrix: &[f64], row: usize, vector: &[f64]) -> f64 {
    let products = vector.iter().enumerate();
    products
        .map(|(column, value)| matrix[packed(row, column)] * value)
        .sum()
}
