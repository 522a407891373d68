use super::MulticlassMetrics;

/// Counts and sums over rows from which the measures of a classification follow.
#[derive(Debug, Clone)]
pub(super) struct ClassTally {
    n_classes: usize,
    /// Rows by true and predicted class, true class by true class.
    confusion: Vec<u64>,
    log_loss: f64,
}

impl ClassTally {
    pub(super) fn new(n_classes: usize) -> Self {
        Self {
            n_classes,
            confusion: vec![0; n_classes * n_classes],
            log_loss: 0.0,
        }
    }

    /// Adds a row: its class, which exists, and the probability of each class.
    pub(super) fn add(&mut self, class: usize, probabilities: impl Iterator<Item = f64>) {
        let mut best = (0, f64::NEG_INFINITY);
        let mut of_class = 0.0;
        for (index, probability) in probabilities.enumerate() {
            if probability > best.1 {
                best = (index, probability);
            }
            if index == class {
                of_class = probability;
            }
        }
        self.confusion[class * self.n_classes + best.0] += 1;
        self.log_loss -= of_class.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.confusion.iter_mut().zip(&other.confusion) {
            *count += more;
        }
        self.log_loss += other.log_loss;
    }

    pub(super) fn rows(&self) -> u64 {
        self.confusion.iter().sum()
    }

    /// Rows of each true class.
    pub(super) fn truths(&self) -> impl Iterator<Item = u64> + '_ {
        self.confusion
            .chunks(self.n_classes.max(1))
            .map(|row| row.iter().sum())
    }

    pub(super) fn metrics(&self) -> MulticlassMetrics {
        let n = self.rows().max(1) as f64;
        let hits = |class: usize| self.confusion[class * self.n_classes + class];
        let f1: Vec<f64> = self
            .truths()
            .enumerate()
            .filter_map(|(class, truths)| {
                let column = self
                    .confusion
                    .iter()
                    .skip(class)
                    .step_by(self.n_classes.max(1));
                let predictions: u64 = column.sum();
                // 2 tp + fp + fn
                let both = truths + predictions;
                (both > 0).then(|| 2.0 * hits(class) as f64 / both as f64)
            })
            .collect();
        MulticlassMetrics {
            accuracy: (0..self.n_classes).map(hits).sum::<u64>() as f64 / n,
            macro_f1: f1.iter().sum::<f64>() / f1.len().max(1) as f64,
            log_loss: self.log_loss / n,
            confusion: self
                .confusion
                .chunks(self.n_classes.max(1))
                .map(<[u64]>::to_vec)
                .collect(),
            rows: self.rows(),
        }
    }
}
