use std::hint::black_box;
use std::mem;

use retail_core::clean;
use retail_core::record::{TransactionRef, Transactions};

/// What becomes of clean rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Batches of 1,000, each counted and dropped.
    Batches,
    /// All of them stay in memory.
    Table,
}

/// Clean rows in the engine's columns.
pub(crate) struct Kept {
    pub(crate) rows: Transactions,
    limit: usize,
    dropped: usize,
}

impl Kept {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            rows: Transactions::new(),
            limit: match form {
                Form::Batches => 1_000,
                Form::Table => usize::MAX,
            },
            dropped: 0,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, row: &TransactionRef<'_>) {
        if clean::check(row).is_err() {
            return;
        }
        self.rows.push(row);
        if self.rows.len() >= self.limit {
            let next = Transactions::with_room_for(&self.rows);
            self.dropped += black_box(mem::replace(&mut self.rows, next)).len();
        }
    }

    pub(crate) fn count(self) -> usize {
        self.dropped + black_box(self.rows).len()
    }
}
