//! The JSON form of a record: the value of a stream message.

mod compact;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Incoming, fields};
use crate::clean::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::time::{Timestamp, TimestampWriter};

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
        match compact::read(value) {
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

/// Writes records as the JSON objects that [`JsonDecoder`] reads, without white space, keys in the
/// order listed there. Numbers are the shortest text that reads back the same.
///
/// ```
/// use retail_core::source::{JsonDecoder, JsonEncoder};
/// use retail_core::time::Timestamp;
/// # use retail_core::record::Transaction;
/// # let sale = Transaction {
/// #     invoice: "536365".into(), stock_code: "85123A".into(), description: "12\" TRAY".into(),
/// #     quantity: 6, invoice_date: Timestamp::EPOCH, price: 2.55, customer_id: None,
/// #     country: "France".into(), timestamp: Timestamp::EPOCH,
/// # };
/// let mut value = Vec::new();
/// JsonEncoder::new().encode(&sale.as_ref(), &mut value);
/// assert_eq!(JsonDecoder::new().decode(&value, Timestamp::MIN), Ok(sale.as_ref()));
/// ```
#[derive(Debug, Default)]
pub struct JsonEncoder {
    invoice_date: TimestampWriter,
    timestamp: TimestampWriter,
}

impl JsonEncoder {
    /// An encoder; of times it writes those of the same day as the one before faster.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one record. A price that is not finite is written as `null`, and cannot be read.
    pub fn encode(&mut self, row: &TransactionRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"invoice\":");
        json(&row.invoice, out);
        out.extend_from_slice(b",\"stock_code\":");
        json(&row.stock_code, out);
        out.extend_from_slice(b",\"description\":");
        json(&row.description, out);
        out.extend_from_slice(b",\"quantity\":");
        json(&row.quantity, out);
        out.extend_from_slice(b",\"invoice_date\":\"");
        self.invoice_date.invoice_date(row.invoice_date, out);
        out.extend_from_slice(b"\",\"price\":");
        json(&row.price, out);
        out.extend_from_slice(b",\"customer_id\":");
        json(&row.customer_id, out);
        out.extend_from_slice(b",\"country\":");
        json(&row.country, out);
        out.extend_from_slice(b",\"timestamp\":\"");
        self.timestamp.stream_time(row.timestamp, out);
        out.extend_from_slice(b"\"}");
    }
}

fn json(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Numbers and texts have a form, and writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Transaction;
    use proptest::prelude::*;

    const SALE: &str = r#"{"invoice":"536365","stock_code":"85123A","description":"HOLDER",
        "quantity":6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,
        "country":"United Kingdom","timestamp":"2024-01-01T00:00:00.010000"}"#;

    fn decoded(value: &str) -> Result<Transaction, String> {
        let arrived = Timestamp::from_micros(77);
        let mut decoder = JsonDecoder::new();
        let record = decoder.decode(value.as_bytes(), arrived);
        record
            .map(|row| row.to_owned())
            .map_err(|reason| reason.to_string())
    }

    /// The sale with one key changed, or removed.
    fn with(key: &str, value: Option<Value>) -> String {
        let mut sale: Map<String, Value> = serde_json::from_str(SALE).unwrap();
        match value {
            Some(value) => sale.insert(key.into(), value),
            None => sale.remove(key),
        };
        serde_json::to_string(&sale).unwrap()
    }

    #[test]
    fn what_other_producers_write_is_read_alike() {
        let sale = decoded(SALE).unwrap();
        assert_eq!(sale.customer_id, Some(17850));
        for (key, value) in [
            ("invoice", Value::from(536365)),
            ("quantity", "6".into()),
            ("quantity", 6.0.into()),
            ("price", "2.55".into()),
            ("customer_id", "17850".into()),
            ("customer_id", 17850.0.into()),
            ("invoice_date", "2010-12-01T08:26:00".into()),
            ("total_amount", 15.3.into()),
            ("year", Value::Null),
        ] {
            assert_eq!(
                decoded(&with(key, Some(value.clone()))),
                Ok(sale.clone()),
                "{key} {value}"
            );
        }
    }

    #[test]
    fn what_may_be_missing_is_empty_and_a_missing_stream_time_is_that_of_arrival() {
        let sale = decoded(SALE).unwrap();
        for value in [None, Some(Value::Null)] {
            let nobody = decoded(&with("customer_id", value.clone())).unwrap();
            assert_eq!(nobody.customer_id, None);
            let nowhere = decoded(&with("country", value.clone())).unwrap();
            assert_eq!(nowhere.country, "");
            let now = decoded(&with("timestamp", value)).unwrap();
            let timestamp = Timestamp::from_micros(77);
            assert_eq!(
                now,
                Transaction {
                    timestamp,
                    ..sale.clone()
                }
            );
        }
    }

    #[test]
    fn what_cannot_be_read_names_the_field() {
        for (key, value, why) in [
            (
                "invoice",
                None,
                "invoice: expected a value, got \"nothing\"",
            ),
            (
                "invoice",
                Some(Value::Null),
                "invoice: expected a value, got \"nothing\"",
            ),
            (
                "invoice",
                Some(Value::from([1])),
                "invoice: expected a text or a number, got \"[1]\"",
            ),
            (
                "quantity",
                Some("six".into()),
                "quantity: expected a whole number, got \"six\"",
            ),
            (
                "quantity",
                Some(6.5.into()),
                "quantity: expected a whole number, got \"6.5\"",
            ),
            (
                "invoice_date",
                Some("yesterday".into()),
                "invoice_date: expected a date like 2010-12-01 08:26:00 or 12/1/2010 8:26, got \
                 \"yesterday\"",
            ),
            (
                "customer_id",
                Some((-1).into()),
                "customer_id: expected a customer number or nothing, got \"-1\"",
            ),
            (
                "country",
                Some(true.into()),
                "country: expected a text or a number, got \"true\"",
            ),
        ] {
            assert_eq!(decoded(&with(key, value)), Err(why.into()));
        }
    }

    #[test]
    fn what_is_no_object_is_unparsable_as_a_record() {
        for value in ["", "null", "[]", "{", "\"x\"", "{\"invoice\":NaN}", "{} {}"] {
            let why = decoded(value).unwrap_err();
            assert!(
                why.starts_with("record: expected a JSON object, got "),
                "{value}: {why}"
            );
        }
        let mut decoder = JsonDecoder::new();
        let invalid = b"{\"invoice\":\"\xff\"}";
        assert!(decoder.decode(invalid, Timestamp::EPOCH).is_err());
    }

    #[test]
    fn a_long_value_is_shortened_in_the_reason() {
        let why = decoded(&"x".repeat(5_000_000)).unwrap_err();
        assert!(why.len() < 200, "{}", why.len());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            texts in proptest::array::uniform4(".{0,12}"),
            quantity: i64,
            price in -1e12..1e12,
            customer_id: Option<u64>,
            times in proptest::array::uniform2(-62_135_596_800_000_000_i64..253_402_300_800_000_000),
        ) {
            let [invoice, stock_code, description, country] = texts;
            let [invoice_date, timestamp] = times.map(Timestamp::from_micros);
            let sale = Transaction {
                invoice, stock_code, description, quantity, invoice_date, price, customer_id,
                country, timestamp,
            };
            let mut value = Vec::new();
            JsonEncoder::new().encode(&sale.as_ref(), &mut value);
            let mut decoder = JsonDecoder::new();
            prop_assert_eq!(decoder.decode(&value, Timestamp::EPOCH), Ok(sale.as_ref()));
            prop_assert_eq!(decoder.decode_any(&value, Timestamp::EPOCH), Ok(sale.as_ref()));
            prop_assert_eq!(serde_json::from_slice::<Transaction>(&value).ok(), Some(sale));
        }
    }
}
