use serde_json::{Map, Value};

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
fn keys_may_be_the_names_that_exports_have() {
    let sale = decoded(SALE).unwrap();
    for (own, other) in [
        ("invoice", "InvoiceNo"),
        ("invoice", "Invoice"),
        ("stock_code", "StockCode"),
        ("description", "Description"),
        ("quantity", "QUANTITY"),
        ("invoice_date", "InvoiceDate"),
        ("price", "UnitPrice"),
        ("price", "Unit Price"),
        ("customer_id", "CustomerID"),
        ("customer_id", "Customer ID"),
        ("country", " Country "),
        ("timestamp", "Timestamp"),
    ] {
        let renamed = SALE.replace(&format!("\"{own}\""), &format!("\"{other}\""));
        assert_ne!(renamed, SALE);
        assert_eq!(decoded(&renamed), Ok(sale.clone()), "{other}");
        // Two names for one field contradict each other; one name that is there twice has its last value.
        let both = SALE.replacen('{', &format!("{{\"{other}\":\"1\","), 1);
        let error = decoded(&both).unwrap_err();
        assert!(
            error.starts_with(own) && error.contains("one key"),
            "{error}"
        );
    }
    let stamped = br#"{"x":1,"TimeStamp":"1970-01-01 00:00:01","y":2}"#;
    assert_eq!(
        JsonDecoder::stream_time(stamped),
        Some(Timestamp::from_micros(1_000_000))
    );
}

#[test]
fn times_may_be_numbers_of_seconds_or_milliseconds() {
    let sale = decoded(SALE).unwrap();
    for number in [
        "1291191960",
        "1291191960000",
        "1291191960.0",
        "1.29119196e9",
    ] {
        let value = SALE.replace("\"2010-12-01 08:26:00\"", number);
        assert_eq!(decoded(&value), Ok(sale.clone()), "{number}");
        let value = SALE.replace("\"2024-01-01T00:00:00.010000\"", number);
        assert_eq!(
            decoded(&value).unwrap().timestamp,
            sale.invoice_date,
            "{number}"
        );
        assert_eq!(
            JsonDecoder::stream_time(value.as_bytes()),
            Some(sale.invoice_date)
        );
    }
    // Days written as numbers, times long past, and finer units.
    for number in [
        "20101201",
        "0",
        "-1",
        "99999999",
        "1291191960000000",
        "1e300",
    ] {
        let value = SALE.replace("\"2010-12-01 08:26:00\"", number);
        let error = decoded(&value).unwrap_err();
        assert!(
            error.starts_with("invoice_date: expected a date"),
            "{error}"
        );
    }
}

#[test]
fn what_python_writes_for_no_number_is_missing() {
    let sale = decoded(SALE).unwrap();
    for word in ["NaN", "Infinity", "-Infinity"] {
        let nobody = decoded(&SALE.replace("17850", word)).unwrap();
        assert_eq!(
            nobody,
            Transaction {
                customer_id: None,
                ..sale.clone()
            },
            "{word}"
        );
        let error = decoded(&SALE.replace("2.55", word)).unwrap_err();
        assert_eq!(error, "price: expected a value, got \"nothing\"", "{word}");
        let named = decoded(&SALE.replace("HOLDER", word)).unwrap();
        assert_eq!(named.description, word);
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
            Some(1.5.into()),
            "customer_id: expected a customer number or nothing, got \"1.5\"",
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
    for value in ["", "null", "[]", "{", "\"x\"", "{\"invoice\":nan}", "{} {}"] {
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

#[test]
fn of_a_key_that_is_there_twice_the_last_value_counts() {
    let twice = SALE.replace("{", r#"{"quantity":[1],"#);
    assert_eq!(decoded(&twice), decoded(SALE));
}

/// As `json.dumps` of Python writes it.
#[test]
fn white_space_and_escapes_do_not_matter() {
    let spaced = SALE
        .replace(['\n', ' '], "")
        .replace("01T", "01 T")
        .replace("\":", "\": ")
        .replace(",\"", ", \"")
        .replace("UnitedKingdom", "R\\u00e9union \\\"974\\\"")
        .replace("2010-12-0108:26:00", "2010-12-01 08:26:00")
        .replace("01 T", "01T");
    let expected = Transaction {
        country: "Réunion \"974\"".into(),
        ..decoded(SALE).unwrap()
    };
    assert_eq!(decoded(&spaced), Ok(expected), "{spaced}");
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
        let mut texts = general::Texts::default();
        let mut times = compact::Times::new(DateOrder::MonthFirst);
        let general = general::read(&value, Timestamp::EPOCH, &mut times, &mut texts);
        prop_assert_eq!(general, Ok(sale.as_ref()));
        prop_assert_eq!(serde_json::from_slice::<Transaction>(&value).ok(), Some(sale));
    }
}

#[test]
fn nobody_is_a_customer_under_any_usual_name() {
    for nobody in [
        Value::Null,
        (-1).into(),
        "".into(),
        "NaN".into(),
        "Guest".into(),
        "\\N".into(),
    ] {
        let sale = decoded(&with("customer_id", Some(nobody.clone()))).unwrap();
        assert_eq!(sale.customer_id, None, "{nobody}");
    }
}

#[test]
fn only_the_records_own_key_is_its_stream_time() {
    let own = Some(Timestamp::from_micros(1_000_000));
    let (one, two) = ("1970-01-01T00:00:01", "1970-01-01T00:00:02");
    for (value, expected) in [
        (format!(r#"{{"invoice":"1","timestamp":"{one}"}}"#), own),
        (format!(r#" {{ "timestamp" : "{one}" }} "#), own),
        (
            format!(r#"{{"timestamp":"{one}","meta":{{"timestamp":"{two}"}}}}"#),
            own,
        ),
        (
            format!(r#"{{"meta":{{"timestamp":"{two}"}},"timestamp":"{one}"}}"#),
            own,
        ),
        (
            format!(r#"{{"timestamp":"{one}","list":[{{"timestamp":"{two}"}}]}}"#),
            own,
        ),
        (
            format!(r#"{{"timestamp":"{one}","description":"\"timestamp\":\"{two}\"}}"}}"#),
            own,
        ),
        (
            format!(r#"{{"timestamp":"{two}","timestamp":"{one}"}}"#),
            own,
        ),
        // As Python writes it.
        (format!(r#"{{"timestamp":"{one}","description":NaN}}"#), own),
        (
            r#"{"invoice":"1","timestamp":"1970-01-01\u002000:00:01"}"#.to_owned(),
            own,
        ),
        (format!(r#"{{"meta":{{"timestamp":"{two}"}}}}"#), None),
        (format!(r#"{{"meta":{{"timestamp":"{two}"}} }}"#), None),
        (format!(r#"[{{"timestamp":"{two}"}}]"#), None),
        (r#"{"timestamp":null}"#.to_owned(), None),
        (r#"{"timestamp":"yesterday"}"#.to_owned(), None),
        ("timestamp".to_owned(), None),
    ] {
        assert_eq!(
            JsonDecoder::stream_time(value.as_bytes()),
            expected,
            "{value}"
        );
    }
}

#[test]
fn dates_are_read_in_the_order_given() {
    let value = br#"{"invoice":"1","stock_code":"2","quantity":6,"price":2.5,
        "invoice_date":"12/03/2011 09:00","customer_id":1}"#;
    for (order, expected) in [
        (DateOrder::MonthFirst, Some("2011-12-03T09:00:00")),
        (DateOrder::DayFirst, Some("2011-03-12T09:00:00")),
        (DateOrder::YearFirst, None),
    ] {
        let mut decoder = JsonDecoder::with_dates(order);
        let row = decoder.decode(value, Timestamp::EPOCH).ok();
        let date = row.map(|row| row.invoice_date.to_string());
        assert_eq!(date.as_deref(), expected);
    }
}
