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
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a record was dropped. Each dropped record has one reason: the first that applies, in the
/// order of these variants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// The row has more or fewer columns than the header.
    WrongColumnCount {
        /// Columns of the header.
        expected: usize,
        /// Columns of the row.
        got: usize,
    },
    /// A field could not be read.
    UnparsableField {
        /// Which field.
        field: Field,
        /// What was expected there.
        expected: &'static str,
        /// What stood there, shortened to 64 characters.
        got: String,
    },
    /// The invoice starts with `C` or `c`: a cancellation.
    Cancelled,
    /// The invoice starts with `A` or `a`: an adjustment.
    Adjustment,
    /// No customer is named.
    MissingCustomer,
    /// The quantity is zero or less.
    NonPositiveQuantity,
    /// The price is zero or less.
    NonPositivePrice,
}

impl RejectReason {
    /// The keys under which reasons are counted, in order of precedence.
    pub const KEYS: [&'static str; 7] = [
        "wrong_column_count",
        "unparsable_field",
        "cancelled",
        "adjustment",
        "missing_customer",
        "non_positive_quantity",
        "non_positive_price",
    ];

    /// An unparsable field, with `got` shortened to 64 characters.
    #[must_use]
    pub fn unparsable(field: Field, expected: &'static str, got: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&got[..got.len().min(4 * 64)]);
        let mut shown: String = text.chars().take(64).collect();
        if shown.len() < got.len() {
            shown.push('…');
        }
        Self::UnparsableField {
            field,
            expected,
            got: shown,
        }
    }

    pub(crate) const fn index(&self) -> usize {
        match self {
            Self::WrongColumnCount { .. } => 0,
            Self::UnparsableField { .. } => 1,
            Self::Cancelled => 2,
            Self::Adjustment => 3,
            Self::MissingCustomer => 4,
            Self::NonPositiveQuantity => 5,
            Self::NonPositivePrice => 6,
        }
    }

    /// The key under which this reason is counted, for example `missing_customer`.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        Self::KEYS[self.index()]
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongColumnCount { expected, got } => {
                write!(f, "expected {expected} columns, got {got}")
            }
            Self::UnparsableField {
                field,
                expected,
                got,
            } => write!(f, "{field}: expected {expected}, got {got:?}"),
            Self::Cancelled => f.write_str("the invoice is a cancellation"),
            Self::Adjustment => f.write_str("the invoice is an adjustment"),
            Self::MissingCustomer => f.write_str("no customer is named"),
            Self::NonPositiveQuantity => f.write_str("the quantity is not above zero"),
            Self::NonPositivePrice => f.write_str("the price is not above zero"),
        }
    }
}

/// A record that was dropped: which one, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The partition of the source it came from.
    pub partition: u32,
    /// Its offset there: records before it.
    pub offset: u64,
    /// The line of the file it started on, counted from 1, where the source has lines.
    pub line: Option<u64>,
    /// Why it was dropped.
    pub reason: RejectReason,
}
