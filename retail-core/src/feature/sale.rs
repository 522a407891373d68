use std::fmt;

use crate::record::TransactionRef;
use crate::time::{Civil, Timestamp};

/// What is known of one sale when its features are computed.
///
/// A transaction of the stream has every field. A client that asks for a prediction may give fewer,
/// and whoever computes a feature learns from [`MissingField`] which one is needed. The stream time
/// is not among them: it does not exist when a prediction is asked for.
///
/// ```
/// use retail_core::feature::{Sale, SaleField};
///
/// let sale = Sale { invoice_date: "2010-12-01 08:26:00".parse().ok(), ..Sale::default() };
/// assert_eq!(sale.month(), Ok(12.0));
/// assert_eq!(sale.country().unwrap_err().field, SaleField::Country);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sale<'a> {
    /// Units sold.
    pub quantity: Option<f64>,
    /// Price of one unit.
    pub price: Option<f64>,
    /// When the sale happened.
    pub invoice_date: Option<Timestamp>,
    /// Month, 1 to 12, of a sale whose invoice date is not known.
    pub month: Option<f64>,
    /// Day of the month, 1 to 31, of a sale whose invoice date is not known.
    pub day: Option<f64>,
    /// Hour, 0 to 23, of a sale whose invoice date is not known.
    pub hour: Option<f64>,
    /// Invoice number.
    pub invoice: Option<&'a str>,
    /// Product code.
    pub stock_code: Option<&'a str>,
    /// Product name.
    pub description: Option<&'a str>,
    /// Who bought.
    pub customer_id: Option<u64>,
    /// Country of the customer.
    pub country: Option<&'a str>,
}

/// A field of a [`Sale`], under its name in requests and in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaleField {
    /// See [`Sale::quantity`].
    Quantity,
    /// See [`Sale::price`].
    Price,
    /// See [`Sale::invoice_date`].
    InvoiceDate,
    /// See [`Sale::month`].
    Month,
    /// See [`Sale::day`].
    Day,
    /// See [`Sale::hour`].
    Hour,
    /// See [`Sale::invoice`].
    Invoice,
    /// See [`Sale::stock_code`].
    StockCode,
    /// See [`Sale::description`].
    Description,
    /// See [`Sale::customer_id`].
    CustomerId,
    /// See [`Sale::country`].
    Country,
}

/// A feature cannot be computed, because this field of the sale is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {field} of the sale is not known")]
pub struct MissingField {
    /// Which field.
    pub field: SaleField,
}

impl SaleField {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Quantity,
        Self::Price,
        Self::InvoiceDate,
        Self::Month,
        Self::Day,
        Self::Hour,
        Self::Invoice,
        Self::StockCode,
        Self::Description,
        Self::CustomerId,
        Self::Country,
    ];

    /// The name, for example `invoice_date`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::InvoiceDate => "invoice_date",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Invoice => "invoice",
            Self::StockCode => "stock_code",
            Self::Description => "description",
            Self::CustomerId => "customer_id",
            Self::Country => "country",
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        // A search of `ALL` would compare more texts, and this is asked for each key of a request.
        Some(match name {
            "quantity" => Self::Quantity,
            "price" => Self::Price,
            "invoice_date" => Self::InvoiceDate,
            "month" => Self::Month,
            "day" => Self::Day,
            "hour" => Self::Hour,
            "invoice" => Self::Invoice,
            "stock_code" => Self::StockCode,
            "description" => Self::Description,
            "customer_id" => Self::CustomerId,
            "country" => Self::Country,
            _ => return None,
        })
    }
}

impl fmt::Display for SaleField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<'a> Sale<'a> {
    /// Units sold.
    ///
    /// # Errors
    /// [`MissingField`] if they are not known.
    pub fn quantity(&self) -> Result<f64, MissingField> {
        known(self.quantity, SaleField::Quantity)
    }

    /// Price of one unit.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn price(&self) -> Result<f64, MissingField> {
        known(self.price, SaleField::Price)
    }

    /// When the sale happened.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known; month, day and hour may be.
    pub fn invoice_date(&self) -> Result<Timestamp, MissingField> {
        known(self.invoice_date, SaleField::InvoiceDate)
    }

    /// Month, 1 to 12.
    ///
    /// # Errors
    /// [`MissingField`] if neither it nor the invoice date is known.
    pub fn month(&self) -> Result<f64, MissingField> {
        self.calendar(SaleField::Month, self.month, |date| date.month)
    }

    /// Day of the month, 1 to 31.
    ///
    /// # Errors
    /// [`MissingField`] if neither it nor the invoice date is known.
    pub fn day(&self) -> Result<f64, MissingField> {
        self.calendar(SaleField::Day, self.day, |date| date.day)
    }

    /// Hour, 0 to 23.
    ///
    /// # Errors
    /// [`MissingField`] if neither it nor the invoice date is known.
    pub fn hour(&self) -> Result<f64, MissingField> {
        self.calendar(SaleField::Hour, self.hour, |date| date.hour)
    }

    /// Invoice number.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn invoice(&self) -> Result<&'a str, MissingField> {
        known(self.invoice, SaleField::Invoice)
    }

    /// Product code.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn stock_code(&self) -> Result<&'a str, MissingField> {
        known(self.stock_code, SaleField::StockCode)
    }

    /// Product name.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn description(&self) -> Result<&'a str, MissingField> {
        known(self.description, SaleField::Description)
    }

    /// Who bought.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn customer_id(&self) -> Result<u64, MissingField> {
        known(self.customer_id, SaleField::CustomerId)
    }

    /// Country of the customer.
    ///
    /// # Errors
    /// [`MissingField`] if it is not known.
    pub fn country(&self) -> Result<&'a str, MissingField> {
        known(self.country, SaleField::Country)
    }

    /// A calendar field: the invoice date's, or else the one that stands for it.
    fn calendar(
        &self,
        field: SaleField,
        alone: Option<f64>,
        of: impl Fn(Calendar) -> u8,
    ) -> Result<f64, MissingField> {
        let dated = self.invoice_date.map(|date| f64::from(of(date.into())));
        known(dated.or(alone), field)
    }
}

fn known<T>(value: Option<T>, field: SaleField) -> Result<T, MissingField> {
    value.ok_or(MissingField { field })
}

impl<'a> From<&TransactionRef<'a>> for Sale<'a> {
    fn from(row: &TransactionRef<'a>) -> Self {
        Self {
            quantity: Some(row.quantity as f64),
            price: Some(row.price),
            invoice_date: Some(row.invoice_date),
            month: None,
            day: None,
            hour: None,
            invoice: Some(row.invoice),
            stock_code: Some(row.stock_code),
            description: Some(row.description),
            customer_id: row.customer_id,
            country: Some(row.country),
        }
    }
}

/// Month, day and hour of an event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
}

impl From<Timestamp> for Calendar {
    fn from(time: Timestamp) -> Self {
        let Civil {
            month, day, hour, ..
        } = time.civil();
        Self { month, day, hour }
    }
}
