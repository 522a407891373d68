use super::rejects::HEADER;
use super::{Batch, BatchEntry};
use crate::source::Position;
use crate::time::Timestamp;

/// What the next batch starts from.
#[derive(Debug, Clone, Default)]
pub(super) struct Next {
    pub(super) batches: u64,
    rows: u64,
    watermark: Option<Timestamp>,
    /// The length of the rejects file.
    pub(super) rejects_bytes: u64,
    pub(super) position: Position,
}

impl Next {
    /// What the batch after this one starts from.
    pub(super) fn after(entry: &BatchEntry, rejects_bytes: u64) -> Self {
        Self {
            batches: entry.batch,
            rows: entry.first_row.saturating_add(entry.rows),
            watermark: entry.watermark,
            rejects_bytes,
            position: entry.to.clone(),
        }
    }

    /// The rejects file has been started again.
    pub(super) fn restart_rejects(&mut self) {
        self.rejects_bytes = HEADER.len() as u64;
    }

    /// The entry of a batch, as far as it is known before anything is written; goes behind it.
    pub(super) fn take(&mut self, batch: &Batch) -> BatchEntry {
        let first_row = self.rows;
        self.batches += 1;
        self.rows += batch.rows.len() as u64;
        self.watermark = self
            .watermark
            .max(batch.rows.invoice_date().iter().max().copied());
        self.position = batch.to.clone();
        BatchEntry {
            batch: self.batches,
            file: None,
            rows: batch.rows.len() as u64,
            first_row,
            read: batch.read(),
            rejected: batch.rejected,
            from: batch.from.clone(),
            to: batch.to.clone(),
            mark: batch.mark.clone(),
            jumped: batch.jumped,
            stream_time: batch.stream_time,
            watermark: self.watermark,
            closed_by: batch.closed_by,
            bytes: 0,
            crc32: String::new(),
            rejects_bytes: 0,
            rejects_crc32: String::new(),
        }
    }
}
