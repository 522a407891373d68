//! The form in which [`JsonEncoder`](super::JsonEncoder) writes, read several times as fast as JSON
//! in general. A space after each colon and comma, as Python writes, is read as well.

use memchr::memchr2;

use crate::record::TransactionRef;
use crate::source::digits::Word;
use crate::time::{DateOrder, Timestamp, TimestampReader};

/// What stands before a value, as the encoder writes it and as Python does.
type Key = [&'static str; 2];

/// The key of this name, after a comma, before a value that starts with these characters.
macro_rules! key {
    ($name:literal, $start:literal) => {
        [
            concat!(",\"", $name, "\":", $start),
            concat!(", \"", $name, "\": ", $start),
        ]
    };
}

/// The readers of both times.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) invoice_date: TimestampReader,
    pub(super) timestamp: TimestampReader,
}

impl Times {
    /// Readers of dates in this order.
    pub(super) const fn new(order: DateOrder) -> Self {
        Self {
            invoice_date: TimestampReader::new(order),
            timestamp: TimestampReader::new(order),
        }
    }
}

/// The record, if the value is written as the encoder writes and no text has an escape. `None` says
/// nothing about whether it is JSON.
pub(super) fn read<'a>(value: &'a [u8], times: &mut Times) -> Option<TransactionRef<'a>> {
    // Control characters have to be escaped in JSON. Without an early exit the loop is vectorised.
    let any_control = value.iter().fold(false, |any, &byte| any | (byte < b' '));
    if any_control {
        return None;
    }
    let mut rest = Rest(std::str::from_utf8(value).ok()?);
    let invoice = rest.text(["{\"invoice\":\"", "{\"invoice\": \""])?;
    let stock_code = rest.text(key!("stock_code", "\""))?;
    let description = rest.text(key!("description", "\""))?;
    let quantity = rest.number(key!("quantity", ""))?.signed()?;
    let invoice_date = rest.time::<19>(key!("invoice_date", "\""), &mut times.invoice_date)?;
    let price = rest.number(key!("price", ""))?.decimal()?;
    let customer_id = rest.number(key!("customer_id", ""))?;
    let customer_id = match customer_id.text() {
        b"null" => None,
        _ => Some(customer_id.whole()?),
    };
    let country = rest.text(key!("country", "\""))?;
    let timestamp = rest.time::<26>(key!("timestamp", "\""), &mut times.timestamp)?;
    (rest.0 == "}").then_some(())?;
    Some(TransactionRef {
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

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// What follows a key, whichever way it is written.
    #[inline(always)]
    fn behind(&self, [compact, spaced]: Key) -> Option<&'a str> {
        let compact = self.0.strip_prefix(compact);
        compact.or_else(|| self.0.strip_prefix(spaced))
    }

    /// The text of this key.
    #[inline(always)]
    fn text(&mut self, key: Key) -> Option<&'a str> {
        let behind = self.behind(key)?;
        let end = memchr2(b'"', b'\\', behind.as_bytes())?;
        let text = behind.get(..end)?;
        self.0 = behind.get(end..)?.strip_prefix('"')?;
        Some(text)
    }

    /// The time of this key. Most have this length.
    #[inline(always)]
    fn time<const LENGTH: usize>(
        &mut self,
        key: Key,
        reader: &mut TimestampReader,
    ) -> Option<Timestamp> {
        let behind = self.behind(key)?;
        if behind.as_bytes().get(LENGTH) == Some(&b'"')
            && let Some(time) = reader.read(behind.as_bytes().get(..LENGTH)?)
        {
            self.0 = behind.get(LENGTH + 1..)?;
            return Some(time);
        }
        reader.read(self.text(key)?.as_bytes())
    }

    /// The number of this key: all up to the next comma.
    #[inline(always)]
    fn number(&mut self, key: Key) -> Option<Number<'a>> {
        let behind = self.behind(key)?;
        // It is short.
        let length = behind.bytes().position(|byte| byte == b',')?;
        self.0 = behind.get(length..)?;
        Some(Number {
            bytes: behind.as_bytes(),
            length,
        })
    }
}

/// The first `length` of these bytes.
#[derive(Clone, Copy)]
struct Number<'a> {
    bytes: &'a [u8],
    length: usize,
}

impl<'a> Number<'a> {
    fn text(self) -> &'a [u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// An integer of up to 18 digits, without leading zeros.
    #[inline]
    fn whole(self) -> Option<u64> {
        let digits = self.text();
        if digits.first() == Some(&b'0') && digits.len() > 1 {
            return None;
        }
        if let Some(word) = Word::within(self.bytes, 0..self.length) {
            return word.whole();
        }
        let legal = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        legal.then(|| {
            let digit = |byte: &u8| u64::from(byte - b'0');
            digits
                .iter()
                .fold(0, |value, byte| value * 10 + digit(byte))
        })
    }

    fn signed(self) -> Option<i64> {
        if self.bytes.first() != Some(&b'-') {
            return Some(self.whole()? as i64);
        }
        let digits = Number {
            bytes: self.bytes.get(1..)?,
            length: self.length.checked_sub(1)?,
        };
        // There is no such number as -0.
        Some(-(digits.whole()? as i64)).filter(|&value| value != 0)
    }

    /// Up to 8 characters, digits with at most one point between them.
    fn decimal(self) -> Option<f64> {
        let legal = match self.text() {
            [b'0', b'.', _, ..] | [b'0'] => true,
            [b'1'..=b'9', .., last] => *last != b'.',
            [b'1'..=b'9'] => true,
            _ => false,
        };
        let word = Word::within(self.bytes, 0..self.length)?;
        if legal { word.decimal() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{JsonEncoder, general};
    use super::*;
    use crate::record::Transaction;
    use proptest::prelude::*;

    fn read(value: &[u8]) -> Option<TransactionRef<'_>> {
        super::read(value, &mut Times::new(DateOrder::MonthFirst))
    }

    fn generally(value: &[u8]) -> Option<Transaction> {
        let mut texts = general::Texts::default();
        let mut times = Times::new(DateOrder::MonthFirst);
        let record = general::read(value, Timestamp::MIN, &mut times, &mut texts);
        record.ok().map(|row| row.to_owned())
    }

    fn sale() -> impl Strategy<Value = Transaction> {
        let text = || prop_oneof![4 => "[A-Z0-9 é.,/&-]{0,12}", 1 => "[a\"\\\\\n\t]{0,3}"];
        let time = || (0_i64..4_000_000_000_000_000).prop_map(Timestamp::from_micros);
        let price = prop_oneof![
            (0_u32..10_000_000).prop_map(|mills| f64::from(mills) / 1000.0),
            -1e12..1e12
        ];
        let numbers = (any::<i32>(), price, proptest::option::of(0_u64..100_000));
        (proptest::array::uniform4(text()), numbers, time(), time()).prop_map(
            |([invoice, stock_code, description, country], numbers, invoice_date, timestamp)| {
                Transaction {
                    invoice,
                    stock_code,
                    description,
                    quantity: numbers.0.into(),
                    invoice_date,
                    price: numbers.1,
                    customer_id: numbers.2,
                    country,
                    timestamp,
                }
            },
        )
    }

    fn encoded(sale: &Transaction) -> Vec<u8> {
        let mut value = Vec::new();
        JsonEncoder::new().encode(&sale.as_ref(), &mut value);
        value
    }

    #[test]
    fn a_usual_sale_is_read() {
        let value = br#"{"invoice":"536365","stock_code":"85123A","description":"HOLDER","quantity":-6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,"country":"France","timestamp":"2024-01-01T00:00:00.010000"}"#;
        let sale = read(value).expect("the usual form");
        assert_eq!(
            (sale.quantity, sale.price, sale.customer_id),
            (-6, 2.55, Some(17850))
        );
        assert_eq!(Some(sale.to_owned()), generally(value));
    }

    #[test]
    fn numbers_that_are_not_json_are_left_to_others() {
        let sale = r#"{"invoice":"1","stock_code":"2","description":"","quantity":Q,"invoice_date":"2010-12-01 08:26:00","price":P,"customer_id":C,"country":"","timestamp":"2010-12-01 08:26:00"}"#;
        let with = |q: &str, p: &str, c: &str| {
            let value = sale.replace('Q', q).replace('P', p).replace('C', c);
            (
                read(value.as_bytes()).map(|row| row.to_owned()),
                generally(value.as_bytes()),
            )
        };
        let (fast, general) = with("1", "0.5", "null");
        assert!(fast.is_some());
        assert_eq!(fast, general);
        for (q, p, c) in [
            ("01", "1", "1"),
            ("-0", "1", "1"),
            ("-01", "1", "1"),
            ("1234567890123456789", "1", "1"),
            ("1", "0.", "1"),
            ("1", "0..", "1"),
            ("1", "0.5.", "1"),
            ("+1", "1", "1"),
            ("", "1", "1"),
            ("-", "1", "1"),
            ("1.0", "1", "1"),
            ("1", ".5", "1"),
            ("1", "5.", "1"),
            ("1", "00.5", "1"),
            ("1", "-1", "1"),
            ("1", "1e3", "1"),
            ("1", "1..2", "1"),
            ("1", "", "1"),
            ("1", "NaN", "1"),
            ("1", "1", "007"),
            ("1", "1", ""),
            ("1", "1", "1.0"),
            ("1", "1", "nul"),
        ] {
            assert_eq!(with(q, p, c).0, None, "{q} {p} {c}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_read_here_is_what_is_read_generally(sale in sale()) {
            let value = encoded(&sale);
            if let Some(row) = read(&value) {
                prop_assert_eq!(Some(row.to_owned()), generally(&value));
                prop_assert_eq!(row.to_owned(), sale);
            }
        }

        #[test]
        fn damage_is_not_read_as_something_else(
            sale in sale(), at in 0_usize..400, byte: u8, remove: bool,
        ) {
            let mut value = encoded(&sale);
            let at = at % value.len();
            if remove {
                value.remove(at);
            } else {
                value[at] = byte;
            }
            if let Some(row) = read(&value) {
                prop_assert_eq!(Some(row.to_owned()), generally(&value));
            }
        }
    }
}
