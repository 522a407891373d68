use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::LazyLock;

use flate2::write::GzEncoder;
use retail_core::DataMode;
use retail_core::batch::{Batch, BatchFormat, BatchStore, CloseReason, Durability};
use retail_core::clean::RejectCounts;
use retail_core::record::Transactions;
use retail_core::source::{FileSource, Position, SourceError, SourceId, VirtualTime};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folder::{temporary, write};
use super::rows::{Read, read_all};
use crate::Target;
use crate::input::choices;

/// Files of every form, told by their content. What is read twice is the same, and so is a text in whatever
/// it is packed.
///
/// The first byte says how the rest is packed: not at all, by gzip, zstd or zip, or as the sheet of a
/// workbook.
pub const FILES: Target = Target {
    name: "files",
    check,
    seeds,
};

const PACKINGS: u8 = 5;

fn check(data: &[u8]) -> bool {
    let Some(([packing], bytes)) = choices(data) else {
        return false;
    };
    static FOLDER: LazyLock<TempDir> = LazyLock::new(temporary);
    let path = FOLDER.path().join("file");
    let plain = || read(&path, bytes);
    let packed = match packing % PACKINGS {
        0 => plain(),
        1 => read(&path, &gzipped(bytes)),
        2 => read(&path, &zstd::encode_all(bytes, 1).expect("it is in memory")),
        3 => read(&path, &zipped(&[("text.csv", bytes)])),
        _ => read(&path, &workbook(bytes)),
    };
    match (packed, plain()) {
        (Ok(packed), Ok(plain)) if packing % PACKINGS < 4 => {
            assert_eq!(packed.records(), plain.records());
            assert_eq!(packed.error.is_some(), plain.error.is_some());
            has_some(&packed)
        }
        // What is a text can be packed; what is packed twice is not unpacked twice.
        (packed, Ok(plain)) if packing % PACKINGS < 4 && is_text(bytes) => {
            panic!("plain {plain:?}, packed {packed:?}")
        }
        (packed, _) => packed.is_ok_and(|read| has_some(&read)),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with(['I', 'i', '{']))
}

fn has_some(read: &Read) -> bool {
    read.rows.iter().any(|(_, record)| record.is_ok())
}

fn read(path: &Path, bytes: &[u8]) -> Result<Read, SourceError> {
    write(path, bytes);
    let mut source = FileSource::open(&[path], VirtualTime::default())?;
    Ok(read_all(&mut source, usize::MAX))
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("it is in memory");
    encoder.finish().expect("it is in memory")
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members {
        archive.start_file(*name, stored).expect("a name");
        archive.write_all(bytes).expect("it is in memory");
    }
    archive.finish().expect("it is in memory").into_inner()
}

/// A workbook with one sheet, which has this XML between its begin and its end.
fn workbook(rows: &[u8]) -> Vec<u8> {
    const ROOT: &[u8] = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const SHEETS: &[u8] = br#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Year 2010" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    const RELATIONS: &[u8] = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    const BEGIN: &[u8] = br#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
    const END: &[u8] = b"</sheetData></worksheet>";
    zipped(&[
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", SHEETS),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/worksheets/sheet1.xml", &[BEGIN, rows, END].concat()),
    ])
}

const TEXT: &str = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n\
                    536365,85123A,T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n";

const SHEET: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>Invoice</t></is></c><c r="B1" t="inlineStr"><is><t>Quantity</t></is></c><c r="C1" t="inlineStr"><is><t>InvoiceDate</t></is></c><c r="D1" t="inlineStr"><is><t>Price</t></is></c><c r="E1" t="inlineStr"><is><t>Customer ID</t></is></c></row><row r="2"><c r="A2"><v>536365</v></c><c r="B2"><v>6</v></c><c r="C2" t="d"><v>2010-12-01T08:26:00</v></c><c r="D2"><v>2.55</v></c><c r="E2"><v>17850</v></c></row>"#;

const LINES: &str = r#"{"invoice":"536365","stock_code":"85123A","quantity":6,"invoice_date":"2010-12-01 08:26:00","price":2.55,"customer_id":17850}
{"invoice":"536366","stock_code":"22633","quantity":"2","invoice_date":"2010-12-01 08:28:00","price":1.85}
"#;

fn seeds() -> Vec<Vec<u8>> {
    let text = TEXT.as_bytes();
    let packed = |packing: u8, bytes: &[u8]| [&[packing][..], bytes].concat();
    vec![
        packed(0, text),
        packed(0, LINES.as_bytes()),
        packed(0, &gzipped(text)),
        packed(0, &zstd::encode_all(text, 1).expect("it is in memory")),
        packed(0, &zipped(&[("2010.csv", text), ("2011.csv", text)])),
        packed(0, &workbook(SHEET.as_bytes())),
        packed(0, &parquet()),
        packed(1, text),
        packed(2, LINES.as_bytes()),
        packed(3, text),
        packed(4, SHEET.as_bytes()),
    ]
}

/// The text as a batch file in Parquet.
pub(super) fn parquet() -> Vec<u8> {
    let folder = temporary();
    let text = folder.path().join("text");
    let rows = read(&text, TEXT.as_bytes()).expect("a CSV").kept();
    saved(folder.path(), rows, BatchFormat::Parquet)
}

/// The bytes of a batch file with these rows.
pub(super) fn saved(folder: &Path, rows: Transactions, format: BatchFormat) -> Vec<u8> {
    let batches = folder.join("batches");
    let (mut store, _) = BatchStore::open(
        &batches,
        &folder.join("logs"),
        format,
        Durability::Off,
        DataMode::default(),
    )
    .expect("an empty folder");
    store
        .begin(SourceId(Default::default()), None)
        .expect("a manifest");
    let entries = store.save(&[batch(rows)]).expect("it can be saved");
    let name = entries[0].file.as_ref().expect("it has rows");
    std::fs::read(batches.join(name)).expect("it has been saved")
}

/// A batch of these rows, the first of a stream.
pub(super) fn batch(rows: Transactions) -> Batch {
    Batch {
        to: Position::from([(0, rows.len() as u64)]),
        rows,
        rejections: Vec::new(),
        rejected: RejectCounts::default(),
        from: Position::default(),
        mark: None,
        jumped: false,
        stream_time: None,
        closed_by: CloseReason::End,
    }
}
