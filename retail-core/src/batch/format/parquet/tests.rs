use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::batch::{BATCH_COLUMNS, encode_csv};
use crate::record::{Transaction, Transactions};
use crate::source::parquet::ParquetText;
use crate::time::Timestamp;

fn encoded(rows: &Transactions) -> Vec<u8> {
    let mut out = Vec::new();
    encode(rows, Path::new("batch_1.parquet"), &mut out).unwrap();
    out
}

fn decoded(bytes: Vec<u8>) -> Result<Transactions, String> {
    decode(Path::new("batch_1.parquet"), bytes).map_err(|error| error.to_string())
}

fn sales(count: usize) -> Transactions {
    let sale = |index: usize| Transaction {
        invoice: format!("{}", 536_365 + index / 3),
        stock_code: ["85123A", "POST"][index % 2].into(),
        description: ["", "A \"quoted\", odd\r\nname", "ÖSTERREICH"][index % 3].into(),
        quantity: 1 + (index % 7) as i64,
        invoice_date: Timestamp::from_micros(1_291_190_760_000_000 + index as i64 * 60_000_000),
        price: 0.1 * (index % 13 + 1) as f64,
        customer_id: (!index.is_multiple_of(5)).then_some(12_346 + index as u64 % 5),
        country: "France".into(),
        timestamp: Timestamp::from_micros(index as i64 * 10_000),
    };
    (0..count).map(sale).collect()
}

/// The text of the same rows in a CSV whose times are all written in one form.
fn as_csv(rows: &Transactions) -> String {
    let mut csv = Vec::new();
    encode_csv(rows, &mut csv);
    let csv = String::from_utf8(csv).unwrap();
    // Stream times end lines.
    let lines = csv.split_inclusive('\n').map(|line| {
        let Some((head, time)) = line.rsplit_once(',') else {
            return line.to_owned();
        };
        let time = time.replace('T', " ").replace(".000000", "");
        format!("{head},{time}")
    });
    lines.collect()
}

#[test]
fn the_columns_are_those_of_a_batch() {
    let schema = schema().unwrap();
    let names: Vec<&str> = schema
        .get_fields()
        .iter()
        .map(|field| field.name())
        .collect();
    assert_eq!(names, BATCH_COLUMNS);
}

#[test]
fn extreme_values_are_read_back_bit_for_bit() {
    let mut rows = sales(3);
    for (quantity, price, customer_id, micros) in [
        (i64::MAX, f64::MIN_POSITIVE / 2.0, Some(u64::MAX), i64::MIN),
        (i64::MIN, -0.0, None, i64::MAX),
        (0, 0.1 + 0.2, Some(0), -1),
    ] {
        rows.push(
            &Transaction {
                quantity,
                price,
                customer_id,
                invoice_date: Timestamp::from_micros(micros),
                ..rows.get(1).unwrap().to_owned()
            }
            .as_ref(),
        );
    }
    let read = decoded(encoded(&rows)).unwrap();
    assert_eq!(read, rows);
    let bits = |rows: &Transactions| rows.price().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&read), bits(&rows));
}

#[test]
fn batches_of_any_size_are_read_back_and_equal_ones_have_equal_bytes() {
    for count in [0, 1, 1_000, 70_000] {
        let rows = sales(count);
        let bytes = encoded(&rows);
        assert_eq!(bytes, encoded(&rows.clone()));
        assert_eq!(decoded(bytes).unwrap(), rows, "{count} rows");
    }
}

#[test]
fn as_text_it_is_the_csv_of_the_batch() {
    let rows = sales(3_000);
    let mut text = String::new();
    ParquetText::new(Bytes::from(encoded(&rows)))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text == as_csv(&rows));
}

#[test]
fn another_file_is_no_batch() {
    for (bytes, expected) in [
        (b"".to_vec(), "not a whole Parquet file"),
        (b"invoice,stock_code\n".to_vec(), "not a whole Parquet file"),
    ] {
        let said = decoded(bytes).unwrap_err();
        assert!(said.starts_with("batch_1.parquet is damaged"), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn no_changed_bit_and_no_cut_ends_in_a_panic() {
    let whole = encoded(&sales(300));
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let _ = decoded(bytes);
        assert!(decoded(whole[..at].to_vec()).is_err(), "{at} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_rows_are_read_back(
        rows in proptest::collection::vec(
            (any::<[String; 4]>(), any::<i64>(), any::<[i64; 2]>(), -1e12..1e12, any::<Option<u64>>()),
            0..40,
        ),
    ) {
        let rows: Transactions = rows
            .into_iter()
            .map(|([invoice, stock_code, description, country], quantity, times, price, customer_id)| {
                let [invoice_date, timestamp] = times.map(Timestamp::from_micros);
                Transaction {
                    invoice, stock_code, description, quantity, invoice_date, price, customer_id,
                    country, timestamp,
                }
            })
            .collect();
        prop_assert_eq!(decoded(encoded(&rows)).unwrap(), rows);
    }
}
