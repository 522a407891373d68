use super::strategy::without_empty_end;
use super::{StreamView, Window, WindowStrategy};
use crate::error::ConfigError;
use crate::feature::RowSet;

/// The first 1/n, 2/n, … n/n of the rows so far: of all rows, once the source is exhausted.
///
/// Window `k` of `n` holds rows `[0, ⌊rows · k / n⌋)`: none, where there are fewer rows than parts
/// and `k` is small. No window is closed before the source is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumulativeFraction {
    parts: u32,
}

impl CumulativeFraction {
    /// `parts` windows, 1 to 1,000.
    ///
    /// # Errors
    /// [`ConfigError::Value`] where `parts` is out of range.
    pub fn new(parts: u32) -> Result<Self, ConfigError> {
        if (1..=1000).contains(&parts) {
            Ok(Self { parts })
        } else {
            Err(ConfigError::value(
                "window.fraction.parts",
                "a whole number from 1 to 1000",
                parts,
            ))
        }
    }
}

impl WindowStrategy for CumulativeFraction {
    fn windows(&self, stream: &StreamView) -> Vec<Window> {
        let rows = u128::from(stream.len());
        let windows = (1..=u128::from(self.parts)).map(|part| Window {
            rows: RowSet::from(0..(rows * part / u128::from(self.parts)) as u64),
            closed: stream.ended,
            label: format!("first {part}/{} of the rows", self.parts),
        });
        without_empty_end(windows.collect())
    }
}
