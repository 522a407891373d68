use serde::{Deserialize, Serialize};

use super::FeatureSpec;
use crate::record::TransactionRef;
use crate::time::{Civil, Timestamp};

/// Computes one feature of a transaction. Implement it to add a feature of your own.
///
/// ```
/// use retail_core::feature::{Extractor, FeatureSpec};
/// use retail_core::record::TransactionRef;
///
/// /// 1 for customers outside the United Kingdom.
/// struct Abroad;
///
/// impl Extractor for Abroad {
///     fn spec(&self) -> FeatureSpec {
///         FeatureSpec {
///             name: "abroad".into(), unit: "0 or 1".into(),
///             min: 0.0, max: 1.0, whole: true, product_of: None,
///         }
///     }
///     fn extract(&self, row: &TransactionRef<'_>) -> f64 {
///         f64::from(u8::from(row.country != "United Kingdom"))
///     }
/// }
/// # assert_eq!(Abroad.spec().name, "abroad");
/// ```
pub trait Extractor: Send + Sync {
    /// Name, unit and legal range.
    fn spec(&self) -> FeatureSpec;

    /// The value for a kept transaction. A value that is NaN or infinite, or a panic, makes the
    /// models that use it refuse to train.
    fn extract(&self, row: &TransactionRef<'_>) -> f64;
}

/// The features that every engine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardFeature {
    /// Units sold.
    Quantity,
    /// Price of one unit.
    Price,
    /// Quantity × price, asked of clients.
    TotalAmount,
    /// Month of the invoice date, 1 to 12.
    Month,
    /// Day of the month of the invoice date, 1 to 31.
    Day,
    /// Hour of the invoice date, 0 to 23.
    Hour,
    /// Quantity × price, computed and never asked of clients: the interaction that makes a linear
    /// model of the total amount well specified.
    QuantityTimesPrice,
}

impl StandardFeature {
    /// What a linear model of the total amount sees.
    pub const REGRESSION: [Self; 5] = [
        Self::Quantity,
        Self::Price,
        Self::Month,
        Self::Day,
        Self::Hour,
    ];

    /// What the classifiers see.
    pub const CLASSIFICATION: [Self; 6] = [
        Self::Quantity,
        Self::Price,
        Self::TotalAmount,
        Self::Month,
        Self::Day,
        Self::Hour,
    ];

    /// The name in schemas and requests, for example `total_amount`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::TotalAmount => "total_amount",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::QuantityTimesPrice => "quantity_times_price",
        }
    }

    /// The value for a sale of `quantity` units at `price` each at `event_time`.
    #[must_use]
    pub fn value(self, quantity: f64, price: f64, event_time: Timestamp) -> f64 {
        match self {
            Self::Quantity => quantity,
            Self::Price => price,
            Self::TotalAmount | Self::QuantityTimesPrice => quantity * price,
            Self::Month | Self::Day | Self::Hour => self.of_calendar(event_time.civil()),
        }
    }

    fn of_calendar(self, civil: Civil) -> f64 {
        f64::from(match self {
            Self::Month => civil.month,
            Self::Day => civil.day,
            _ => civil.hour,
        })
    }
}

impl Extractor for StandardFeature {
    fn spec(&self) -> FeatureSpec {
        let (unit, min, max, whole) = match self {
            Self::Quantity => ("items", 1.0, 1e6, true),
            Self::Price => ("currency per item", 0.001, 1e6, false),
            Self::TotalAmount | Self::QuantityTimesPrice => ("currency", 0.001, 1e12, false),
            Self::Month => ("month of the year", 1.0, 12.0, true),
            Self::Day => ("day of the month", 1.0, 31.0, true),
            Self::Hour => ("hour of the day", 0.0, 23.0, true),
        };
        let product_of = (*self == Self::QuantityTimesPrice)
            .then(|| [Self::Quantity.name().into(), Self::Price.name().into()]);
        FeatureSpec {
            name: self.name().into(),
            unit: unit.into(),
            min,
            max,
            whole,
            product_of,
        }
    }

    fn extract(&self, row: &TransactionRef<'_>) -> f64 {
        self.value(row.quantity as f64, row.price, row.invoice_date)
    }
}
