use serde::{Deserialize, Serialize};

use super::foreign;
use crate::train::{Moments, NotTrained, Summary};

/// What [`LeastSquares`](super::LeastSquares) keeps of some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSummary {
    feature_names: Vec<String>,
    moments: Moments,
}

impl LinearSummary {
    /// A summary of rows with these moments, whose features have these names.
    #[must_use]
    pub const fn new(feature_names: Vec<String>, moments: Moments) -> Self {
        Self {
            feature_names,
            moments,
        }
    }

    /// Names of the features, in order.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The moments.
    #[must_use]
    pub const fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Adds the rows of another summary.
    ///
    /// # Errors
    /// [`NotTrained::ForeignSummary`] for other features, [`NotTrained::Overflow`] where the sums
    /// are beyond the range of a number; nothing has been added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), NotTrained> {
        if self.feature_names != other.feature_names
            || self.moments.n_features() != other.moments.n_features()
        {
            return Err(foreign());
        }
        let merged = self.moments.merge(&other.moments);
        merged.map_err(|error| error.into_reason(|column| self.column_name(column)))
    }

    /// The name of a feature, or `target`.
    pub(super) fn column_name(&self, column: usize) -> String {
        if column == self.moments.target() {
            return "target".to_owned();
        }
        let name = self.feature_names.get(column).cloned();
        name.unwrap_or_else(|| format!("feature {column}"))
    }
}

impl Summary for LinearSummary {
    fn n_samples(&self) -> u64 {
        self.moments.n_samples()
    }
}
