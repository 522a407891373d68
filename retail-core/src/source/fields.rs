//! Field parsers, shared by everything that reads records as text.
//!
//! All of them ignore ASCII white space around the value and allocate only for a rejection.

use crate::clean::{EXPECTED_PRICE, Field, PRICES, RejectReason};
use crate::time::{DateOrder, Timestamp};

/// Units sold: an integer with an optional sign, `6` or, as spreadsheets write it, `6.0`.
pub(crate) fn quantity(text: &[u8]) -> Result<i64, RejectReason> {
    let trimmed = text.trim_ascii();
    let (negative, digits) = match trimmed {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    whole(digits)
        .and_then(|magnitude| {
            let magnitude = i64::try_from(magnitude).ok()?;
            Some(if negative { -magnitude } else { magnitude })
        })
        .ok_or_else(|| RejectReason::unparsable(Field::Quantity, "a whole number", text))
}

/// Unit price: a finite decimal number, at most 10¹² in size. Words (`NaN`, `inf`), hexadecimal
/// digits, currency signs and decimal commas are not numbers here.
pub(crate) fn price(text: &[u8]) -> Result<f64, RejectReason> {
    let trimmed = text.trim_ascii();
    let decimal = trimmed
        .iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    std::str::from_utf8(trimmed)
        .ok()
        .filter(|_| decimal)
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|price| PRICES.contains(price))
        .ok_or_else(|| RejectReason::unparsable(Field::Price, EXPECTED_PRICE, text))
}

/// Texts by which programs say that a value is missing, and shops that a customer is nobody they know.
const NOBODY: [&str; 9] = [
    "", "na", "n/a", "nan", "null", "none", "<na>", "\\n", "guest",
];

/// Customer number: `17850` or `17850.0`; none if the customer is not known. That is said by nothing,
/// by one of the usual words, in any case, and by a number below 0.
pub(crate) fn customer_id(text: &[u8]) -> Result<Option<u64>, RejectReason> {
    let trimmed = text.trim_ascii();
    let is = |word: &&str| word.as_bytes().eq_ignore_ascii_case(trimmed);
    if let Some(customer) = whole(trimmed) {
        return Ok(Some(customer));
    }
    let below_zero = trimmed.strip_prefix(b"-").and_then(whole).is_some();
    if below_zero || NOBODY.iter().any(is) {
        return Ok(None);
    }
    let expected = "a customer number or nothing";
    Err(RejectReason::unparsable(Field::CustomerId, expected, text))
}

/// A date and time in a form that [`DateOrder::read`] accepts.
pub(crate) fn date(field: Field, text: &[u8], order: DateOrder) -> Result<Timestamp, RejectReason> {
    order.read(text).map_err(|_| no_date(field, text, order))
}

/// Why a text is not read as a date in this order.
pub(crate) fn no_date(field: Field, text: &[u8], order: DateOrder) -> RejectReason {
    let expected = match (order.is_contradicted_by(text), order) {
        (false, _) => "a date like 2010-12-01 08:26:00 or 12/1/2010 8:26",
        (true, DateOrder::YearFirst) => {
            "a date that is read year first (--date-format, stream.date_format)"
        }
        (true, DateOrder::MonthFirst) => {
            "a date that is read month first (--date-format, stream.date_format)"
        }
        (true, DateOrder::DayFirst) => {
            "a date that is read day first (--date-format, stream.date_format)"
        }
    };
    RejectReason::unparsable(field, expected, text)
}

/// Text: UTF-8, or else Latin-1, in which every byte is the character of that number.
///
/// The choice is made per field, so that a file of mixed origin reads as well as it can. UTF-8 is
/// borrowed as it stands; Latin-1 is decoded into `scratch`, which is emptied first.
pub(crate) fn text<'a>(bytes: &'a [u8], scratch: &'a mut String) -> &'a str {
    match std::str::from_utf8(bytes) {
        Ok(utf8) => utf8,
        Err(_) => {
            scratch.clear();
            scratch.extend(bytes.iter().map(|&byte| char::from(byte)));
            scratch
        }
    }
}

/// Digits, optionally followed by a point and zeros.
fn whole(text: &[u8]) -> Option<u64> {
    let mut parts = text.splitn(2, |&b| b == b'.');
    let digits = parts.next().filter(|digits| !digits.is_empty())?;
    if let Some(fraction) = parts.next() {
        (!fraction.is_empty() && fraction.iter().all(|&b| b == b'0')).then_some(())?;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|&digit| digit < 10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_are_signed_whole_numbers() {
        for (text, value) in [
            ("6", 6),
            ("6.0", 6),
            ("+6", 6),
            (" -74215.00 ", -74_215),
            ("0", 0),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(quantity(text.as_bytes()), Ok(value), "{text}");
        }
        for text in [
            "",
            " ",
            "-",
            "six",
            "6.5",
            "6.",
            ".0",
            "1e3",
            "0x10",
            "--6",
            "6 6",
            "6,0",
            "9223372036854775808",
            "99999999999999999999999",
        ] {
            assert!(quantity(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn prices_are_finite_decimals() {
        for (text, value) in [
            ("2.55", 2.55),
            ("4", 4.0),
            (" -11062.06 ", -11_062.06),
            ("1e-05", 1e-5),
            ("1000000000000", 1e12),
            (".5", 0.5),
        ] {
            assert_eq!(price(text.as_bytes()), Ok(value), "{text}");
        }
        for text in [
            "",
            "NaN",
            "nan",
            "inf",
            "-Infinity",
            "0x1p3",
            "1e999",
            "1000000000000.01",
            "2,55",
            "£2.55",
            "2.5.5",
            "e5",
            "-",
            "1_000",
        ] {
            assert!(price(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_customer_is_a_number_or_unknown() {
        for text in ["17850", "17850.0", " 17850.00 "] {
            assert_eq!(customer_id(text.as_bytes()), Ok(Some(17_850)), "{text}");
        }
        assert_eq!(customer_id(b"0.0"), Ok(Some(0)));
        for text in [
            "", "  ", "NA", "n/a", "nan", "NaN", "NULL", "None", "<NA>", "\\N", "Guest", " guest ",
            "-0", "-1", "-17850.0",
        ] {
            assert_eq!(customer_id(text.as_bytes()), Ok(None), "{text:?}");
        }
        for text in [
            "nobody",
            "-",
            "-x",
            "17850.5",
            "1.785e4",
            "18446744073709551616",
        ] {
            assert!(customer_id(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rejection_says_which_field_what_was_expected_and_what_stood_there() {
        let text = b"2011-02-30 10:00";
        let reason = date(Field::InvoiceDate, text, DateOrder::MonthFirst).unwrap_err();
        assert_eq!(
            reason.to_string(),
            "invoice_date: expected a date like 2010-12-01 08:26:00 or 12/1/2010 8:26, \
             got \"2011-02-30 10:00\""
        );
    }

    #[test]
    fn text_that_is_not_utf8_reads_as_latin1() {
        let mut scratch = String::from("left over");
        assert_eq!(text("CAFÉ".as_bytes(), &mut scratch), "CAFÉ");
        assert_eq!(text(b"CAF\xc9 \xa35", &mut scratch), "CAFÉ £5");
    }

    proptest! {
        #[test]
        fn numbers_round_trip(units in any::<i64>(), mills in -10_i64.pow(15)..=10_i64.pow(15)) {
            // The one integer without a positive counterpart is not worth a special case.
            prop_assume!(units != i64::MIN);
            prop_assert_eq!(quantity(units.to_string().as_bytes()), Ok(units));
            let amount = mills as f64 / 1000.0;
            prop_assert_eq!(price(amount.to_string().as_bytes()), Ok(amount));
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut scratch = String::new();
            let _ = (quantity(&bytes), price(&bytes), customer_id(&bytes));
            let _ = date(Field::Timestamp, &bytes, DateOrder::DayFirst);
            prop_assert!(text(&bytes, &mut scratch).chars().count() <= bytes.len());
        }
    }
}
