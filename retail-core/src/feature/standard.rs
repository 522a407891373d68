use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Extractor, FeatureSpec, Frame, MissingField, Sale, SaleField};

/// The features that every engine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardFeature {
    /// Units sold.
    Quantity,
    /// Price of one unit.
    Price,
    /// Quantity × price.
    TotalAmount,
    /// Month of the invoice date, 1 to 12.
    Month,
    /// Day of the month of the invoice date, 1 to 31.
    Day,
    /// Hour of the invoice date, 0 to 23.
    Hour,
    /// Quantity × price as an interaction, which makes a linear model of the total amount well
    /// specified. It has a name of its own because a model of `total_amount` that lists
    /// `total_amount` among its features would be hard to read.
    QuantityTimesPrice,
}

impl StandardFeature {
    /// Every standard feature.
    pub const ALL: [Self; 7] = [
        Self::Quantity,
        Self::Price,
        Self::TotalAmount,
        Self::Month,
        Self::Day,
        Self::Hour,
        Self::QuantityTimesPrice,
    ];

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

    /// The definition of every standard feature: the fields of a sale whose product it is.
    /// [`Extractor::extract`] follows it for one sale, [`Self::append_column`] for many.
    const fn factors(self) -> &'static [Field] {
        match self {
            Self::Quantity => &[Field::Quantity],
            Self::Price => &[Field::Price],
            Self::Month => &[Field::Month],
            Self::Day => &[Field::Day],
            Self::Hour => &[Field::Hour],
            Self::TotalAmount | Self::QuantityTimesPrice => &[Field::Quantity, Field::Price],
        }
    }

    /// The fields of a sale whose product it is: one of them, or two.
    #[must_use]
    pub const fn sale_fields(self) -> &'static [SaleField] {
        match self {
            Self::Quantity => &[SaleField::Quantity],
            Self::Price => &[SaleField::Price],
            Self::Month => &[SaleField::Month],
            Self::Day => &[SaleField::Day],
            Self::Hour => &[SaleField::Hour],
            Self::TotalAmount | Self::QuantityTimesPrice => {
                &[SaleField::Quantity, SaleField::Price]
            }
        }
    }

    /// Appends the feature of these rows of a frame.
    pub(crate) fn append_column(self, frame: &Frame, rows: &Range<usize>, out: &mut Vec<f64>) {
        let start = out.len();
        out.resize(start + rows.len(), 1.0);
        for field in self.factors() {
            field.multiply(frame, rows.clone(), &mut out[start..]);
        }
    }
}

/// A number that a sale brings along.
#[derive(Debug, Clone, Copy)]
enum Field {
    Quantity,
    Price,
    Month,
    Day,
    Hour,
}

impl Field {
    const fn feature(self) -> StandardFeature {
        match self {
            Self::Quantity => StandardFeature::Quantity,
            Self::Price => StandardFeature::Price,
            Self::Month => StandardFeature::Month,
            Self::Day => StandardFeature::Day,
            Self::Hour => StandardFeature::Hour,
        }
    }

    fn of(self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        match self {
            Self::Quantity => sale.quantity(),
            Self::Price => sale.price(),
            Self::Month => sale.month(),
            Self::Day => sale.day(),
            Self::Hour => sale.hour(),
        }
    }

    /// Multiplies each of `out` by this field of its row.
    fn multiply(self, frame: &Frame, rows: Range<usize>, out: &mut [f64]) {
        match self {
            Self::Quantity => multiply(out, &frame.quantity[rows], |&value| value),
            Self::Price => multiply(out, &frame.price[rows], |&value| value),
            Self::Month => multiply(out, &frame.calendar[rows], |date| f64::from(date.month)),
            Self::Day => multiply(out, &frame.calendar[rows], |date| f64::from(date.day)),
            Self::Hour => multiply(out, &frame.calendar[rows], |date| f64::from(date.hour)),
        }
    }
}

fn multiply<T>(out: &mut [f64], column: &[T], read: impl Fn(&T) -> f64) {
    for (product, value) in out.iter_mut().zip(column) {
        *product *= read(value);
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
        let product_of = match *self.factors() {
            [one, other] => Some([one, other].map(|field| field.feature().name().into())),
            _ => None,
        };
        FeatureSpec {
            name: self.name().into(),
            unit: unit.into(),
            min,
            max,
            whole,
            product_of,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        let mut factors = self.factors().iter();
        factors.try_fold(1.0, |product, field| Ok(product * field.of(sale)?))
    }
}
