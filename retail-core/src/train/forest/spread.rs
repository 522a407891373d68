use serde::{Deserialize, Serialize};

use super::edges::Edges;
use super::params::RandomForestParams;
use super::{MAX_ROWS, NAME, refused};
use crate::train::rounds::Head;
use crate::train::{NotTrained, ValueSketch};

/// What the rows answer in the first round: how the values of each feature, and the classes, are
/// spread. Both lists are empty for no rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spread {
    pub(super) features: Vec<ValueSketch>,
    /// Rows of each class.
    pub(super) classes: Vec<u64>,
}

impl Spread {
    /// Adds the answer of other rows; `None` if it is about other features or classes.
    pub(super) fn merge(&mut self, other: &Self) -> Option<()> {
        if *self == Self::default() {
            *self = other.clone();
            return Some(());
        }
        if *other == Self::default() {
            return Some(());
        }
        if self.features.len() != other.features.len() || self.classes.len() != other.classes.len()
        {
            return None;
        }
        let counts = self.classes.iter().zip(&other.classes);
        let sums: Option<_> = counts.map(|(a, &b)| a.checked_add(b)).collect();
        self.classes = sums?;
        for (sketch, other) in self.features.iter_mut().zip(&other.features) {
            sketch.merge(other);
        }
        Some(())
    }

    /// The bins of each feature.
    ///
    /// # Errors
    /// [`NotTrained`] if no forest can be grown from such rows.
    pub(super) fn edges(
        &self,
        params: &RandomForestParams,
        head: &Head,
    ) -> Result<Vec<Edges>, NotTrained> {
        let foreign = || NotTrained::foreign(NAME);
        let rows = self.classes.iter().copied().try_fold(0, u64::checked_add);
        let rows = rows.ok_or_else(foreign)?;
        let needed = params.min_rows;
        if rows < needed as u64 {
            let got = rows as usize;
            return Err(NotTrained::TooFewRows { needed, got });
        }
        let about_these_rows = self.features.iter().all(|sketch| sketch.n_rows() == rows);
        if self.features.len() != head.n_features
            || self.classes.len() != head.task.n_classes()
            || !about_these_rows
        {
            return Err(foreign());
        }
        if rows > MAX_ROWS {
            return Err(refused(format!(
                "at most {MAX_ROWS} rows can be learned from, got {rows}"
            )));
        }
        let mut present = (0..self.classes.len()).filter(|&class| self.classes[class] > 0);
        if let (Some(only), None) = (present.next(), present.next()) {
            return Err(NotTrained::OneClass {
                class: head.task.class_name(only).to_owned(),
            });
        }
        let edges = self.features.iter();
        let edges: Vec<_> = edges.map(|f| Edges::new(f, params.max_bins)).collect();
        if edges.iter().all(|edges| edges.len() < 2) {
            return Err(NotTrained::NoVariation);
        }
        Ok(edges)
    }
}
