use super::BinaryMetrics;
use super::classes::ClassTally;

/// Counts and sums over rows from which the measures of a yes or no follow.
#[derive(Debug, Clone)]
pub(super) struct BinaryTally {
    classes: ClassTally,
    squared_errors: f64,
    /// The probability of yes, and whether it was one, of each row: what a rank needs. 16 bytes.
    scores: Vec<(f64, bool)>,
    /// Whether `scores` has every row. If not, there is no AUC.
    ranked: bool,
}

impl BinaryTally {
    pub(super) fn new() -> Self {
        Self {
            classes: ClassTally::new(2),
            squared_errors: 0.0,
            scores: Vec::new(),
            ranked: true,
        }
    }

    /// Adds a row: whether it is a yes, and the probabilities of no and yes.
    pub(super) fn add(&mut self, yes: bool, probabilities: [f64; 2]) {
        self.classes
            .add(usize::from(yes), probabilities.into_iter());
        self.squared_errors += (probabilities[1] - f64::from(u8::from(yes))).powi(2);
        self.scores.push((probabilities[1], yes));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.classes.merge(&other.classes);
        self.squared_errors += other.squared_errors;
        self.scores.extend_from_slice(&other.scores);
        self.ranked &= other.ranked;
    }

    /// Adds the sums of another tally without its scores, so that memory stays bounded.
    pub(super) fn merge_sums(&mut self, other: &Self) {
        self.classes.merge(&other.classes);
        self.squared_errors += other.squared_errors;
        self.ranked = false;
    }

    pub(super) fn metrics(&self) -> BinaryMetrics {
        let classes = self.classes.metrics();
        let n = classes.rows.max(1) as f64;
        BinaryMetrics {
            accuracy: classes.accuracy,
            macro_f1: classes.macro_f1,
            auc: self.ranked.then(|| auc(&self.scores)).flatten(),
            log_loss: classes.log_loss,
            brier: self.squared_errors / n,
            positive_share: self.classes.truths().skip(1).sum::<u64>() as f64 / n,
            confusion: classes.confusion,
            rows: classes.rows,
        }
    }
}

/// The share of pairs of a yes and a no in which the yes has the higher score, ties counting one
/// half. Pairs are counted in whole numbers, twice each, so the order of rows has no influence.
fn auc(scores: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut no_below: u128 = 0;
    let mut yes_in_all: u128 = 0;
    let mut won_twice: u128 = 0;
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let yes = tied.iter().filter(|(_, yes)| *yes).count() as u128;
        let no = tied.len() as u128 - yes;
        won_twice += yes * (2 * no_below + no);
        no_below += no;
        yes_in_all += yes;
    }
    let pairs = no_below * yes_in_all;
    (pairs > 0).then(|| won_twice as f64 / 2.0 / pairs as f64)
}
