//! What rows say of the coefficients, when the rows themselves are gone.

use serde::{Deserialize, Serialize};

use super::LogisticModel;
use super::descent::Place;
use super::trainer::NAME;
use crate::train::NotTrained;
use crate::train::numeric::InverseRoot;
use crate::train::numeric::vector::{packed, packed_len, row_times};

/// A logistic model together with how certain its coefficients are: the normal distribution around them
/// whose precision is the matrix of second derivatives of the penalised loss (Laplace's approximation of the
/// posterior; Spiegelhalter and Lauritzen, "Sequential updating of conditional probabilities on directed
/// graphical structures", 1990, do the same with contingency tables).
///
/// It takes `(n + 1)(n + 2)/2` numbers for `n` features, however many rows it was learned from. More rows
/// come in by [`LogisticRegression::update`](super::LogisticRegression::update), with it as their prior;
/// others that were learned from different rows, by [`LogisticPosterior::merge`]. Both approximate the model of all rows together: what they miss
/// goes down as rows become more. The scaler stays that of the first rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct LogisticPosterior {
    pub(super) model: LogisticModel,
    /// The penalty that `precision` contains.
    pub(super) alpha: f64,
    /// The sum of the weights of all rows.
    pub(super) weight: f64,
    /// One coefficient for each feature, then the intercept: the packed lower triangle.
    pub(super) precision: Vec<f64>,
}

/// A posterior as it is saved, which may come from elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    model: LogisticModel,
    alpha: f64,
    weight: f64,
    precision: Vec<f64>,
}

impl TryFrom<Saved> for LogisticPosterior {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let Saved {
            model,
            alpha,
            weight,
            precision,
        } = saved;
        let posterior = Self {
            model,
            alpha,
            weight,
            precision,
        };
        posterior.checked()
    }
}

impl LogisticPosterior {
    /// What was found at the minimum of a penalised loss.
    pub(super) fn new(model: LogisticModel, place: &Place, alpha: f64) -> Self {
        let n = model.coefficients.len();
        // Features that were left out are as certain as the penalty makes them.
        let mut precision = vec![0.0; packed_len(n + 1)];
        for feature in 0..n {
            precision[packed(feature, feature)] = alpha;
        }
        let columns = place.point.columns.iter().copied().chain([n]);
        let columns: Vec<usize> = columns.collect();
        for (i, &row) in columns.iter().enumerate() {
            for (j, &column) in columns[..=i].iter().enumerate() {
                precision[packed(row, column)] = place.hessian[packed(i, j)];
            }
        }
        Self {
            model,
            alpha,
            weight: place.weight,
            precision,
        }
    }

    /// The most probable model.
    #[must_use]
    pub const fn model(&self) -> &LogisticModel {
        &self.model
    }

    /// The most probable model, without what is known of others.
    #[must_use]
    pub fn into_model(self) -> LogisticModel {
        self.model
    }

    /// This one, if its numbers belong together.
    pub(super) fn checked(self) -> Result<Self, String> {
        let n = self.model.coefficients.len();
        if self.precision.len() != packed_len(n + 1) {
            return Err(format!(
                "logistic posterior: expected {} numbers of the precision, got {}",
                packed_len(n + 1),
                self.precision.len()
            ));
        }
        let scalars = [self.alpha, self.weight];
        let mut numbers = self.precision.iter().chain(&scalars);
        if !numbers.all(|number| number.is_finite()) || self.alpha < 0.0 || self.weight <= 0.0 {
            return Err("logistic posterior: a number is out of range".into());
        }
        Ok(Self {
            model: self.model.checked()?,
            ..self
        })
    }

    /// Adds what was learned from different rows of the same features. Rows that both have seen count twice.
    ///
    /// The two densities are multiplied, and the penalty of the other is taken out: the precisions add up,
    /// and the coefficients are means weighted by them.
    ///
    /// # Errors
    /// [`NotTrained::Features`] if the numbers of features differ.
    pub fn merge(&self, other: &Self) -> Result<Self, NotTrained> {
        let (own, their) = (&self.model, &other.model);
        let n = own.coefficients.len();
        if their.coefficients.len() != n {
            let (expected, got) = (n, their.coefficients.len());
            return Err(NotTrained::Features { expected, got });
        }
        let (precision, information) = other.in_units_of(own);
        // The way from the own coefficients to those of both.
        let center = coordinates(own);
        let ahead = information.iter().enumerate();
        let ahead: Vec<f64> = ahead
            .map(|(row, information)| information - row_times(&precision, row, &center))
            .collect();
        let pairs = self.precision.iter().zip(&precision);
        let sum: Vec<f64> = pairs.map(|(own, their)| own + their).collect();
        let certain = |&at: &usize| sum[packed(at, at)] > 0.0;
        let columns: Vec<usize> = (0..=n).filter(certain).collect();
        let root = InverseRoot::new(n + 1, &columns, f64::EPSILON, |i, j| sum[packed(i, j)]);
        let step = root.transposed_times(&root.times(&ahead));
        let mut model = own.clone();
        let values = model.coefficients.iter_mut().chain([&mut model.intercept]);
        values.zip(step).for_each(|(value, step)| *value += step);
        model.dropped.retain(|name| their.dropped.contains(name));
        model.n_samples = own.n_samples.saturating_add(their.n_samples);
        model.newton_steps = own.newton_steps.max(their.newton_steps);
        model.gradient_norm = own.gradient_norm.max(their.gradient_norm);
        let merged = Self {
            model,
            alpha: self.alpha,
            weight: self.weight + other.weight,
            precision: sum,
        };
        merged.checked().map_err(unusable)
    }

    /// The precision without the penalty, and the precision with it times the coefficients, for features that
    /// are standardised like those of another model.
    fn in_units_of(&self, other: &LogisticModel) -> (Vec<f64>, Vec<f64>) {
        let n = self.model.coefficients.len();
        // Of a standardised feature of the other one: what a unit of the own one is, and where its 0 is.
        let scalers = self.model.scale.iter().zip(&other.scale);
        let unit: Vec<f64> = scalers.clone().map(|(own, other)| own / other).collect();
        let means = self.model.mean.iter().zip(&other.mean);
        let zero: Vec<f64> = means
            .zip(scalers)
            .map(|((own, mean), (_, scale))| (own - mean) / scale)
            .collect();
        let own = |i: usize, j: usize| {
            let penalty = if i == j && i < n { self.alpha } else { 0.0 };
            self.precision[packed(i, j)] - penalty
        };
        let mut precision = vec![0.0; packed_len(n + 1)];
        for i in 0..n {
            for j in 0..=i {
                precision[packed(i, j)] = unit[i] * unit[j] * own(i, j)
                    + unit[i] * zero[j] * own(i, n)
                    + zero[i] * unit[j] * own(j, n)
                    + zero[i] * zero[j] * own(n, n);
            }
            precision[packed(n, i)] = unit[i] * own(n, i) + zero[i] * own(n, n);
        }
        precision[packed(n, n)] = own(n, n);

        let center = coordinates(&self.model);
        let times_center = |row| row_times(&self.precision, row, &center);
        let total = times_center(n);
        let mut information: Vec<f64> = (0..n)
            .map(|row| unit[row] * times_center(row) + zero[row] * total)
            .collect();
        information.push(total);
        (precision, information)
    }
}

/// The coefficients, then the intercept.
pub(super) fn coordinates(model: &LogisticModel) -> Vec<f64> {
    let coefficients = model.coefficients.iter().copied();
    coefficients.chain([model.intercept]).collect()
}

/// That numbers came out of it which no model has.
pub(super) fn unusable(message: String) -> NotTrained {
    let library = NAME.to_owned();
    NotTrained::Library { library, message }
}
