use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One line of an invoice, as it travels through the stream.
///
/// Its JSON form is the value of a stream message; unknown keys are ignored.
///
/// ```
/// use retail_core::record::Transaction;
/// let json = r#"{"invoice":"536365","stock_code":"85123A","description":"T-LIGHT HOLDER",
///   "quantity":6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,
///   "country":"United Kingdom","timestamp":"2024-01-01T00:00:00.010000"}"#;
/// let transaction: Transaction = serde_json::from_str(json)?;
/// assert_eq!(transaction.customer_id, Some(17850));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// Invoice number; cancellations start with `C`, adjustments with `A`.
    pub invoice: String,
    /// Product code.
    pub stock_code: String,
    /// Product name, possibly empty.
    #[serde(default)]
    pub description: String,
    /// Units sold; negative for goods that came back.
    pub quantity: i64,
    /// Event time: when the sale happened, in shop time.
    pub invoice_date: Timestamp,
    /// Price of one unit, in the currency of the shop.
    pub price: f64,
    /// Who bought, if known.
    #[serde(default)]
    pub customer_id: Option<u64>,
    /// Country of the customer.
    #[serde(default)]
    pub country: String,
    /// Stream time: when the record entered the stream.
    pub timestamp: Timestamp,
}

/// A [`Transaction`] that borrows its text, so that readers need not allocate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransactionRef<'a> {
    /// See [`Transaction::invoice`].
    pub invoice: &'a str,
    /// See [`Transaction::stock_code`].
    pub stock_code: &'a str,
    /// See [`Transaction::description`].
    pub description: &'a str,
    /// See [`Transaction::quantity`].
    pub quantity: i64,
    /// See [`Transaction::invoice_date`].
    pub invoice_date: Timestamp,
    /// See [`Transaction::price`].
    pub price: f64,
    /// See [`Transaction::customer_id`].
    pub customer_id: Option<u64>,
    /// See [`Transaction::country`].
    pub country: &'a str,
    /// See [`Transaction::timestamp`].
    pub timestamp: Timestamp,
}

impl Transaction {
    /// A borrowed view of this transaction.
    #[must_use]
    pub fn as_ref(&self) -> TransactionRef<'_> {
        TransactionRef {
            invoice: &self.invoice,
            stock_code: &self.stock_code,
            description: &self.description,
            quantity: self.quantity,
            invoice_date: self.invoice_date,
            price: self.price,
            customer_id: self.customer_id,
            country: &self.country,
            timestamp: self.timestamp,
        }
    }
}

impl TransactionRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_owned(&self) -> Transaction {
        Transaction {
            invoice: self.invoice.to_owned(),
            stock_code: self.stock_code.to_owned(),
            description: self.description.to_owned(),
            quantity: self.quantity,
            invoice_date: self.invoice_date,
            price: self.price,
            customer_id: self.customer_id,
            country: self.country.to_owned(),
            timestamp: self.timestamp,
        }
    }
}
