use std::collections::VecDeque;
use std::ops::Range;

use super::error::is_window_count;
use super::strategy::rows_from;
use super::{StreamView, Window, WindowError, WindowState, WindowStrategy};
use crate::feature::RowSet;

/// The newest `count` consecutive batches, one window each, oldest first.
///
/// As the stream goes on the windows move: the batch of version 2 becomes that of version 1. A batch
/// that kept no row is passed over, since nothing can be learned from it. The others keep their
/// numbers, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsecutiveBatches {
    count: u32,
}

impl ConsecutiveBatches {
    /// `count` batches, 1 to 1,000.
    ///
    /// # Errors
    /// [`WindowError::Count`] if `count` is out of range.
    pub fn new(count: u32) -> Result<Self, WindowError> {
        if is_window_count(count) {
            Ok(Self { count })
        } else {
            Err(WindowError::Count { got: count })
        }
    }
}

impl WindowStrategy for ConsecutiveBatches {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(NewestBatches {
            count: self.count as usize,
            seen: 0,
            newest: VecDeque::new(),
        })
    }
}

/// The newest batches that kept rows.
struct NewestBatches {
    count: usize,
    /// Batches seen, those that kept no row included.
    seen: usize,
    /// Number and rows of each, at most `count`.
    newest: VecDeque<(usize, Range<u64>)>,
}

impl WindowState for NewestBatches {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        for frame in stream.frames_from(self.seen) {
            self.seen += 1;
            if !frame.is_empty() {
                self.newest
                    .push_back((self.seen, frame.first_row()..frame.end_row()));
            }
        }
        let surplus = self.newest.len().saturating_sub(self.count);
        self.newest.drain(..surplus);
        let windows = self.newest.iter().map(|(number, rows)| Window {
            rows: RowSet::from(rows.clone()),
            closed: true,
            name: format!("batch {number}"),
        });
        windows.collect()
    }

    fn keeps(&self) -> RowSet {
        rows_from(self.newest.front().map_or(0, |(_, rows)| rows.start))
    }
}
