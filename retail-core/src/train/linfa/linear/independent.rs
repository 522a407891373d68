//! Which columns are linearly independent.

use ndarray::{Array1, Array2, Axis};

/// A column is dependent if less than this share of its length is left after projection: the
/// tolerance that R's `lm` uses.
const TOLERANCE: f64 = 1e-7;

/// The columns, in order, that are no linear combination of the kept ones before them. Columns
/// are standardised, so all of about the same length.
///
/// Gram–Schmidt, each column orthogonalised twice, which keeps the basis orthogonal to rounding
/// (Giraud, Langou and Rozložník, "The loss of orthogonality in the Gram–Schmidt
/// orthogonalization process", 2005).
pub(super) fn columns(values: &Array2<f64>) -> Vec<usize> {
    let mut basis: Vec<Array1<f64>> = Vec::new();
    let mut kept = Vec::new();
    for (index, column) in values.axis_iter(Axis(1)).enumerate() {
        let mut rest = column.to_owned();
        let length = rest.dot(&rest).sqrt();
        for _ in 0..2 {
            for direction in &basis {
                let share = direction.dot(&rest);
                rest.scaled_add(-share, direction);
            }
        }
        let left = rest.dot(&rest).sqrt();
        if left > TOLERANCE * length {
            basis.push(rest / left);
            kept.push(index);
        }
    }
    kept
}
