//! Normal equations with a matrix that may be singular.

mod graded;
#[cfg(test)]
mod tests;

use graded::Graded;

/// Shares of a combination below this are rounding. Left alone, they would count if units differ by
/// more.
const NO_PART: f64 = 1e-11;
/// A column may be the next pivot if its residual is at least this share of the largest one. Of
/// those, the one with the largest unit comes first, so what it takes over from the others is small
/// next to its own values.
const NEARLY: f64 = 0.1;

/// A matrix `F`, `(rank, n)`, such that `x = FᵀF c` is the solution of `S x = c` with the smallest
/// Euclidean norm, for a symmetric positive semi-definite `S` and any `c` within its range. So
/// `FᵀF` is the pseudo-inverse of `S`, except that it treats a `c` outside of the range differently.
///
/// Which columns are combinations of others is decided on the correlation matrix, thus in no unit,
/// by Cholesky decomposition with pivoting (Higham, "Accuracy and Stability of Numerical
/// Algorithms", 2nd ed., section 10.3). The smallest norm is that in the units of `x`.
#[derive(Debug, Clone)]
pub(in crate::train) struct InverseRoot {
    n: usize,
    rows: Vec<Vec<f64>>,
}

impl InverseRoot {
    /// Decomposes the matrix `(n, n)` whose elements `element` gives, of which only `columns` are
    /// not zero; their diagonal elements are positive. A column is a combination of others if they
    /// leave at most the share `tolerance` of its diagonal element.
    pub(in crate::train) fn new(
        n: usize,
        columns: &[usize],
        tolerance: f64,
        element: impl Fn(usize, usize) -> f64,
    ) -> Self {
        // In units of its own each column has length 1. Otherwise a column in pence would look a
        // hundred times as independent as the same one in pounds.
        let scale: Vec<f64> = columns.iter().map(|&i| element(i, i).sqrt()).collect();
        let factor = Factor::new(&scale, tolerance, |i, j| {
            element(columns[i], columns[j]) / scale[i] / scale[j]
        });
        let spread = Spread::new(&factor, &scale);
        let rows = (0..factor.rank())
            .map(|row| {
                let mut spread_out = vec![0.0; n];
                for (index, value) in spread.row(&factor, row) {
                    spread_out[columns[index]] = value / scale[index];
                }
                spread_out
            })
            .collect();
        Self { n, rows }
    }

    /// The rows of `F`.
    pub(in crate::train) fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    pub(in crate::train) fn rank(&self) -> usize {
        self.rows.len()
    }

    /// `F c`.
    pub(in crate::train) fn times(&self, c: &[f64]) -> Vec<f64> {
        let product = |row: &Vec<f64>| row.iter().zip(c).map(|(f, c)| f * c).sum();
        self.rows.iter().map(product).collect()
    }

    /// `Fᵀ v`.
    pub(in crate::train) fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.n];
        for (row, v) in self.rows.iter().zip(v) {
            for (x, f) in x.iter_mut().zip(row) {
                *x += f * v;
            }
        }
        x
    }
}

/// `L` of a correlation matrix `L Lᵀ`, as far as it is not singular.
struct Factor {
    /// Row by row, each as long as the rank, for every column; zero right of the diagonal.
    lower: Vec<Vec<f64>>,
    /// The independent columns, in the order of pivots.
    basis: Vec<usize>,
    /// The columns that are combinations of them.
    others: Vec<usize>,
}

impl Factor {
    fn new(scale: &[f64], tolerance: f64, correlation: impl Fn(usize, usize) -> f64) -> Self {
        let m = scale.len();
        // What is left of the lower triangle once the pivots' share is taken away.
        let mut left: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let row = (0..i).map(|j| correlation(i, j));
                row.chain([1.0]).collect()
            })
            .collect();
        let mut lower: Vec<Vec<f64>> = vec![Vec::with_capacity(m); m];
        let (mut basis, mut others) = (Vec::new(), (0..m).collect::<Vec<_>>());
        loop {
            let share = |i: usize| left[i][i];
            let largest = others.iter().map(|&i| share(i)).fold(0.0, f64::max);
            // All other columns are combinations of the basis, as far as the numbers tell.
            if largest <= tolerance {
                break;
            }
            let pivot = others
                .iter()
                .enumerate()
                .filter(|&(_, &i)| share(i) >= NEARLY * largest)
                .reduce(|best, next| {
                    if scale[*next.1] > scale[*best.1] {
                        next
                    } else {
                        best
                    }
                });
            let Some((at, &pivot)) = pivot else { break };
            let diagonal = share(pivot);
            others.remove(at);
            let root = diagonal.sqrt();
            lower[pivot].push(root);
            for &i in &others {
                lower[i].push(left[i.max(pivot)][i.min(pivot)] / root);
            }
            // The Schur complement: what the new pivot says of the other columns is known now.
            for &i in &others {
                let own = lower[i][basis.len()];
                for &j in others.iter().take_while(|&&j| j <= i) {
                    left[i][j] -= own * lower[j][basis.len()];
                }
            }
            basis.push(pivot);
        }
        Self {
            lower,
            basis,
            others,
        }
    }

    fn rank(&self) -> usize {
        self.basis.len()
    }

    /// Row `row` of `L⁻¹` of the basis: `x` with `x L = e`, as long as `row + 1`.
    fn inverse_row(&self, row: usize) -> Vec<f64> {
        let mut x = vec![0.0; row + 1];
        for j in (0..=row).rev() {
            let known: f64 = (j + 1..=row)
                .map(|k| x[k] * self.lower[self.basis[k]][j])
                .sum();
            let unit = if j == row { 1.0 } else { 0.0 };
            x[j] = (unit - known) / self.lower[self.basis[j]][j];
        }
        x
    }

    /// The shares of the basis in the other column `column`: `x` with `xᵀ L = its row`.
    fn combination(&self, column: usize) -> Vec<f64> {
        let mut x = self.lower[column].clone();
        for j in (0..self.rank()).rev() {
            for k in j + 1..self.rank() {
                x[j] -= x[k] * self.lower[self.basis[k]][j];
            }
            x[j] /= self.lower[self.basis[j]][j];
        }
        x
    }
}

/// Turns solutions on the basis alone into those of the smallest norm over all columns.
///
/// With `T` the combinations, `u` on the basis and 0 elsewhere is as good as `u − T a` on the basis
/// and `a` elsewhere, for any `a`. Finding the `a` of the smallest norm is a least squares problem
/// of its own, whose rows differ in size as much as the units of the columns do.
struct Spread {
    combinations: Vec<Vec<f64>>,
    /// For each independent column, what its unit counts.
    weights: Vec<f64>,
    problem: Graded,
}

impl Spread {
    fn new(factor: &Factor, scale: &[f64]) -> Self {
        // The norm is that in raw units, where a column of a small scale has a large coefficient. All
        // weights are at most 1, so that nothing overflows.
        let finest = scale.iter().copied().fold(f64::INFINITY, f64::min);
        let weights: Vec<f64> = factor.basis.iter().map(|&i| finest / scale[i]).collect();
        let combinations: Vec<Vec<f64>> = factor
            .others
            .iter()
            .map(|&i| factor.combination(i))
            .collect();
        let columns = combinations.iter().zip(&factor.others).enumerate();
        let columns = columns.map(|(index, (combination, &other))| {
            let parts = combination.iter().zip(&weights).map(|(&part, weight)| {
                if part.abs() > NO_PART {
                    -part * weight
                } else {
                    0.0
                }
            });
            let own = (0..factor.others.len()).map(|i| {
                if i == index {
                    finest / scale[other]
                } else {
                    0.0
                }
            });
            parts.chain(own).collect()
        });
        let problem = Graded::new(&columns.collect::<Vec<_>>());
        Self {
            combinations,
            weights,
            problem,
        }
    }

    /// Row `row` of `F`, columns scaled to unit length: pairs of a column and its value.
    fn row(&self, factor: &Factor, row: usize) -> Vec<(usize, f64)> {
        // First a solution on the basis alone. Then as much of it as shortens the norm goes to the
        // other columns, and the basis gives up what they take over.
        let mut on_basis = factor.inverse_row(row);
        on_basis.resize(factor.rank(), 0.0);
        let on_basis_felt = on_basis.iter().zip(&self.weights);
        let right: Vec<f64> = on_basis_felt
            .map(|(u, weight)| -u * weight)
            .chain(self.combinations.iter().map(|_| 0.0))
            .collect();
        let elsewhere = self.problem.solve(&right);
        for (combination, a) in self.combinations.iter().zip(&elsewhere) {
            for (u, part) in on_basis.iter_mut().zip(combination) {
                *u -= part * a;
            }
        }
        let basis = factor.basis.iter().copied().zip(on_basis);
        basis
            .chain(factor.others.iter().copied().zip(elsewhere))
            .collect()
    }
}
