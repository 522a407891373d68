//! The form in which [`JsonEncoder`](super::JsonEncoder) writes, read several times as fast as JSON
//! in general.

use memchr::{memchr, memchr2};

use crate::record::TransactionRef;
use crate::source::digits::Word;
use crate::time::Timestamp;

/// The record, where the value is written exactly as the encoder writes and no text has an escape.
/// `None` says nothing about whether it is JSON.
pub(super) fn read(value: &[u8]) -> Option<TransactionRef<'_>> {
    // Control characters have to be escaped in JSON.
    if value.iter().any(|&byte| byte < b' ') {
        return None;
    }
    let mut rest = Rest(std::str::from_utf8(value).ok()?);
    let invoice = rest.text("{\"invoice\":\"")?;
    let stock_code = rest.text(",\"stock_code\":\"")?;
    let description = rest.text(",\"description\":\"")?;
    let quantity = signed(rest.number(",\"quantity\":")?)?;
    let invoice_date = rest.text(",\"invoice_date\":\"")?;
    let price = decimal(rest.number(",\"price\":")?)?;
    let customer_id = match rest.number(",\"customer_id\":")? {
        "null" => None,
        digits => Some(whole(digits)?),
    };
    let country = rest.text(",\"country\":\"")?;
    let timestamp = rest.text(",\"timestamp\":\"")?;
    (rest.0 == "}").then_some(())?;
    Some(TransactionRef {
        invoice,
        stock_code,
        description,
        quantity,
        invoice_date: Timestamp::parse_bytes(invoice_date.as_bytes()).ok()?,
        price,
        customer_id,
        country,
        timestamp: Timestamp::parse_bytes(timestamp.as_bytes()).ok()?,
    })
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The text behind `key`, up to its closing quote.
    fn text(&mut self, key: &str) -> Option<&'a str> {
        let behind = self.0.strip_prefix(key)?;
        let end = memchr2(b'"', b'\\', behind.as_bytes())?;
        let text = behind.get(..end)?;
        self.0 = behind.get(end..)?.strip_prefix('"')?;
        Some(text)
    }

    /// What stands behind `key`, up to the next comma.
    fn number(&mut self, key: &str) -> Option<&'a str> {
        let behind = self.0.strip_prefix(key)?;
        let end = memchr(b',', behind.as_bytes())?;
        let (number, rest) = (behind.get(..end)?, behind.get(end..)?);
        self.0 = rest;
        Some(number)
    }
}

/// An integer of up to 18 digits, without leading zeros.
fn whole(digits: &str) -> Option<u64> {
    let legal = !digits.is_empty()
        && digits.len() <= 18
        && (digits == "0" || !digits.starts_with('0'))
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    legal.then(|| {
        let digit = |byte: u8| u64::from(byte - b'0');
        digits
            .bytes()
            .fold(0, |value, byte| value * 10 + digit(byte))
    })
}

fn signed(number: &str) -> Option<i64> {
    match number.strip_prefix('-') {
        Some("0") => None,
        Some(digits) => Some(-(whole(digits)? as i64)),
        None => Some(whole(number)? as i64),
    }
}

/// Up to 8 characters, digits with at most one point between them.
fn decimal(number: &str) -> Option<f64> {
    let (integer, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let legal = !fraction.is_empty() && (integer == "0" || !integer.starts_with('0'));
    let legal = legal && integer.bytes().next()?.is_ascii_digit();
    let mut room = [0; 16];
    room.get_mut(..number.len())?
        .copy_from_slice(number.as_bytes());
    let word = Word::within(&room, 0..number.len())?;
    if legal { word.decimal() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::{JsonDecoder, JsonEncoder};
    use super::*;
    use crate::record::Transaction;
    use proptest::prelude::*;

    fn generally(value: &[u8]) -> Option<Transaction> {
        let mut decoder = JsonDecoder::new();
        let record = decoder.decode_generally(value, Timestamp::MIN);
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
