use std::time::Duration;

/// When a batch is closed: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    rows: usize,
    age: Duration,
}

/// A limit of a batch is out of range. Each variant is one limit and carries the value given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The number of rows.
    #[error("rows: expected a whole number from 1 to 10000000, got {got}")]
    Rows {
        /// The value given.
        got: usize,
    },
    /// The age.
    #[error("age: expected 1 ms to a year, got {got:?}")]
    Age {
        /// The value given.
        got: Duration,
    },
}

impl BatchLimits {
    /// Rejected records after which a batch is closed however few rows it has, so that a stream of
    /// nothing but bad records cannot fill the memory.
    pub const MAX_REJECTED: usize = 65_536;

    /// At most `rows` kept rows (1 to 10,000,000), spanning less than `age` of stream time
    /// (1 ms to a year).
    ///
    /// # Errors
    /// [`LimitError`] for the first one that is out of range.
    pub fn new(rows: usize, age: Duration) -> Result<Self, LimitError> {
        if !(1..=10_000_000).contains(&rows) {
            return Err(LimitError::Rows { got: rows });
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(366 * 86_400)).contains(&age) {
            return Err(LimitError::Age { got: age });
        }
        Ok(Self { rows, age })
    }

    /// The largest number of kept rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The stream time after which a batch is closed, counted from its first kept row.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }
}

impl Default for BatchLimits {
    /// 1,000 rows or 60 s.
    fn default() -> Self {
        Self {
            rows: 1_000,
            age: Duration::from_secs(60),
        }
    }
}
