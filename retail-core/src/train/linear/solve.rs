use super::LinearModel;
use super::uncertainty::Uncertainty;
use crate::train::numeric::wide::Wide;
use crate::train::numeric::{ExactMoments, InverseRoot};
use crate::train::rounds::Head;

/// A feature is a combination of others if they leave at most this share of its variance, 10⁻⁶ of
/// its standard deviation. That is far above the rounding of sums of products, and of columns
/// that were single-precision numbers.
const DEPENDENT: f64 = 1e-12;

/// What is left of the equations, as a share of what there was, when coefficients have digits enough. It is
/// far below the rounding of a number, for small coefficients matter beside large ones.
const ENOUGH: f64 = 1e-25;

/// The least squares model of the smallest norm; `Err` says which number is out of range.
pub(super) fn solve(head: &Head, exact: &ExactMoments) -> Result<LinearModel, String> {
    let moments = exact.rounded();
    let (n, target) = (moments.n_features(), moments.target());
    let (columns, dropped): (Vec<_>, Vec<_>) = (0..n).partition(|&column| moments.varies(column));
    let root = InverseRoot::new(n, &columns, DEPENDENT, |i, j| moments.scatter(i, j));

    let total = if moments.varies(target) {
        moments.scatter(target, target)
    } else {
        0.0
    };
    let (coefficients, left) = if total > 0.0 {
        refined(exact, n, &root)?
    } else {
        (vec![Wide::from_f64(0.0); n], 0.0)
    };
    let intercept = exact.intercept(&coefficients);
    let coefficients: Vec<f64> = coefficients.iter().map(Wide::to_f64).collect();
    let freedom = moments.weight() - root.rank() as f64 - 1.0;
    // Written so that NaN fails.
    let known = freedom >= 1.0;
    let uncertainty = known.then(|| Uncertainty {
        weight: moments.weight(),
        degrees_of_freedom: freedom,
        r_squared: (total > 0.0).then(|| 1.0 - left / total),
        mean: (0..n).map(|column| moments.mean(column)).collect(),
        root: root.rows().to_vec(),
    });
    LinearModel::new(
        intercept,
        coefficients,
        dropped
            .into_iter()
            .map(|column| head.column_name(column))
            .collect(),
        moments.n_samples(),
        known.then(|| (left / freedom).sqrt()),
    )?
    .with_uncertainty(uncertainty)
}

/// The coefficients to more digits than a number has, and the sum of squares that they leave: what the rounded
/// equations leave is solved for again, from the exact ones, as long as there is less and less of it
/// (iterative refinement; Higham, "Accuracy and Stability of Numerical Algorithms", 2002, chapter 12).
fn refined(exact: &ExactMoments, n: usize, root: &InverseRoot) -> Result<(Vec<Wide>, f64), String> {
    let mut coefficients = vec![Wide::from_f64(0.0); n];
    let (mut first, mut last) = (None, f64::INFINITY);
    loop {
        let rest: Vec<f64> = (0..n)
            .map(|column| exact.unexplained(column, &coefficients))
            .collect();
        let along = root.times(&rest);
        let length = along.iter().map(|part| part * part).sum::<f64>().sqrt();
        if !length.is_finite() {
            return Err("linear model: a sum is beyond the range of a number".into());
        }
        let enough = ENOUGH * *first.get_or_insert(length);
        if !(length < last / 2.0 && length > enough) {
            let pairs = coefficients.iter().zip(&rest);
            let not_at_right_angles: f64 = pairs.map(|(c, rest)| c.to_f64() * rest).sum();
            let left = exact.unexplained(n, &coefficients) - not_at_right_angles;
            return Ok((coefficients, left.max(0.0)));
        }
        last = length;
        let step = root.transposed_times(&along);
        if let Some(bad) = step.iter().position(|part| !part.is_finite()) {
            return Err(format!(
                "linear model: coefficient {bad} is not a finite number"
            ));
        }
        for (coefficient, step) in coefficients.iter_mut().zip(step) {
            *coefficient = coefficient.plus(&Wide::from_f64(step));
        }
    }
}
