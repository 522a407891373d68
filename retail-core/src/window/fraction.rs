use super::error::is_window_count;
use super::strategy::without_empty_end;
use super::{StreamView, Window, WindowError, WindowState, WindowStrategy};
use crate::feature::RowSet;

/// The first 1/n, 2/n, … n/n of the rows so far. Once the source is exhausted, these are fractions
/// of all its rows.
///
/// Window `k` of `n` holds rows `[0, ⌊rows · k / n⌋)`. If there are fewer rows than parts, the small
/// windows hold none. No window is closed before the source is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumulativeFraction {
    parts: u32,
}

impl CumulativeFraction {
    /// `parts` windows, 1 to 1,000.
    ///
    /// # Errors
    /// [`WindowError::Parts`] if `parts` is out of range.
    pub fn new(parts: u32) -> Result<Self, WindowError> {
        if is_window_count(parts) {
            Ok(Self { parts })
        } else {
            Err(WindowError::Parts { got: parts })
        }
    }
}

impl WindowStrategy for CumulativeFraction {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(*self)
    }
}

/// Its windows follow from the number of rows, so there is nothing to remember.
impl WindowState for CumulativeFraction {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        let rows = u128::from(stream.len());
        let windows = (1..=u128::from(self.parts)).map(|part| Window {
            rows: RowSet::from(0..(rows * part / u128::from(self.parts)) as u64),
            closed: stream.ended,
            name: format!("first {part}/{} of the rows", self.parts),
        });
        without_empty_end(windows.collect())
    }
}
