use std::collections::BTreeMap;

use super::{FittedLabel, Label, Task};
use crate::error::ConfigError;
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
    /// [`ConfigError::Value`] unless the edges are finite, at least 0 and strictly increasing.
    pub fn new(edges: [f64; 3]) -> Result<Self, ConfigError> {
        let legal = edges.iter().all(|edge| (0.0..=1e12).contains(edge))
            && edges.windows(2).all(|pair| pair[0] < pair[1]);
        if legal {
            Ok(Self { edges })
        } else {
            Err(ConfigError::value(
                "quantity_edges",
                "three increasing numbers from 0 to 1e12",
                format!("{edges:?}"),
            ))
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
