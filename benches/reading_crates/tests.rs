//! What the readers make of a file that is not plain.

use std::io::Write;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use retail_benches::{Outcome, read_kept};
use retail_core::record::Transactions;

use super::arrow;
use super::kept::{Form, Kept};
use super::records::{self, Columns};

const HEADER: &[u8] =
    b"Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";

/// A file of two rows, one with `description` as it stands in the file, and a plain one.
fn file(description: &[u8]) -> Vec<u8> {
    [
        HEADER,
        b"536365,85123A,",
        description,
        b",6,2010-12-01 08:26:00,2.55,17850.0,France\n",
        b"536366,71053,LANTERN,1,2010-12-01 08:28:00,3.39,17850.0,France\n",
    ]
    .concat()
}

/// The file of a plain description, with something else instead of `from`.
fn with(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(file(b"TRAY")).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).into_bytes()
}

fn descriptions(rows: &Transactions) -> Vec<String> {
    rows.iter().map(|row| row.description.to_owned()).collect()
}

type Read = fn(&[u8]) -> Outcome<Vec<String>>;

fn engine(bytes: &[u8]) -> Outcome<Vec<String>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(bytes)?;
    Ok(descriptions(&read_kept(file.path(), usize::MAX)?))
}

fn csv(bytes: &[u8]) -> Outcome<Vec<String>> {
    let mut kept = Kept::new(Form::Table);
    records::csv(bytes, Columns::All, &mut kept)?;
    Ok(descriptions(&kept.rows))
}

fn simd_csv(bytes: &[u8]) -> Outcome<Vec<String>> {
    let mut kept = Kept::new(Form::Table);
    records::simd_csv(bytes, Columns::All, &mut kept)?;
    Ok(descriptions(&kept.rows))
}

fn arrow_csv(bytes: &[u8]) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    arrow::read(bytes, Columns::All, |batch| {
        let column = batch.column(2).as_string::<i32>();
        for row in 0..column.len() {
            let missing = column.is_null(row);
            let text = if missing {
                "(missing)"
            } else {
                column.value(row)
            };
            all.push(text.to_owned());
        }
    })?;
    Ok(all)
}

const ALL: [(&str, Read); 4] = [
    ("engine", engine),
    ("csv", csv),
    ("simd-csv", simd_csv),
    ("arrow-csv", arrow_csv),
];

/// All read the `expected` texts, except the `others`: their answers contain the text given here.
#[track_caller]
fn assert_read(bytes: &[u8], expected: &str, others: &[(&str, &str)]) {
    for (name, read) in ALL {
        let got = match read(bytes) {
            Ok(texts) => texts.join("|"),
            Err(error) => format!("error: {error}"),
        };
        match others.iter().find(|(other, _)| *other == name) {
            // An empty text is in every answer: here the answer itself has to be empty.
            Some((_, "")) => assert_eq!(got, "", "{name}"),
            Some((_, said)) => assert!(got.contains(said), "{name}: {got:?}"),
            None => assert_eq!(got, expected, "{name}"),
        }
    }
}

#[test]
fn all_read_commas_in_quotes() {
    assert_read(&file(br#""RED, GREEN""#), "RED, GREEN|LANTERN", &[]);
}

#[test]
fn all_read_doubled_quotes() {
    assert_read(&file(br#""A ""BIG"" ONE""#), "A \"BIG\" ONE|LANTERN", &[]);
}

#[test]
fn all_read_lines_that_end_with_carriage_returns() {
    let mut bytes = Vec::new();
    for byte in file(b"TRAY") {
        bytes.extend((byte == b'\n').then_some(b'\r'));
        bytes.push(byte);
    }
    assert_read(&bytes, "TRAY|LANTERN", &[]);
}

#[test]
fn all_read_fields_of_several_lines() {
    assert_read(&file(b"\"TWO\nLINES\""), "TWO\nLINES|LANTERN", &[]);
    assert_read(&file(b"\"TWO\r\nLINES\""), "TWO\r\nLINES|LANTERN", &[]);
}

#[test]
fn all_skip_a_byte_order_mark() {
    let bytes = [b"\xef\xbb\xbf", file(b"TRAY").as_slice()].concat();
    assert_read(&bytes, "TRAY|LANTERN", &[]);
}

#[test]
fn arrow_refuses_a_file_with_latin_1() {
    let others = [("arrow-csv", "error: Csv error: Encountered invalid UTF-8")];
    assert_read(&file(b"CAF\xc9"), "CAFÉ|LANTERN", &others);
}

#[test]
fn simd_csv_loses_rows_after_a_quote_inside_of_a_field() {
    let others = [("simd-csv", "")];
    assert_read(&file(b"12\" TRAY"), "12\" TRAY|LANTERN", &others);
}

#[test]
fn simd_csv_leaves_quotes_that_do_not_end_the_field() {
    let others = [("simd-csv", "\"TRAY\" 2|LANTERN")];
    assert_read(&file(b"\"TRAY\" 2"), "TRAY 2|LANTERN", &others);
}

#[test]
fn only_the_engine_finds_rows_after_a_quote_that_is_never_closed() {
    let others = [
        ("csv", ""),
        ("simd-csv", ""),
        ("arrow-csv", "error: Csv error: incorrect number of fields"),
    ];
    assert_read(&file(b"\"TRAY"), "LANTERN", &others);
}

#[test]
fn arrow_takes_an_empty_text_for_a_missing_one() {
    let others = [("arrow-csv", "(missing)|LANTERN")];
    assert_read(&file(b""), "|LANTERN", &others);
}

#[test]
fn arrow_refuses_a_file_with_a_word_for_a_number() {
    let others = [("arrow-csv", "error: Parser error: Error while parsing")];
    assert_read(&with(",6,", ",six,"), "LANTERN", &others);
}

#[test]
fn arrow_refuses_a_file_with_a_column_too_many_or_too_few() {
    let others = [("arrow-csv", "error: Csv error: incorrect number of fields")];
    assert_read(&file(b"TRAY,TRAY"), "LANTERN", &others);
    let bytes = with(".0,France\n5", ".0\n5");
    assert_read(&bytes, "LANTERN", &others);
}
