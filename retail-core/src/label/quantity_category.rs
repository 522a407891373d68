use std::collections::BTreeMap;

use super::{FittedLabel, Label, LabelError, Task};
use crate::feature::Rows;

/// The size of a row's quantity: Low, Medium, High or Bulk.
///
/// With edges `[1, 5, 20]`: Low ≤ 1 < Medium ≤ 5 < High ≤ 20 < Bulk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantityCategory {
    edges: [f64; 3],
}

impl QuantityCategory {
    /// The name of the target.
    pub const NAME: &'static str = "quantity_category";

    /// The names of the classes, in order.
    pub const CLASSES: [&'static str; 4] = ["Low", "Medium", "High", "Bulk"];

    /// The largest quantities that are Low, Medium and High, inclusive.
    ///
    /// # Errors
    /// [`LabelError::QuantityEdges`] unless the edges lie in `[0, 1e12]` and increase strictly.
    pub fn new(edges: [f64; 3]) -> Result<Self, LabelError> {
        let legal = edges.iter().all(|edge| (0.0..=1e12).contains(edge))
            && edges.windows(2).all(|pair| pair[0] < pair[1]);
        if legal {
            Ok(Self { edges })
        } else {
            Err(LabelError::QuantityEdges { got: edges })
        }
    }

    /// The index of the class of a quantity.
    ///
    /// ```
    /// use retail_core::label::QuantityCategory;
    /// let category = QuantityCategory::default();
    /// assert_eq!([1.0, 2.0, 5.0, 6.0, 20.0, 21.0].map(|q| category.class(q)), [0, 1, 1, 2, 2, 3]);
    /// ```
    #[must_use]
    pub fn class(&self, quantity: f64) -> usize {
        self.edges.iter().filter(|&&edge| quantity > edge).count()
    }
}

impl Default for QuantityCategory {
    fn default() -> Self {
        Self {
            edges: [1.0, 5.0, 20.0],
        }
    }
}

impl Label for QuantityCategory {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn task(&self) -> Task {
        Task::Multiclass {
            classes: Self::CLASSES.map(String::from).to_vec(),
        }
    }

    fn depends_on_slice(&self) -> bool {
        false
    }

    fn fit(&self, _slice: &Rows) -> Box<dyn FittedLabel> {
        Box::new(*self)
    }
}

impl FittedLabel for QuantityCategory {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        let mut values = Vec::with_capacity(rows.len());
        for segment in rows.segments() {
            let quantities = &segment.frame.quantity[segment.range.clone()];
            values.extend(quantities.iter().map(|&q| self.class(q) as f64));
        }
        values
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        ["low_max", "medium_max", "high_max"]
            .into_iter()
            .map(String::from)
            .zip(self.edges)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_edges_are_refused() {
        for got in [
            [5.0, 1.0, 20.0],
            [1.0, 1.0, 20.0],
            [-1.0, 5.0, 20.0],
            [1.0, 5.0, f64::INFINITY],
            [1.0, f64::NAN, 20.0],
        ] {
            let refused = QuantityCategory::new(got);
            let edges = matches!(refused, Err(LabelError::QuantityEdges { .. }));
            assert!(edges, "{got:?}: {refused:?}");
        }
    }
}
