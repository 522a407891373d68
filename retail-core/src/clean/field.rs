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

    /// The field that goes by this name in an export or a message: its own name, or one of those that
    /// exports use, such as `InvoiceNo` or `Unit Price`. Case, white space and underscores do not
    /// matter.
    ///
    /// ```
    /// use retail_core::clean::Field;
    ///
    /// assert_eq!(Field::known_as("Customer ID"), Some(Field::CustomerId));
    /// assert_eq!(Field::known_as("unit_price"), Some(Field::Price));
    /// assert_eq!(Field::known_as("Amount"), None);
    /// ```
    #[must_use]
    pub fn known_as(name: &str) -> Option<Self> {
        let fields = Self::ALL.into_iter().filter(|field| *field != Self::Record);
        let mut known =
            fields.flat_map(|field| field.names().iter().map(move |name| (field, name)));
        known
            .find(|(_, known)| plain(known).eq(plain(name)))
            .map(|(field, _)| field)
    }

    /// The names by which exports know it.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Invoice => &["Invoice", "InvoiceNo"],
            Self::StockCode => &["StockCode"],
            Self::Description => &["Description"],
            Self::Quantity => &["Quantity"],
            Self::InvoiceDate => &["InvoiceDate"],
            Self::Price => &["Price", "UnitPrice"],
            Self::CustomerId => &["Customer ID", "CustomerID"],
            Self::Country => &["Country"],
            Self::Timestamp => &["timestamp"],
            Self::Record => &[],
        }
    }
}

/// A name without what exports disagree about.
fn plain(name: &str) -> impl Iterator<Item = char> {
    let letters = name.chars().filter(|c| !c.is_whitespace() && *c != '_');
    letters.flat_map(char::to_lowercase)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
