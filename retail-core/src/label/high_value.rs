use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{FittedLabel, Label, LabelError, Task};
use crate::feature::Rows;
use crate::record::{MILLS_PER_UNIT, mills};

/// The spend from which a customer is of high value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HighValueRule {
    /// At or above this quantile of the spends of the slice's customers, interpolated linearly
    /// between neighbours (type 7 of Hyndman and Fan, "Sample quantiles in statistical packages",
    /// 1996; the default of NumPy).
    Quantile(f64),
    /// At or above this spend, in currency units.
    Threshold(f64),
}

/// Whether the customer of a row is of high value: 1 for rows of customers whose spend within the
/// training slice reaches the rule's threshold, 0 for the others.
///
/// Spend and threshold come from the training slice alone. Rows of a later slice are labelled by
/// what their customer spent in the training slice; a customer unknown there spent nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HighValueCustomer {
    rule: HighValueRule,
}

impl HighValueCustomer {
    /// The name of the target.
    pub const NAME: &'static str = "high_value_customer";

    /// A label by this rule.
    ///
    /// # Errors
    /// [`LabelError::Quantile`] unless the quantile lies in `[0, 1]`; [`LabelError::Threshold`]
    /// unless the threshold lies in `[0, 1e15]`.
    pub fn new(rule: HighValueRule) -> Result<Self, LabelError> {
        match rule {
            HighValueRule::Quantile(got) if !(0.0..=1.0).contains(&got) => {
                Err(LabelError::Quantile { got })
            }
            HighValueRule::Threshold(got) if !(0.0..=1e15).contains(&got) => {
                Err(LabelError::Threshold { got })
            }
            _ => Ok(Self { rule }),
        }
    }
}

impl Default for HighValueCustomer {
    /// The 75th percentile.
    fn default() -> Self {
        Self {
            rule: HighValueRule::Quantile(0.75),
        }
    }
}

impl Label for HighValueCustomer {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn task(&self) -> Task {
        Task::Binary
    }

    fn fit(&self, slice: &Rows) -> Box<dyn FittedLabel> {
        let mut spend: HashMap<u64, i128> = HashMap::new();
        for segment in slice.segments() {
            let frame = &segment.frame;
            for row in segment.range.clone() {
                let amount = i128::from(mills(frame.price[row])) * frame.quantity[row] as i128;
                *spend.entry(frame.customer[row]).or_default() += amount;
            }
        }
        let threshold = match self.rule {
            HighValueRule::Quantile(q) => {
                let mut spends: Vec<i128> = spend.values().copied().collect();
                spends.sort_unstable();
                quantile(&spends, q)
            }
            HighValueRule::Threshold(units) => units * MILLS_PER_UNIT,
        };
        Box::new(Fitted { spend, threshold })
    }
}

/// The quantile `q` of ascending values, interpolated linearly; infinite if there are none.
fn quantile(ascending: &[i128], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else {
        return f64::INFINITY;
    };
    let place = q * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let step = (ascending[above] - ascending[below]) as f64;
    ascending[below] as f64 + (place - below as f64) * step
}

/// Spends and threshold in mills.
struct Fitted {
    spend: HashMap<u64, i128>,
    threshold: f64,
}

impl FittedLabel for Fitted {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        let mut values = Vec::with_capacity(rows.len());
        for segment in rows.segments() {
            let customers = &segment.frame.customer[segment.range.clone()];
            values.extend(customers.iter().map(|customer| {
                let spend = self.spend.get(customer).copied().unwrap_or(0);
                f64::from(u8::from(spend as f64 >= self.threshold))
            }));
        }
        values
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        BTreeMap::from([("spend_threshold".into(), self.threshold / MILLS_PER_UNIT)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated_like_numpy() {
        let values = [1000, 2000, 3000, 4000];
        assert_eq!(quantile(&values, 0.75), 3250.0);
        assert_eq!(quantile(&values, 0.0), 1000.0);
        assert_eq!(quantile(&values, 1.0), 4000.0);
        assert_eq!(quantile(&[7], 0.75), 7.0);
        assert_eq!(quantile(&[], 0.75), f64::INFINITY);
    }

    #[test]
    fn illegal_rules_are_refused() {
        for got in [1.1, -0.1, f64::NAN] {
            let refused = HighValueCustomer::new(HighValueRule::Quantile(got));
            let quantile = matches!(refused, Err(LabelError::Quantile { .. }));
            assert!(quantile, "{got}: {refused:?}");
        }
        for got in [-1.0, f64::INFINITY, f64::NAN] {
            let refused = HighValueCustomer::new(HighValueRule::Threshold(got));
            let threshold = matches!(refused, Err(LabelError::Threshold { .. }));
            assert!(threshold, "{got}: {refused:?}");
        }
    }
}
