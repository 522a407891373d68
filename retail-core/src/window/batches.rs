use super::{StreamView, Window, WindowStrategy};
use crate::error::ConfigError;
use crate::feature::RowSet;

/// The newest `count` consecutive batches, one window each, oldest first.
///
/// As the stream goes on the windows move: the batch of version 2 becomes that of version 1. A batch
/// that kept no row is passed over, since nothing can be learned from it; the batches keep their
/// numbers, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsecutiveBatches {
    count: u32,
}

impl ConsecutiveBatches {
    /// `count` batches, 1 to 1,000.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where `count` is out of range.
    pub fn new(count: u32) -> Result<Self, ConfigError> {
        if (1..=1000).contains(&count) {
            Ok(Self { count })
        } else {
            Err(ConfigError::value(
                "window.batches.count",
                "a whole number from 1 to 1000",
                count,
            ))
        }
    }
}

impl WindowStrategy for ConsecutiveBatches {
    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        let numbered = stream.frames.iter().enumerate().rev();
        let mut windows: Vec<Window> = numbered
            .filter(|(_, frame)| !frame.is_empty())
            .take(self.count as usize)
            .map(|(before, frame)| Window {
                rows: RowSet::from(frame.first_row()..frame.end_row()),
                closed: true,
                label: format!("batch {}", before + 1),
            })
            .collect();
        windows.reverse();
        windows
    }

    fn keeps(&self, stream: &StreamView) -> RowSet {
        let windows = self.windows(stream);
        let oldest = windows.first().map_or(0, |window| window.rows.span().start);
        RowSet::from(oldest..stream.len())
    }
}
