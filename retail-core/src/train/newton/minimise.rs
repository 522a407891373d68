use super::NAME;
use super::sums::{LogisticPoint, LogisticSums};
use crate::train::NotTrained;
use crate::train::minimum_norm::InverseRoot;
use crate::train::vector::packed;

/// A Newton step at most this long, relative to one standard deviation and the coefficients, leads
/// nowhere else: the point is the minimum.
const NO_STEP: f64 = 1e-8;
/// A step at most this long ends near a minimum; from a flat place of a loss without minimum it is
/// longer.
const SHORT_STEP: f64 = 1e-3;
/// A column is dependent where others leave this share of its curvature. The gradient is exact, so
/// that an inexact step costs steps only: much less than for least squares will do.
const DEPENDENT: f64 = 1e-14;
/// The most halvings of a step.
const HALVINGS: i32 = 40;

/// The loss of logistic regression with an L2 penalty.
pub(super) struct Loss {
    /// The penalty on the summed loss.
    pub(super) alpha: f64,
    /// The sum of weights of all rows.
    pub(super) weight: f64,
    pub(super) max_steps: u64,
    pub(super) gradient_tolerance: f64,
}

/// Where Newton's method has come to.
pub(super) struct Place {
    pub(super) point: LogisticPoint,
    /// The gradient of the penalised loss.
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// Euclidean norm of the gradient per unit of weight.
    pub(super) gradient_norm: f64,
    pub(super) steps: u64,
}

impl Loss {
    pub(super) fn place(&self, point: LogisticPoint, sums: LogisticSums, steps: u64) -> Place {
        let LogisticSums {
            mut gradient,
            mut hessian,
        } = sums;
        for (index, coefficient) in point.coefficients.iter().enumerate() {
            gradient[index] += self.alpha * coefficient;
            hessian[packed(index, index)] += self.alpha;
        }
        Place {
            gradient_norm: norm(&gradient) / self.weight,
            point,
            gradient,
            hessian,
            steps,
        }
    }

    /// Newton steps until gradient and step are small. Steps are halved until the gradient shrinks,
    /// which with enough halvings it does, for a Newton step is a direction of descent of its norm
    /// (Boyd and Vandenberghe, "Convex Optimization", 2004, section 9.5 and 10.3).
    pub(super) fn minimise<E: From<NotTrained>>(
        &self,
        mut place: Place,
        mut sums_at: impl FnMut(&LogisticPoint) -> Result<LogisticSums, E>,
    ) -> Result<Place, E> {
        loop {
            let step = place.newton_step();
            let size = norm(&place.point.coefficients) + place.point.intercept.abs();
            let length = norm(&step) / (1.0 + size);
            // Written so that NaN is not flat.
            let flat = place.gradient_norm <= self.gradient_tolerance;
            if flat && length <= NO_STEP {
                return Ok(place);
            }
            // Without a penalty, a loss without minimum is ever flatter.
            let endless = self.alpha == 0.0
                && place.gradient_norm <= 1e-3 * self.gradient_tolerance
                && length > SHORT_STEP;
            let better = if endless || place.steps == self.max_steps {
                None
            } else {
                self.descend(&place, &step, &mut sums_at)?
            };
            place = match better {
                Some(better) => better,
                None if flat && length <= SHORT_STEP => return Ok(place),
                None if flat => return Err(NotTrained::Separated.into()),
                None => {
                    return Err(NotTrained::NotConverged {
                        iterations: place.steps,
                        gradient_norm: place.gradient_norm,
                    }
                    .into());
                }
            };
        }
    }

    fn descend<E: From<NotTrained>>(
        &self,
        place: &Place,
        step: &[f64],
        sums_at: &mut impl FnMut(&LogisticPoint) -> Result<LogisticSums, E>,
    ) -> Result<Option<Place>, E> {
        for halvings in 0..HALVINGS {
            let point = place.moved(step, 0.5_f64.powi(halvings));
            let sums = sums_at(&point)?;
            if sums.gradient.len() != place.gradient.len()
                || sums.hessian.len() != place.hessian.len()
            {
                let trainer = NAME.to_owned();
                return Err(NotTrained::ForeignSummary { trainer }.into());
            }
            let next = self.place(point, sums, place.steps + 1);
            if next.gradient_norm < place.gradient_norm {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }
}

impl Place {
    /// The step to the minimum of the second-order approximation; of several, the shortest.
    fn newton_step(&self) -> Vec<f64> {
        let n = self.gradient.len();
        let curved = |&column: &usize| self.hessian[packed(column, column)] > 0.0;
        let columns: Vec<usize> = (0..n).filter(curved).collect();
        let element = |i, j| self.hessian[packed(i, j)];
        let root = InverseRoot::new(n, &columns, DEPENDENT, element);
        let mut step = root.transposed_times(&root.times(&self.gradient));
        for part in &mut step {
            *part = -*part;
        }
        step
    }

    fn moved(&self, step: &[f64], share: f64) -> LogisticPoint {
        let mut point = self.point.clone();
        let parts = point.coefficients.iter_mut().chain([&mut point.intercept]);
        for (part, step) in parts.zip(step) {
            *part += share * step;
        }
        point
    }
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}
