//! The JSON form of a record: the value of a stream message.

mod compact;
mod encode;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Incoming, fields};
use crate::clean::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::time::Timestamp;

pub use encode::JsonEncoder;

/// Reads records from JSON objects with the keys `invoice`, `stock_code`, `description`, `quantity`,
/// `invoice_date`, `price`, `customer_id`, `country` and `timestamp`; other keys are ignored.
///
/// Numbers may be written as text and text that looks like a number as a number, as producers in
/// other languages do; `description`, `customer_id` and `country` may be missing or `null`. Where
/// `timestamp` is missing, the record enters the stream at the time given to
/// [`JsonDecoder::decode`].
///
/// ```
/// use retail_core::source::JsonDecoder;
/// use retail_core::time::Timestamp;
///
/// let mut decoder = JsonDecoder::new();
/// let value = br#"{"invoice":"536365","stock_code":"85123A","quantity":6,"price":2.55,
///   "invoice_date":"2010-12-01 08:26:00","customer_id":17850.0,"country":"United Kingdom"}"#;
/// let sale = decoder.decode(value, Timestamp::EPOCH).expect("it can be read");
/// assert_eq!((sale.quantity, sale.customer_id), (6, Some(17850)));
///
/// let why = decoder.decode(b"{\"invoice\":", Timestamp::EPOCH).unwrap_err();
/// assert_eq!(why.to_string(), "record: expected a JSON object, got \"{\\\"invoice\\\":\"");
/// ```
#[derive(Debug, Clone, Default)]
pub struct JsonDecoder {
    /// Texts that do not stand in the value as they are.
    texts: [String; 4],
    times: compact::Times,
}

/// The usual form, which borrows what it can.
#[derive(Deserialize)]
struct Usual<'a> {
    #[serde(borrow)]
    invoice: Cow<'a, str>,
    #[serde(borrow)]
    stock_code: Cow<'a, str>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    quantity: i64,
    #[serde(borrow)]
    invoice_date: &'a str,
    price: f64,
    #[serde(default)]
    customer_id: Option<u64>,
    #[serde(borrow, default)]
    country: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: &'a str,
}

impl JsonDecoder {
    /// A decoder; it keeps room between records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one record. `arrived` is its stream time where it names none.
    ///
    /// # Errors
    /// [`RejectReason::UnparsableField`] for what is no object, or with the first field, in the
    /// order above, that cannot be read.
    pub fn decode<'a>(&'a mut self, value: &'a [u8], arrived: Timestamp) -> Incoming<'a> {
        match compact::read(value, &mut self.times) {
            Some(row) => Ok(row),
            None => self.decode_generally(value, arrived),
        }
    }

    /// Reads a record in whatever form.
    fn decode_generally<'a>(&'a mut self, value: &'a [u8], arrived: Timestamp) -> Incoming<'a> {
        if let Ok(usual) = serde_json::from_slice::<Usual<'a>>(value)
            && let Ok(invoice_date) = Timestamp::parse_bytes(usual.invoice_date.as_bytes())
            && let Ok(timestamp) = Timestamp::parse_bytes(usual.timestamp.as_bytes())
        {
            let [invoice, stock_code, description, country] = &mut self.texts;
            return Ok(TransactionRef {
                invoice: kept(usual.invoice, invoice),
                stock_code: kept(usual.stock_code, stock_code),
                description: kept(usual.description, description),
                quantity: usual.quantity,
                invoice_date,
                price: usual.price,
                customer_id: usual.customer_id,
                country: kept(usual.country, country),
                timestamp,
            });
        }
        self.decode_any(value, arrived)
    }

    /// The stream time that a value names, without reading the rest of it; `None` where it names
    /// none that can be found so.
    ///
    /// ```
    /// use retail_core::source::JsonDecoder;
    /// use retail_core::time::Timestamp;
    ///
    /// let value = br#"{"invoice":"536365","timestamp": "1970-01-01 00:00:01"}"#;
    /// assert_eq!(JsonDecoder::stream_time(value), Some(Timestamp::from_micros(1_000_000)));
    /// assert_eq!(JsonDecoder::stream_time(b"{}"), None);
    /// ```
    #[must_use]
    pub fn stream_time(value: &[u8]) -> Option<Timestamp> {
        // It stands last in what `JsonEncoder` writes. Inside a text its quotes would be escaped.
        let key = memchr::memmem::rfind(value, b"\"timestamp\"")?;
        let behind = value.get(key + b"\"timestamp\"".len()..)?;
        let behind = behind.trim_ascii_start().strip_prefix(b":")?;
        let text = behind.trim_ascii_start().strip_prefix(b"\"")?;
        let end = memchr::memchr(b'"', text.get(..text.len().min(64))?)?;
        Timestamp::parse_bytes(text.get(..end)?).ok()
    }

    /// Whatever else can be understood, or the reason why it cannot.
    #[cold]
    fn decode_any<'a>(&'a mut self, value: &'a [u8], arrived: Timestamp) -> Incoming<'a> {
        let object: Map<String, Value> = serde_json::from_slice(value)
            .map_err(|_| RejectReason::unparsable(Field::Record, "a JSON object", value))?;
        let fields = Fields(&object);
        let [invoice, stock_code, description, country] = &mut self.texts;
        *invoice = fields.needed(Field::Invoice)?;
        *stock_code = fields.needed(Field::StockCode)?;
        *description = fields.text(Field::Description)?.unwrap_or_default();
        let quantity = fields::quantity(fields.needed(Field::Quantity)?.as_bytes())?;
        let date = fields.needed(Field::InvoiceDate)?;
        let invoice_date = fields::timestamp(Field::InvoiceDate, date.as_bytes())?;
        let price = fields::price(fields.needed(Field::Price)?.as_bytes())?;
        let customer = fields.text(Field::CustomerId)?.unwrap_or_default();
        let customer_id = fields::customer_id(customer.as_bytes())?;
        *country = fields.text(Field::Country)?.unwrap_or_default();
        let timestamp = match fields.text(Field::Timestamp)? {
            Some(time) => fields::timestamp(Field::Timestamp, time.as_bytes())?,
            None => arrived,
        };
        Ok(TransactionRef {
            invoice,
            stock_code,
            description,
            quantity,
            invoice_date,
            price,
            customer_id,
            country,
            timestamp,
        })
    }
}

fn kept<'a>(text: Cow<'a, str>, room: &'a mut String) -> &'a str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => {
            *room = text;
            room
        }
    }
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    /// A field as text; `None` where it is missing or `null`.
    fn text(&self, field: Field) -> Result<Option<String>, RejectReason> {
        match self.0.get(field.name()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(RejectReason::unparsable(
                field,
                "a text or a number",
                other.to_string().as_bytes(),
            )),
        }
    }

    fn needed(&self, field: Field) -> Result<String, RejectReason> {
        let missing = || RejectReason::unparsable(field, "a value", b"nothing");
        self.text(field)?.ok_or_else(missing)
    }
}
