//! The logistic loss: its gradient, and Newton steps to its minimum.

use ndarray::{Array1, Array2, ArrayView1, Axis};

/// What is minimised, divided by the number of samples.
pub(super) struct Problem<'a> {
    /// Standardised features, `(n_samples, n_features)`.
    pub(super) features: &'a Array2<f64>,
    /// 0 or 1, one a sample.
    pub(super) target: ArrayView1<'a, f64>,
    /// The L2 penalty on the summed loss.
    pub(super) alpha: f64,
}

/// Coefficients and intercept.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) coefficients: Array1<f64>,
    pub(super) intercept: f64,
}

/// Where Newton's method ended.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    pub(super) point: Point,
    /// Euclidean norm of the gradient per sample.
    pub(super) gradient_norm: f64,
    pub(super) newton_steps: u64,
}

impl Point {
    pub(super) fn origin(n_features: usize) -> Self {
        Self {
            coefficients: Array1::zeros(n_features),
            intercept: 0.0,
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.intercept.is_finite() && self.coefficients.iter().all(|c| c.is_finite())
    }

    /// This point plus `share` of a step, whose last element is the intercept's.
    fn moved(&self, step: &Array1<f64>, share: f64) -> Self {
        let (of_coefficients, of_intercept) =
            step.view().split_at(Axis(0), self.coefficients.len());
        Self {
            coefficients: &self.coefficients + &(&of_coefficients * share),
            intercept: self.intercept + share * of_intercept.sum(),
        }
    }
}

/// The logistic function, without overflow.
pub(super) fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

impl Problem<'_> {
    /// Linear scores at a point, `(n_samples,)`.
    fn scores(&self, point: &Point) -> Array1<f64> {
        self.features.dot(&point.coefficients) + point.intercept
    }

    /// The gradient per sample; its last element is the intercept's.
    fn gradient(&self, point: &Point, scores: &Array1<f64>) -> Array1<f64> {
        let n = self.target.len() as f64;
        let residuals: Array1<f64> = scores
            .iter()
            .zip(self.target)
            // p − y, without the cancellation of 1 − p near 1.
            .map(|(&z, &y)| if y == 1.0 { -sigmoid(-z) } else { sigmoid(z) })
            .collect();
        let mut gradient = self.features.t().dot(&residuals);
        gradient.scaled_add(self.alpha, &point.coefficients);
        let intercept = residuals.sum();
        gradient
            .into_iter()
            .chain([intercept])
            .map(|g| g / n)
            .collect()
    }

    /// The matrix of second derivatives per sample; its last row and column are the intercept's.
    fn hessian(&self, scores: &Array1<f64>) -> Array2<f64> {
        let (n, p) = (self.target.len() as f64, self.features.ncols());
        let weights = scores.mapv(|z| sigmoid(z) * sigmoid(-z));
        let mut hessian = Array2::zeros((p + 1, p + 1));
        for (i, column) in self.features.axis_iter(Axis(1)).enumerate() {
            let weighted = &column * &weights;
            for j in 0..=i {
                let value = weighted.dot(&self.features.column(j)) / n;
                hessian[(i, j)] = value;
                hessian[(j, i)] = value;
            }
            hessian[(i, i)] += self.alpha / n;
            hessian[(p, i)] = weighted.sum() / n;
            hessian[(i, p)] = hessian[(p, i)];
        }
        hessian[(p, p)] = weights.sum() / n;
        hessian
    }

    /// Newton steps from `start` until the gradient is within `tolerance`, no step makes it
    /// smaller, or `max_steps` are done. Steps are halved until the gradient shrinks.
    pub(super) fn newton(&self, start: Point, max_steps: u64, tolerance: f64) -> Optimum {
        let mut scores = self.scores(&start);
        let mut gradient = self.gradient(&start, &scores);
        let mut optimum = Optimum {
            gradient_norm: norm(&gradient),
            point: start,
            newton_steps: 0,
        };
        while optimum.gradient_norm > tolerance && optimum.newton_steps < max_steps {
            let Some(step) = solve(self.hessian(&scores), &-&gradient) else {
                break;
            };
            let better = (0..40).find_map(|halvings| {
                let point = optimum.point.moved(&step, 0.5_f64.powi(halvings));
                let scores = self.scores(&point);
                let gradient = self.gradient(&point, &scores);
                let smaller = norm(&gradient) < optimum.gradient_norm && point.is_finite();
                smaller.then_some((point, scores, gradient))
            });
            let Some(better) = better else { break };
            (optimum.point, scores, gradient) = better;
            optimum.gradient_norm = norm(&gradient);
            optimum.newton_steps += 1;
        }
        optimum
    }
}

fn norm(vector: &Array1<f64>) -> f64 {
    vector.dot(vector).sqrt()
}

/// Solves `matrix · x = right` for a symmetric positive definite matrix by Cholesky decomposition
/// (Golub and Van Loan, "Matrix Computations", 4th ed., section 4.2); `None` where it is not.
fn solve(mut matrix: Array2<f64>, right: &Array1<f64>) -> Option<Array1<f64>> {
    let n = right.len();
    for j in 0..n {
        for i in j..n {
            let known: f64 = (0..j).map(|k| matrix[(i, k)] * matrix[(j, k)]).sum();
            let rest = matrix[(i, j)] - known;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                matrix[(j, j)] = rest.sqrt();
            } else {
                matrix[(i, j)] = rest / matrix[(j, j)];
            }
        }
    }
    let mut x = right.clone();
    for i in 0..n {
        let known: f64 = (0..i).map(|k| matrix[(i, k)] * x[k]).sum();
        x[i] = (x[i] - known) / matrix[(i, i)];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| matrix[(k, i)] * x[k]).sum();
        x[i] = (x[i] - known) / matrix[(i, i)];
    }
    Some(x)
}
