use std::collections::BTreeMap;

use super::{FittedLabel, Label, Task};
use crate::feature::{Rows, StandardFeature};

/// Quantity × price of a row, in currency units.
#[derive(Debug, Clone, Copy, Default)]
pub struct TotalAmount;

impl TotalAmount {
    /// The name of the target.
    pub const NAME: &'static str = "total_amount";
}

impl Label for TotalAmount {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn task(&self) -> Task {
        Task::Regression
    }

    fn depends_on_slice(&self) -> bool {
        false
    }

    fn fit(&self, _slice: &Rows) -> Box<dyn FittedLabel> {
        Box::new(Self)
    }
}

impl FittedLabel for TotalAmount {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        let mut values = Vec::with_capacity(rows.len());
        for segment in rows.segments() {
            StandardFeature::TotalAmount.append_column(&segment.frame, &segment.range, &mut values);
        }
        values
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }
}
