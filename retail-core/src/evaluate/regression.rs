use super::RegressionMetrics;

/// Sums over rows from which the measures of a regression follow.
///
/// The mean of the targets and the squares around it are merged by the formulas of Chan, Golub and
/// LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
#[derive(Debug, Clone, Default)]
pub(super) struct RegressionTally {
    rows: u64,
    squared_errors: f64,
    absolute_errors: f64,
    /// Mean of the targets.
    mean: f64,
    /// Squared deviations of the targets from their mean.
    deviations: f64,
    /// Smallest and largest target.
    range: Option<(f64, f64)>,
}

impl RegressionTally {
    /// The sums over rows of truth and prediction.
    pub(super) fn of<'a>(rows: impl Iterator<Item = (&'a f64, &'a f64)> + Clone) -> Self {
        let mut tally = Self::default();
        for (&truth, prediction) in rows.clone() {
            let error = truth - prediction;
            tally.rows += 1;
            tally.squared_errors += error * error;
            tally.absolute_errors += error.abs();
            tally.mean += truth;
            let (low, high) = tally.range.unwrap_or((truth, truth));
            tally.range = Some((low.min(truth), high.max(truth)));
        }
        tally.mean /= tally.rows.max(1) as f64;
        tally.deviations = rows.map(|(truth, _)| (truth - tally.mean).powi(2)).sum();
        tally
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let rows = self.rows + other.rows;
        let share = other.rows as f64 / rows.max(1) as f64;
        let difference = other.mean - self.mean;
        self.deviations += other.deviations + difference * difference * self.rows as f64 * share;
        self.mean += difference * share;
        self.rows = rows;
        self.squared_errors += other.squared_errors;
        self.absolute_errors += other.absolute_errors;
        self.range = match (self.range, other.range) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }

    pub(super) fn metrics(&self) -> RegressionMetrics {
        let n = self.rows.max(1) as f64;
        let constant = self.range.is_none_or(|(low, high)| low == high);
        let r2 = match (constant, self.squared_errors == 0.0) {
            _ if self.rows < 2 => None,
            (_, true) => Some(1.0),
            (true, false) => Some(0.0),
            (false, false) => Some(1.0 - self.squared_errors / self.deviations),
        };
        RegressionMetrics {
            rmse: finite((self.squared_errors / n).sqrt()),
            mae: finite(self.absolute_errors / n),
            r2: r2.filter(|r2| r2.is_finite()),
            rows: self.rows,
        }
    }
}

/// JSON has no infinity: an error beyond the numbers is the largest number.
fn finite(value: f64) -> f64 {
    value.min(f64::MAX)
}
