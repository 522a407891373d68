use crate::source::{SourceError, VirtualTime};
use crate::time::Timestamp;

/// 2010-12-01, when the *Online Retail* data start.
const DECEMBER_2010: Timestamp = Timestamp::from_micros(1_291_161_600_000_000);
/// 1900-01-01 and 2100-12-31: far enough from the calendar's ends for any number of rows.
const DAYS: (Timestamp, Timestamp) = (
    Timestamp::from_micros(-2_208_988_800_000_000),
    Timestamp::from_micros(4_133_894_400_000_000),
);

/// What a [`SyntheticSource`](crate::source::SyntheticSource) generates, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticParams(SyntheticValidParams);

/// Checked [`SyntheticParams`].
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticValidParams {
    pub(super) seed: u64,
    pub(super) rows: u64,
    pub(super) customers: usize,
    pub(super) products: usize,
    pub(super) dirty: f64,
    pub(super) first_day: Timestamp,
    pub(super) time: VirtualTime,
}

impl Default for SyntheticParams {
    fn default() -> Self {
        Self(SyntheticValidParams {
            seed: 42,
            rows: 200_000,
            customers: 4_300,
            products: 3_500,
            dirty: 0.001,
            first_day: DECEMBER_2010,
            time: VirtualTime::default(),
        })
    }
}

impl SyntheticParams {
    /// The seed of all randomness, 42 by default. Same parameters, same rows.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Rows in all, including dirty ones: 1 to 10⁹, 200,000 by default. A shorter stream is the
    /// beginning of a longer one.
    #[must_use]
    pub const fn rows(mut self, rows: u64) -> Self {
        self.0.rows = rows;
        self
    }

    /// The number of customers: 1 to 1,000,000, 4,300 by default.
    #[must_use]
    pub const fn customers(mut self, customers: usize) -> Self {
        self.0.customers = customers;
        self
    }

    /// The number of products in the catalogue: 1 to 50,000, 3,500 by default.
    #[must_use]
    pub const fn products(mut self, products: usize) -> Self {
        self.0.products = products;
        self
    }

    /// The share of rows that cannot be read, in `[0, 1]`, 0.001 by default. The other rows do not
    /// depend on it.
    #[must_use]
    pub const fn dirty(mut self, share: f64) -> Self {
        self.0.dirty = share;
        self
    }

    /// The day of the first invoices, 1900-01-01 to 2100-12-31, by default 2010-12-01. The time of
    /// day does not matter. If the shop is closed on that day, the next open day is the first.
    #[must_use]
    pub const fn first_day(mut self, day: Timestamp) -> Self {
        self.0.first_day = day;
        self
    }

    /// How rows are stamped with stream time, by default [`VirtualTime::default`].
    #[must_use]
    pub const fn virtual_time(mut self, time: VirtualTime) -> Self {
        self.0.time = time;
        self
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`SourceError::Parameter`] with the first one that is out of range.
    pub fn check(self) -> Result<SyntheticValidParams, SourceError> {
        let Self(valid) = self;
        let refuse = |parameter, expected, got: String| {
            Err(SourceError::Parameter {
                parameter,
                expected,
                got,
            })
        };
        if !(1..=1_000_000_000).contains(&valid.rows) {
            refuse("rows", "1 to 1000000000", valid.rows.to_string())
        } else if !(1..=1_000_000).contains(&valid.customers) {
            refuse("customers", "1 to 1000000", valid.customers.to_string())
        } else if !(1..=50_000).contains(&valid.products) {
            refuse("products", "1 to 50000", valid.products.to_string())
        } else if !(0.0..=1.0).contains(&valid.dirty) {
            refuse("dirty", "a share from 0 to 1", valid.dirty.to_string())
        } else if !(DAYS.0..=DAYS.1).contains(&valid.first_day) {
            refuse(
                "first_day",
                "1900-01-01 to 2100-12-31",
                valid.first_day.to_string(),
            )
        } else {
            Ok(valid)
        }
    }
}
