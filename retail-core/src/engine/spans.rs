//! Whole numbers are recorded as `i64`: exporters to OpenTelemetry, which has no others, make texts of `u64`.

use tracing::field::Empty;
use tracing::{Span, debug_span};

use crate::batch::Batch;

/// How many batches are followed at the same time.
const MOST: usize = 128;

/// The span of one batch, from the end of the batch before it until models have learned from it, and the step
/// that it is in.
#[derive(Debug)]
pub(super) struct Followed {
    batch: Span,
    step: Span,
    /// Known once it is saved.
    number: u64,
}

impl Followed {
    /// Begins to read a batch.
    pub(super) fn begin() -> Self {
        let batch = debug_span!(
            "batch",
            batch = Empty,
            rows = Empty,
            read = Empty,
            closed_by = Empty
        );
        Self {
            step: debug_span!(parent: &batch, "read"),
            batch,
            number: 0,
        }
    }

    /// The batch is closed, and waits to be saved.
    pub(super) fn close(&mut self, batch: &Batch) {
        self.batch.record("rows", batch.rows.len() as i64);
        self.batch.record("read", batch.read() as i64);
        self.batch.record("closed_by", batch.closed_by.name());
        self.step = Span::none();
    }

    /// Begins to save it.
    pub(super) fn save(&mut self) {
        self.step = debug_span!(parent: &self.batch, "save");
    }

    /// It is saved as the batch of this number, and waits to be learned.
    pub(super) fn saved(&mut self, number: u64) {
        self.batch.record("batch", number as i64);
        self.number = number;
        self.step = Span::none();
    }
}

/// Follows more batches, and if they are too many, the oldest ones no further.
pub(super) fn follow(followed: &mut Vec<Followed>, more: Vec<Followed>) {
    followed.extend(more);
    let surplus = followed.len().saturating_sub(MOST);
    followed.drain(..surplus);
}

/// The span of a training of so many models, the first since these batches. It belongs to the newest of them, and
/// names the others.
pub(super) fn training(followed: &[Followed], models: usize) -> Span {
    let models = models as i64;
    let Some((newest, others)) = followed.split_last() else {
        return debug_span!("training", models);
    };
    let batch = newest.number as i64;
    let span = debug_span!(parent: &newest.batch, "training", batch, models);
    for other in others {
        span.follows_from(&other.batch);
    }
    span
}
