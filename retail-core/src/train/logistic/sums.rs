use serde::{Deserialize, Serialize};

use super::LogisticPoint;
use super::grid::Grid;
use crate::train::NotTrained;

/// Sums over rows of the first and second derivatives of the logistic loss at a [`LogisticPoint`],
/// without the penalty. They are exact multiples of fixed units, so sums over disjoint rows merge
/// to the same bytes in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticSums {
    /// By each coefficient, then by the intercept; then the packed lower triangle of pairs. In
    /// units that follow from the point; the high and low 62 bits of each.
    units: Vec<[i64; 2]>,
}

const LOW_BITS: u32 = 62;

impl LogisticSums {
    pub(super) fn new(units: &[i128]) -> Self {
        let split = |&units: &i128| {
            let high = units >> LOW_BITS;
            [high as i64, (units - (high << LOW_BITS)) as i64]
        };
        Self {
            units: units.iter().map(split).collect(),
        }
    }

    fn units(&self) -> impl Iterator<Item = i128> {
        let joined = |[high, low]: &[i64; 2]| (i128::from(*high) << LOW_BITS) + i128::from(*low);
        self.units.iter().map(joined)
    }

    /// Adds the sums over other rows.
    pub(super) fn merge(&mut self, other: &Self, trainer: &str) -> Result<(), NotTrained> {
        if self.units.len() != other.units.len() {
            return Err(NotTrained::foreign(trainer));
        }
        let pairs = self.units().zip(other.units());
        let sums: Option<Vec<i128>> = pairs.map(|(a, b)| a.checked_add(b)).collect();
        *self = Self::new(&sums.ok_or_else(|| NotTrained::foreign(trainer))?);
        Ok(())
    }

    /// The gradient and the packed matrix of second derivatives; `None` for sums at another point.
    pub(super) fn derivatives(&self, point: &LogisticPoint) -> Option<(Vec<f64>, Vec<f64>)> {
        let bits = point.sum_bits();
        if bits.len() != self.units.len() {
            return None;
        }
        let values = self.units().zip(bits);
        let mut gradient: Vec<f64> = values
            .map(|(units, bits)| units as f64 * Grid::unit(bits))
            .collect();
        let hessian = gradient.split_off(point.coefficients.len() + 1);
        Some((gradient, hessian))
    }
}
