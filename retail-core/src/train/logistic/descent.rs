//! The way down to the minimum of the loss.

use serde::{Deserialize, Serialize};

use super::{LogisticPoint, LogisticSums};
use crate::train::NotTrained;
use crate::train::numeric::InverseRoot;
use crate::train::numeric::vector::{packed, packed_len, row_times};

/// A Newton step at most this long, relative to one standard deviation and the coefficients, leads
/// nowhere else: the point is the minimum.
const NO_STEP: f64 = 1e-8;
/// A step at most this long ends near a minimum; from a flat place of a loss without minimum it is
/// longer.
const SHORT_STEP: f64 = 1e-3;
/// A column is dependent if others leave this share of its curvature. The gradient is exact, so an
/// inexact step costs steps only: much less than for least squares will do.
const DEPENDENT: f64 = 1e-14;
/// Others leave at most this share of the curvature of a column that nearly depends on them.
const NEARLY_DEPENDENT: f64 = 1e-8;
/// Curvatures per row at most this large call for more bits.
const CERTAIN: f64 = 1e-5;
/// The most halvings of a step.
const HALVINGS: i32 = 40;

/// The loss of logistic regression with an L2 penalty, and when its minimum counts as found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loss<'a> {
    /// The penalty on the summed loss.
    pub(super) alpha: f64,
    /// What earlier rows say, the penalty included.
    pub(super) prior: Option<Prior<'a>>,
    pub(super) max_steps: u64,
    pub(super) gradient_tolerance: f64,
}

/// A normal distribution of the coefficients, and of the intercept behind them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior<'a> {
    pub(super) center: &'a [f64],
    /// The packed lower triangle.
    pub(super) precision: &'a [f64],
}

/// Where Newton's method has come to, and the point that it asks about next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descent {
    /// The best point so far.
    place: Place,
    /// The Newton step from there.
    step: Vec<f64>,
    /// How often the step has been halved.
    halvings: i32,
    /// The point that the rows are asked about.
    pub(super) trial: LogisticPoint,
}

/// A point whose derivatives are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) point: LogisticPoint,
    /// The gradient of the penalised loss.
    gradient: Vec<f64>,
    pub(super) hessian: Vec<f64>,
    /// The sum of the weights of all rows.
    pub(super) weight: f64,
    /// Euclidean norm of the gradient per unit of weight.
    pub(super) gradient_norm: f64,
    pub(super) steps: u64,
}

impl Descent {
    /// Whether the lengths agree, for states from elsewhere.
    pub(super) fn is_sound(&self, n_features: usize) -> bool {
        let (place, trial) = (&self.place, &self.trial);
        let n = trial.coefficients.len() + 1;
        [&place.point, trial]
            .iter()
            .all(|point| point.is_sound() && point.mean.len() == n_features)
            && place.point.columns == trial.columns
            && place.gradient.len() == n
            && place.hessian.len() == packed_len(n)
            && (0..HALVINGS).contains(&self.halvings)
    }
}

/// What follows a look at a point.
pub(super) enum Onward {
    Ask(Descent),
    Found(Place),
}

impl Loss<'_> {
    /// The first place, whose derivatives are exact.
    pub(super) fn start(
        &self,
        point: LogisticPoint,
        derivatives: (Vec<f64>, Vec<f64>),
        weight: f64,
    ) -> Place {
        let mut place = self.place(point, derivatives, weight, 0);
        place.point.precise = place.is_delicate();
        place
    }

    /// A point with the derivatives of its loss without penalty and prior, which are added here.
    pub(super) fn place(
        &self,
        point: LogisticPoint,
        (mut gradient, mut hessian): (Vec<f64>, Vec<f64>),
        weight: f64,
        steps: u64,
    ) -> Place {
        match self.prior {
            Some(prior) => prior.add_derivatives(&point, &mut gradient, &mut hessian),
            None => {
                for (index, coefficient) in point.coefficients.iter().enumerate() {
                    gradient[index] += self.alpha * coefficient;
                    hessian[packed(index, index)] += self.alpha;
                }
            }
        }
        Place {
            gradient_norm: norm(&gradient) / weight,
            weight,
            point,
            gradient,
            hessian,
            steps,
        }
    }

    /// What to do at a place: look more closely, stop there, or try a Newton step.
    pub(super) fn at(&self, place: Place) -> Result<Onward, NotTrained> {
        if !place.point.precise && place.is_delicate() {
            let mut trial = place.point.clone();
            trial.precise = true;
            let (step, halvings) = (Vec::new(), 0);
            return Ok(Onward::Ask(Descent {
                place,
                step,
                halvings,
                trial,
            }));
        }
        let step = place.newton_step();
        let length = place.relative_length(&step);
        // Written so that NaN is not flat.
        let flat = place.gradient_norm <= self.gradient_tolerance;
        if flat && length <= NO_STEP {
            return Ok(Onward::Found(place));
        }
        // Without a penalty, a loss without minimum is ever flatter.
        let endless = self.alpha == 0.0
            && place.gradient_norm <= 1e-3 * self.gradient_tolerance
            && length > SHORT_STEP;
        if endless || place.steps == self.max_steps {
            return self.stuck(place, &step);
        }
        let halvings = 0;
        let trial = place.moved(&step, 1.0);
        Ok(Onward::Ask(Descent {
            place,
            step,
            halvings,
            trial,
        }))
    }

    /// Goes on from the trial point if the gradient is smaller there, and halves the step if not.
    /// With enough halvings it is, for a Newton step is a direction of descent of its norm (Boyd and
    /// Vandenberghe, "Convex Optimization", 2004, sections 9.5 and 10.3).
    pub(super) fn tried(
        &self,
        descent: Descent,
        sums: &LogisticSums,
        weight: f64,
    ) -> Result<Option<Onward>, NotTrained> {
        let Some(derivatives) = sums.derivatives(&descent.trial) else {
            return Ok(None);
        };
        let Descent {
            place,
            step,
            halvings,
            trial,
        } = descent;
        if trial.precise != place.point.precise {
            let same = self.place(trial, derivatives, weight, place.steps);
            return self.at(same).map(Some);
        }
        let next = self.place(trial, derivatives, weight, place.steps.saturating_add(1));
        if next.gradient_norm < place.gradient_norm {
            return self.at(next).map(Some);
        }
        let halvings = halvings + 1;
        if halvings == HALVINGS {
            return self.stuck(place, &step).map(Some);
        }
        let trial = place.moved(&step, 0.5_f64.powi(halvings));
        Ok(Some(Onward::Ask(Descent {
            place,
            step,
            halvings,
            trial,
        })))
    }

    /// What it means that no step leads on.
    fn stuck(&self, place: Place, step: &[f64]) -> Result<Onward, NotTrained> {
        let flat = place.gradient_norm <= self.gradient_tolerance;
        if flat && place.relative_length(step) <= SHORT_STEP {
            Ok(Onward::Found(place))
        } else if flat {
            Err(NotTrained::Separated)
        } else {
            Err(NotTrained::NotConverged {
                iterations: place.steps,
                gradient_norm: place.gradient_norm,
            })
        }
    }
}

impl Prior<'_> {
    fn add_derivatives(&self, point: &LogisticPoint, gradient: &mut [f64], hessian: &mut [f64]) {
        let at = point.coefficients.iter().chain([&point.intercept]);
        let away: Vec<f64> = at
            .zip(self.center)
            .map(|(at, center)| at - center)
            .collect();
        for (row, slope) in gradient.iter_mut().enumerate() {
            *slope += row_times(self.precision, row, &away);
        }
        for (sum, precision) in hessian.iter_mut().zip(self.precision) {
            *sum += precision;
        }
    }
}

impl Place {
    /// Whether a step takes more precise second derivatives.
    fn is_delicate(&self) -> bool {
        let n = self.gradient.len();
        let all: Vec<usize> = (0..n).collect();
        let element = |i, j| self.hessian[packed(i, j)];
        let flat = |&column: &usize| {
            let curvature = element(column, column);
            curvature.is_nan() || curvature <= CERTAIN * self.weight
        };
        all.iter().any(flat) || InverseRoot::new(n, &all, NEARLY_DEPENDENT, element).rank() < n
    }

    /// The length of a step beside one standard deviation and the coefficients.
    fn relative_length(&self, step: &[f64]) -> f64 {
        norm(step) / (1.0 + norm(&self.point.coefficients) + self.point.intercept.abs())
    }

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
