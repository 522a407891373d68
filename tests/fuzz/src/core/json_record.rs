use retail_core::clean::Field;
use retail_core::record::Transaction;
use retail_core::source::JsonDecoder;
use retail_core::time::Timestamp;
use serde_json::Value;

use super::csv::are_read_again_from_json;
use crate::Target;

/// The value of a message. The fast way of reading it and the general one agree, and so do serde and
/// [`JsonDecoder::stream_time`], as far as they go; what is read can be written and read again.
pub const JSON_RECORD: Target = Target {
    name: "json_record",
    check,
    seeds,
};

/// When records arrive that do not say when they entered the stream.
const ARRIVED: Timestamp = Timestamp::from_micros(1_234_567_890_123_456);

fn check(data: &[u8]) -> bool {
    let decoded = decoded(data);
    agrees_with_white_space(data, decoded.as_ref());
    let Some(row) = decoded else {
        return false;
    };
    let named = JsonDecoder::stream_time(data);
    assert_eq!(named.unwrap_or(ARRIVED), row.timestamp, "its stream time");
    agrees_with_serde(data, &row);
    let mut rows = retail_core::record::Transactions::new();
    rows.push(&row.as_ref());
    are_read_again_from_json(&rows);
    true
}

fn decoded(value: &[u8]) -> Option<Transaction> {
    let mut decoder = JsonDecoder::new().watching();
    let row = decoder.decode(value, ARRIVED);
    row.ok().map(|row| row.to_owned())
}

/// White space keeps a value off the fast way.
fn agrees_with_white_space(value: &[u8], row: Option<&Transaction>) {
    let (mut in_text, mut escaped) = (false, false);
    let mut spaced = Vec::with_capacity(2 * value.len());
    for &byte in value {
        spaced.push(byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b',' | b':' if !in_text => spaced.extend_from_slice(b" \n\t"),
            _ => {}
        }
    }
    assert_eq!(decoded(&spaced).as_ref(), row, "with white space");
}

/// Serde reads fewer forms, none of them differently.
fn agrees_with_serde(value: &[u8], row: &Transaction) {
    let (Ok(plain), Ok(Value::Object(object))) = (
        serde_json::from_slice::<Transaction>(value),
        serde_json::from_slice(value),
    ) else {
        return;
    };
    // A name of an export may say something else once more.
    let is_other = |key: &String| Field::known_as(key).is_some_and(|field| field.name() != key);
    if object.keys().any(is_other) {
        return;
    }
    let trimmed = Transaction {
        invoice: plain.invoice.trim().to_owned(),
        stock_code: plain.stock_code.trim().to_owned(),
        country: plain.country.trim().to_owned(),
        ..plain
    };
    assert_eq!(&trimmed, row);
}

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"invoice":"536365","stock_code":"85123A","description":"T-LIGHT \"HOLDER\"","quantity":6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,"country":"United Kingdom","timestamp":"2024-01-01T00:00:00.010000"}"#,
        r#"{"invoice":"C536379","stock_code":"D","description":"","quantity":-1,"invoice_date":"2010-12-01 09:41:00","price":27.5,"customer_id":null,"country":"France","timestamp":"2024-01-01T00:00:00"}"#,
        r#"{"InvoiceNo":536365,"StockCode":71053,"Description":NaN,"Quantity":"6","InvoiceDate":"12/13/2010 8:26","UnitPrice":"3.39","CustomerID":"17850.0","Country":"Norway"}"#,
        r#"{"invoice":"1","stock_code":"2","quantity":1,"invoice_date":1291191960,"price":1e-2,"timestamp":1291191960123,"total_amount":0.01,"sent":{"timestamp":"x"}}"#,
        r#"{ "price": 4, "quantity": 2.0, "invoice": "\u00e9\ud83d\ude00", "invoice_date": "2010-12-01T08:26:00Z", "stock_code": "a\/b" }"#,
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
