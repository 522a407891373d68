use super::LinearModel;
use super::uncertainty::Uncertainty;
use crate::train::Moments;
use crate::train::numeric::InverseRoot;
use crate::train::rounds::Head;

/// A feature is a combination of others if they leave at most this share of its variance, 10⁻⁶ of
/// its standard deviation. That is far above the rounding of sums of products, and of columns
/// that were single-precision numbers.
const DEPENDENT: f64 = 1e-12;

/// The least squares model of the smallest norm; `Err` says which number is out of range.
pub(super) fn solve(head: &Head, moments: &Moments) -> Result<LinearModel, String> {
    let (n, target) = (moments.n_features(), moments.target());
    let (columns, dropped): (Vec<_>, Vec<_>) = (0..n).partition(|&column| moments.varies(column));
    let root = InverseRoot::new(n, &columns, DEPENDENT, |i, j| moments.scatter(i, j));

    let total = if moments.varies(target) {
        moments.scatter(target, target)
    } else {
        0.0
    };
    let products: Vec<f64> = (0..n)
        .map(|column| {
            if total > 0.0 {
                moments.scatter(column, target)
            } else {
                0.0
            }
        })
        .collect();
    let along = root.times(&products);
    let coefficients = root.transposed_times(&along);
    let explained: f64 = along.iter().map(|part| part * part).sum();

    let mut intercept = moments.mean(target);
    let mut rest = moments.mean_rest(target);
    for (column, coefficient) in coefficients.iter().enumerate() {
        intercept -= coefficient * moments.mean(column);
        rest -= coefficient * moments.mean_rest(column);
    }
    let freedom = moments.weight() - root.rank() as f64 - 1.0;
    let left = (total - explained).max(0.0);
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
        intercept + rest,
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
