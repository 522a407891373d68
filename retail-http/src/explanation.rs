//! What features contribute to an answer, as JSON.

use ndarray::{ArrayView1, Axis};
use retail_core::label::Task;
use retail_core::train::{Contributions, Scale};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::Object;
use crate::predict::Predicted;

/// The explanation of the answer for one row.
pub(crate) struct Explanation<'a> {
    of: &'a Predicted,
    contributions: &'a Contributions,
    row: usize,
}

/// What contributions to one number sum to, and from where.
#[derive(Serialize)]
struct Sum<'a> {
    base: f64,
    contributions: Object<Vec<(&'a str, f64)>>,
}

impl<'a> Explanation<'a> {
    /// `None` if none was asked for.
    pub(crate) fn of(of: &'a Predicted, row: usize) -> Option<Self> {
        let contributions = of.contributions.as_ref()?;
        Some(Self {
            of,
            contributions,
            row,
        })
    }

    fn sum(&self, output: usize) -> Sum<'a> {
        let features = self.of.served.artefact.info.features.names();
        let row = self.contributions.values.index_axis(Axis(0), self.row);
        let values: ArrayView1<'_, f64> = row.index_axis(Axis(0), output);
        Sum {
            base: self.contributions.base[output],
            contributions: Object(features.zip(values.iter().copied()).collect()),
        }
    }
}

impl Serialize for Explanation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scale = match self.contributions.scale {
            Scale::LogOdds => "log_odds",
            Scale::Probability => "probability",
            _ => "value",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("scale", scale)?;
        match &self.of.served.artefact.info.task {
            Task::Multiclass { classes } => {
                let sums = classes.iter().enumerate();
                let sums = sums.map(|(class, name)| (name.as_str(), self.sum(class)));
                map.serialize_entry("classes", &Object(sums))?;
            }
            // Of two classes, what speaks for yes speaks against no.
            Task::Regression | Task::Binary => {
                let Sum {
                    base,
                    contributions,
                } = self.sum(self.contributions.base.len().saturating_sub(1));
                map.serialize_entry("base", &base)?;
                map.serialize_entry("contributions", &contributions)?;
            }
        }
        map.end()
    }
}
