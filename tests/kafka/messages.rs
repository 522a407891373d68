//! Messages that no producer of ours has written.

use super::rows;
use super::topics::{consume, letters, new_topic, write};

const SALE: &str = r#"{"invoice":"536365","stock_code":"85123A","description":"HOLDER","quantity":6,
    "invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850,"country":"France",
    "timestamp":"2024-01-01T00:00:00.010000"}"#;

#[test]
fn poison_between_good_messages_becomes_dead_letters_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("poison");
    let huge = format!("{{\"invoice\":\"{}\"", "x".repeat(5_000_000));
    let wrong_type = SALE.replace("\"quantity\":6", "\"quantity\":[6]");
    let mut messages = Vec::new();
    let poison: [Option<&[u8]>; 6] = [
        Some(b"{\"invoice\":"),
        Some(wrong_type.as_bytes()),
        Some(huge.as_bytes()),
        Some(b""),
        None,
        Some(b"{\"invoice\":\"\xff\xfe\"}"),
    ];
    for bad in poison {
        messages.push(Some(SALE.as_bytes().to_vec()));
        messages.push(bad.map(<[u8]>::to_vec));
    }
    write(&topic, &messages);
    let data = dir.path().join("data");
    let summary = consume(&topic, data.to_str().unwrap());
    assert_eq!(summary["rows_read"], 12);
    assert_eq!(summary["rows_kept"], 6);
    assert_eq!(summary["rejected"]["unparsable_field"], 6);
    assert_eq!(rows(&data).len(), 6);
    let letters = letters(&topic, 1);
    let found: Vec<(u64, &[u8])> = letters
        .iter()
        .map(|l| (l.offset, l.value.as_slice()))
        .collect();
    let expected: Vec<(u64, &[u8])> = (0..)
        .map(|index| index * 2 + 1)
        .zip(poison.iter().map(|bad| bad.unwrap_or_default()))
        .collect();
    assert_eq!(found.len(), expected.len());
    assert!(
        found == expected,
        "dead letters have the bytes that were sent, in order"
    );
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == "unparsable_field")
    );
    assert!(
        letters[1].detail.starts_with("quantity: "),
        "{}",
        letters[1].detail
    );
    assert!(
        letters[0].detail.starts_with("record: "),
        "{}",
        letters[0].detail
    );
}
