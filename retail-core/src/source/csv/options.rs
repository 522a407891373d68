use super::Delimiter;
use crate::source::VirtualTime;
use crate::time::DateOrder;

/// How a CSV is read. A [`VirtualTime`] by itself stands for options with all else by default.
///
/// ```no_run
/// use retail_core::source::{CsvOptions, CsvSource};
/// use retail_core::time::DateOrder;
///
/// let options = CsvOptions { dates: Some(DateOrder::DayFirst), ..CsvOptions::default() };
/// let source = CsvSource::open("sales.csv", options)?;
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CsvOptions {
    /// The stream times of rows that name none.
    pub time: VirtualTime,
    /// The order of dates; by default it is found from the rows.
    pub dates: Option<DateOrder>,
    /// What separates fields; by default it is found from the header.
    pub delimiter: Option<Delimiter>,
}

impl From<VirtualTime> for CsvOptions {
    fn from(time: VirtualTime) -> Self {
        Self {
            time,
            ..Self::default()
        }
    }
}
