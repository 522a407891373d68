//! Messages that no producer of ours has written.

use super::rows;
use super::topics::{answer, brokers, consume, engine_args, letters, new_topic, run, write};

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

#[test]
fn messages_of_other_producers_are_read_by_the_names_and_dates_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("names");
    let day_first = SALE.replace("2010-12-01 08:26:00", "01/12/2010 08:26");
    let exported = day_first
        .replace("\"invoice\"", "\"InvoiceNo\"")
        .replace("\"price\"", "\"UnitPrice\"")
        .replace("\"customer_id\"", "\"Customer ID\"");
    let in_numbers = SALE.replace("\"2010-12-01 08:26:00\"", "1291191960000");
    let nobody = SALE.replace("17850", "NaN");
    let messages = [SALE, &day_first, &exported, &in_numbers, &nobody];
    let bytes: Vec<_> = messages.map(|text| Some(text.as_bytes().to_vec())).into();
    write(&topic, &bytes);
    let data = dir.path().join("data");
    let mut args = engine_args(&topic, data.to_str().unwrap());
    args.extend(["--date-format", "dmy"].map(String::from));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let summary = answer("engine", &args);
    assert_eq!(summary["rows_kept"], 4, "{summary}");
    assert_eq!(summary["rejected"]["missing_customer"], 1);
    let rows = rows(&data);
    assert!(rows.iter().all(|row| *row == rows[0]), "{rows:?}");
}

#[test]
fn rows_that_the_producer_cannot_read_are_listed_counted_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("unreadable");
    let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
    let row = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,France";
    let bad = row.replace(",6,", ",six,");
    let input = dir.path().join("sales.csv");
    std::fs::write(&input, format!("{header}\n{row}\n{bad}\n{row}\nshort\n")).unwrap();
    let rejects = dir.path().join("rejects.csv");
    let brokers = brokers();
    let args = ["--brokers", &brokers, "--topic", &topic];
    let files = [
        "--input",
        input.to_str().unwrap(),
        "--rejects",
        rejects.to_str().unwrap(),
    ];
    let output = run("producer", &[&args[..], &files].concat());
    assert!(output.status.success());
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["delivered"], 2, "{summary}");
    assert_eq!(summary["unreadable"], 2);
    assert_eq!(summary["rejected"]["wrong_column_count"], 1);
    let said = String::from_utf8_lossy(&output.stderr);
    for part in [
        "2 records could not be read",
        "1 unparsable_field",
        "line 3: quantity",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let listed = std::fs::read_to_string(&rejects).unwrap();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines[0], "part,line,partition,offset,reason,detail");
    assert!(
        lines[1].starts_with("0,3,0,1,unparsable_field,"),
        "{listed}"
    );
    assert!(
        lines[2].starts_with("0,5,0,3,wrong_column_count,"),
        "{listed}"
    );
    // A run that delivers nothing does not look like success.
    std::fs::write(&input, format!("{header}\n{bad}\n")).unwrap();
    let output = run("producer", &[&args[..], &files].concat());
    assert_eq!(output.status.code(), Some(2));
}
