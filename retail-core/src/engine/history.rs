use std::sync::Arc;

use crate::batch::BatchEntry;
use crate::feature::{Extractor, Frame};
use crate::record::Transactions;
use crate::source::Position;
use crate::time::Timestamp;
use crate::window::StreamView;

/// The saved stream in numbers, as training sees it. It grows batch by batch.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    frames: Vec<Arc<Frame>>,
    /// Source positions before and after each frame.
    positions: Vec<Arc<[Position; 2]>>,
    start: Option<Timestamp>,
    now: Option<Timestamp>,
    ended: bool,
}

impl History {
    /// Adds a saved batch. A batch without rows adds a frame without rows, so that windows can count
    /// batches.
    pub(super) fn push(
        &mut self,
        entry: &BatchEntry,
        rows: &Transactions,
        extractors: &[Arc<dyn Extractor>],
    ) {
        // Stream time never moves back, not even behind that of a rejected record.
        let not_before = self.now.unwrap_or(Timestamp::MIN);
        if let Some([first, latest]) = entry.stream_time {
            self.start.get_or_insert(first);
            self.now = self.now.max(Some(latest));
        }
        let frame = Frame::new(entry.first_row, not_before, rows, extractors);
        self.frames.push(Arc::new(frame));
        self.positions
            .push(Arc::new([entry.from.clone(), entry.to.clone()]));
    }

    pub(super) fn view(&self) -> StreamView {
        StreamView {
            frames: self.frames.clone(),
            start: self.start.unwrap_or_default(),
            now: self.now.unwrap_or_default(),
            ended: self.ended,
        }
    }

    /// Source positions before and after the batches that hold rows `first..end`.
    pub(super) fn positions(&self, first: u64, end: u64) -> [Position; 2] {
        let from = self.frames.partition_point(|f| f.end_row() <= first);
        let to = self.frames.partition_point(|f| f.first_row() < end);
        let at = |index: usize, side: usize| {
            self.positions
                .get(index)
                .map(|pair| pair[side].clone())
                .unwrap_or_default()
        };
        [at(from, 0), at(to.saturating_sub(1), 1)]
    }

    /// Forgets the batches within the first `rows` rows that are not `needed`.
    pub(super) fn forget(&mut self, rows: u64, needed: impl Fn(&Frame) -> bool) {
        let known = self.frames.partition_point(|frame| frame.end_row() <= rows);
        for frame in &mut self.frames[..known] {
            if !frame.is_empty() && !frame.is_forgotten() && !needed(frame) {
                *frame = Arc::new(frame.forgotten());
            }
        }
    }

    /// Kept rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.end_row())
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn set_ended(&mut self, ended: bool) {
        self.ended = ended;
    }
}
