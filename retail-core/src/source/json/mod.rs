//! The JSON form of a record: the value of a stream message.

mod compact;
mod encode;
mod general;
mod lines;
mod python;
mod source;
#[cfg(test)]
mod tests;

use super::Incoming;
#[cfg(doc)]
use crate::clean::Field;
use crate::time::{DateOrder, DateSign, Timestamp};

pub use encode::JsonEncoder;
pub use python::without_nan;
pub(super) use source::JsonLines;

/// Reads records from JSON objects with the keys `invoice`, `stock_code`, `description`, `quantity`,
/// `invoice_date`, `price`, `customer_id`, `country` and `timestamp`, or the names that exports have for
/// them ([`Field::known_as`]). Other keys are ignored.
///
/// Producers in other languages write numbers as text, or text that looks like a number as a
/// number: both are read. A time may be a number of seconds or milliseconds since 1970
/// ([`Timestamp::from_unix`]). `description`, `customer_id` and `country` may be missing, `null`, or
/// `NaN`, as Python writes it. If `timestamp` is missing, the record enters the stream at the time
/// given to [`JsonDecoder::decode`].
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
#[derive(Debug, Clone)]
pub struct JsonDecoder {
    times: compact::Times,
    texts: general::Texts,
}

impl JsonDecoder {
    /// A decoder, which keeps room between records. Of dates whose year comes last, it takes the month
    /// to come first.
    #[must_use]
    pub fn new() -> Self {
        Self::with_dates(DateOrder::MonthFirst)
    }

    /// A decoder of dates in this order.
    #[must_use]
    pub fn with_dates(order: DateOrder) -> Self {
        Self {
            times: compact::Times::new(order),
            texts: general::Texts::default(),
        }
    }

    /// Looks, from now on, for what dates say about their order; see [`JsonDecoder::take_sign`].
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.times.invoice_date.watch();
        self.times.timestamp.watch();
        self
    }

    /// What the dates of the last record have said about their order, the first time that it is said.
    /// To be asked for after each record until there is nothing more.
    ///
    /// ```
    /// use retail_core::source::JsonDecoder;
    /// use retail_core::time::{DateSign, Timestamp};
    ///
    /// let mut decoder = JsonDecoder::new().watching();
    /// let value = br#"{"invoice":"1","stock_code":"2","quantity":6,"price":2.55,
    ///   "invoice_date":"12/03/2011 09:00"}"#;
    /// assert!(decoder.decode(value, Timestamp::EPOCH).is_ok());
    /// let sign = DateSign::Ambiguous("12/03/2011 09:00".into());
    /// assert_eq!(decoder.take_sign(), Some(sign));
    /// assert_eq!(decoder.take_sign(), None);
    /// ```
    pub fn take_sign(&mut self) -> Option<DateSign> {
        let sign = self.times.invoice_date.take_sign();
        sign.or_else(|| self.times.timestamp.take_sign())
    }

    /// Reads one record. `arrived` is its stream time if it names none.
    ///
    /// # Errors
    /// [`UnparsableField`](crate::clean::RejectReason::UnparsableField): the record if it is no
    /// JSON object, else the first field, in the order above, that cannot be read.
    pub fn decode<'a>(&'a mut self, value: &'a [u8], arrived: Timestamp) -> Incoming<'a> {
        match compact::read(value, &mut self.times) {
            Some(row) => Ok(row),
            None => general::read(value, arrived, &mut self.times, &mut self.texts),
        }
    }

    /// The stream time that a value names; `None` if it names none that can be read. Only the record's
    /// own key counts, not one of an object within.
    ///
    /// ```
    /// use retail_core::source::JsonDecoder;
    /// use retail_core::time::Timestamp;
    ///
    /// let value = br#"{"invoice":"536365","timestamp": "1970-01-01 00:00:01"}"#;
    /// assert_eq!(JsonDecoder::stream_time(value), Some(Timestamp::from_micros(1_000_000)));
    /// let value = br#"{"sent":{"timestamp": "1970-01-01 00:00:01"}}"#;
    /// assert_eq!(JsonDecoder::stream_time(value), None);
    /// ```
    #[must_use]
    pub fn stream_time(value: &[u8]) -> Option<Timestamp> {
        match last_key(value).map(Timestamp::parse_bytes) {
            Some(Ok(time)) => Some(time),
            // The text may have escapes.
            _ => general::stream_time(value),
        }
    }
}

impl Default for JsonDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The stream time of a value whose last key it is, found without reading the rest. That is where the
/// encoder writes it.
fn last_key(value: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"\"timestamp\"";
    // Inside a text, its quotes would be escaped.
    let key = memchr::memmem::rfind(value, KEY)?;
    let behind = value.get(key + KEY.len()..)?;
    let behind = behind.trim_ascii_start().strip_prefix(b":")?;
    let text = behind.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', text.get(..text.len().min(64))?)?;
    // A single brace is that of the record. Behind a key of an object within there is one more.
    let is_last = text.get(end + 1..)?.trim_ascii() == b"}";
    text.get(..end).filter(|_| is_last)
}
