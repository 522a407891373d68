use std::fmt;

use serde::{Deserialize, Serialize};

/// A field of the input, under its name in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Field {
    /// Invoice number.
    Invoice,
    /// Product code.
    StockCode,
    /// Product name.
    Description,
    /// Units sold.
    Quantity,
    /// Event time.
    InvoiceDate,
    /// Unit price.
    Price,
    /// Customer.
    CustomerId,
    /// Country.
    Country,
    /// Stream time.
    Timestamp,
    /// The record as a whole.
    Record,
}

impl Field {
    /// All fields of a record, then the record as a whole.
    pub const ALL: [Self; 10] = [
        Self::Invoice,
        Self::StockCode,
        Self::Description,
        Self::Quantity,
        Self::InvoiceDate,
        Self::Price,
        Self::CustomerId,
        Self::Country,
        Self::Timestamp,
        Self::Record,
    ];

    /// The name in the stream, for example `invoice_date`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::StockCode => "stock_code",
            Self::Description => "description",
            Self::Quantity => "quantity",
            Self::InvoiceDate => "invoice_date",
            Self::Price => "price",
            Self::CustomerId => "customer_id",
            Self::Country => "country",
            Self::Timestamp => "timestamp",
            Self::Record => "record",
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
