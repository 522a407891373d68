use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::types::{Int8Type, TimestampSecondType};
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array,
    Int64Array, LargeStringArray, ListArray, NullArray, PrimitiveArray, StringArray,
    StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt16Array,
};

use super::*;
use crate::record::Transaction;
use crate::source::{Incoming, Origin, VirtualTime};
use crate::testing::{Seeks, owned, source_contract, transactions};

type Read = Vec<(u64, Result<Transaction, crate::clean::RejectReason>)>;

fn read_all(source: &mut dyn Source) -> Read {
    let mut all = Vec::new();
    let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
        all.push((origin.line.unwrap(), owned(record)));
        ControlFlow::Continue(())
    });
    assert_eq!(status.unwrap(), ReadStatus::End);
    all
}

fn open(batches: Vec<RecordBatch>) -> ArrowSource {
    ArrowSource::new(batches, VirtualTime::default()).unwrap()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// Transactions as a table, in batches of so many rows.
fn table(rows: &[Transaction], each: usize) -> Vec<RecordBatch> {
    let text = |of: fn(&Transaction) -> &str, rows: &[Transaction]| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    let batches = rows.chunks(each).map(|rows| {
        let micros = rows.iter().map(|row| row.invoice_date.as_micros());
        let customers = rows.iter().map(|row| row.customer_id.map(|id| id as f64));
        batch(vec![
            ("Invoice", text(|row| &row.invoice, rows)),
            ("StockCode", text(|row| &row.stock_code, rows)),
            ("Description", text(|row| &row.description, rows)),
            (
                "Quantity",
                Arc::new(Int64Array::from_iter_values(
                    rows.iter().map(|row| row.quantity),
                )),
            ),
            (
                "InvoiceDate",
                Arc::new(TimestampMicrosecondArray::from_iter_values(micros)),
            ),
            (
                "Price",
                Arc::new(Float64Array::from_iter_values(
                    rows.iter().map(|row| row.price),
                )),
            ),
            ("Customer ID", Arc::new(customers.collect::<Float64Array>())),
            ("Country", text(|row| &row.country, rows)),
        ])
    });
    batches.collect()
}

#[test]
fn rows_are_what_they_were_however_they_are_cut() {
    let rows = transactions(11, 3_000);
    for each in [1, 7, 1_000, 1_024, 1_025, 3_000] {
        let read = read_all(&mut open(table(&rows, each)));
        assert_eq!(read.len(), rows.len());
        for ((line, record), (number, row)) in read.into_iter().zip((2..).zip(&rows)) {
            assert_eq!(line, number);
            let record = record.unwrap();
            // The stream time is that of the source.
            let timestamp = record.timestamp;
            assert_eq!(
                record,
                Transaction {
                    timestamp,
                    ..row.clone()
                }
            );
        }
    }
}

#[test]
fn line_ends_in_texts_do_not_count_as_lines() {
    let mut rows = transactions(5, 3);
    rows[0].description = "a\n".repeat(30);
    rows[1].invoice = "53\n6365".to_owned();
    let read = read_all(&mut open(table(&rows, 2)));
    let lines: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4]);
    for ((_, record), row) in read.iter().zip(&rows) {
        let record = record.as_ref().unwrap();
        assert_eq!(
            (&record.invoice, &record.description),
            (&row.invoice, &row.description)
        );
    }
}

#[test]
fn it_keeps_the_contract() {
    let batches = table(&transactions(3, 60), 7);
    source_contract(Seeks::Anywhere, || open(batches.clone()));
}

#[test]
fn places_far_behind_can_be_gone_back_to() {
    let batches = table(&transactions(5, 9_000), 2_500);
    let whole = read_all(&mut open(batches.clone()));
    let mut source = open(batches);
    for from in [8_999, 0, 4_321, 9_000, 1] {
        source.seek(&Position::from([(0, from)])).unwrap();
        assert_eq!(source.progress().done, from);
        assert_eq!(read_all(&mut source), whole[from as usize..]);
    }
}

#[test]
fn every_type_is_read() {
    const DATE: i64 = 1_291_190_820;
    let texts: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["5\"3,6"])),
        Arc::new(LargeStringArray::from(vec!["5\"3,6"])),
        Arc::new(StringViewArray::from(vec!["5\"3,6"])),
        Arc::new(BinaryArray::from(vec![&b"5\"3,6"[..]])),
        Arc::new(DictionaryArray::<Int8Type>::from_iter(["5\"3,6"])),
    ];
    let dates: Vec<ArrayRef> = vec![
        Arc::new(PrimitiveArray::<TimestampSecondType>::from(vec![DATE])),
        Arc::new(TimestampMillisecondArray::from(vec![DATE * 1_000])),
        Arc::new(TimestampMicrosecondArray::from(vec![DATE * 1_000_000])),
        Arc::new(
            TimestampNanosecondArray::from(vec![DATE * 1_000_000_000 + 999]).with_timezone("UTC"),
        ),
        Arc::new(StringArray::from(vec!["2010-12-01T08:07:00Z"])),
    ];
    let quantities: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![6])),
        Arc::new(UInt16Array::from(vec![6])),
        Arc::new(Float64Array::from(vec![6.0])),
        Arc::new(StringArray::from(vec!["6"])),
        Arc::new(
            Decimal128Array::from(vec![600])
                .with_precision_and_scale(10, 2)
                .unwrap(),
        ),
    ];
    let customers: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![None])),
        Arc::new(Float64Array::from(vec![f64::NAN])),
        Arc::new(NullArray::new(1)),
        Arc::new(StringArray::from(vec!["<NA>"])),
        Arc::new(DictionaryArray::<Int8Type>::from_iter([None::<&str>])),
    ];
    let mixed = texts.into_iter().zip(dates).zip(quantities).zip(customers);
    for (((text, date), quantity), customer) in mixed {
        let types = format!(
            "{} {} {}",
            text.data_type(),
            date.data_type(),
            quantity.data_type()
        );
        let read = read_all(&mut open(vec![batch(vec![
            ("Invoice", text),
            ("Quantity", quantity),
            ("InvoiceDate", date),
            ("Price", Arc::new(Float64Array::from(vec![0.1 + 0.2]))),
            ("Customer ID", customer),
        ])]));
        let row = read[0].1.as_ref().unwrap();
        assert_eq!(row.invoice, "5\"3,6", "{types}");
        assert_eq!(
            row.invoice_date.to_string(),
            "2010-12-01T08:07:00",
            "{types}"
        );
        assert_eq!((row.quantity, row.price), (6, 0.1 + 0.2), "{types}");
        assert_eq!(row.customer_id, None, "{types}");
    }
    let day = open(vec![batch(vec![
        (
            "Invoice",
            Arc::new(Int64Array::from(vec![536_365])) as ArrayRef,
        ),
        ("Quantity", Arc::new(Float64Array::from(vec![6.5]))),
        ("InvoiceDate", Arc::new(Date32Array::from(vec![14_944]))),
        ("Price", Arc::new(Float64Array::from(vec![f64::INFINITY]))),
        ("Customer ID", Arc::new(Int64Array::from(vec![17_850]))),
    ])]);
    let reason = read_all(&mut { day })[0].1.clone().unwrap_err();
    assert!(reason.to_string().contains("\"6.5\""), "{reason}");
}

#[test]
fn tables_that_cannot_be_read_are_refused() {
    let refused = |batches| match ArrowSource::new(batches, VirtualTime::default()) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    };
    assert!(refused(Vec::new()).contains("at least one record batch"));
    let list: ArrayRef = Arc::new(ListArray::new_null(
        Arc::new(arrow_schema::Field::new_list_field(
            arrow_schema::DataType::Int32,
            true,
        )),
        1,
    ));
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let error = refused(vec![batch(vec![
        ("Price", list.clone()),
        ("a", number.clone()),
    ])]);
    assert!(error.contains("column Price of List"), "{error}");
    let error = refused(vec![batch(vec![("tags", list)])]);
    assert!(error.contains("got none"), "{error}");
    let one = batch(vec![("Price", number.clone())]);
    let error = refused(vec![one.clone(), batch(vec![("Cost", number.clone())])]);
    assert!(error.contains("others in batch 1"), "{error}");
    let error = refused(vec![one]);
    assert!(
        error.contains("missing Invoice|InvoiceNo, Quantity"),
        "{error}"
    );
    let twice = batch(vec![("Price", number.clone()), ("UnitPrice", number)]);
    assert!(refused(vec![twice]).contains("twice"));
}
