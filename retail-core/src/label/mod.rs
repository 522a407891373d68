//! What models learn to predict.
//!
//! A [`Label`] is fitted on the rows of a training slice, as the threshold of [`HighValueCustomer`]
//! is. The [`FittedLabel`] is then applied to those rows or to others. So nothing is ever learned
//! from the rows on which a model is measured.

mod error;
mod high_value;
mod quantity_category;
mod task;
mod total_amount;

use std::collections::BTreeMap;

use crate::feature::Rows;

pub use error::LabelError;
pub use high_value::{HighValueCustomer, HighValueRule};
pub use quantity_category::QuantityCategory;
pub use task::Task;
pub use total_amount::TotalAmount;

/// A target of prediction. Implement it to add one of your own.
pub trait Label: Send + Sync {
    /// The name of the target, for example `quantity_category`.
    fn name(&self) -> &str;

    /// What kind of target it is.
    fn task(&self) -> Task;

    /// Whether fitting learns anything from the slice. If it does not, as for the total amount, a row
    /// has the same value in every slice, and the engine can keep summaries of batches.
    fn depends_on_slice(&self) -> bool {
        true
    }

    /// Learns from the rows of a training slice what is needed to label rows.
    fn fit(&self, slice: &Rows) -> Box<dyn FittedLabel>;
}

/// A label that has been fitted on a training slice.
pub trait FittedLabel: Send + Sync {
    /// One value a row: a number for a regression, the index of the class for a classification.
    fn apply(&self, rows: &Rows) -> Vec<f64>;

    /// What was learned or configured, by name, for the artefact.
    fn parameters(&self) -> BTreeMap<String, f64>;
}
