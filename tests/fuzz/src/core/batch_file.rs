use std::fs;
use std::sync::{LazyLock, Mutex, PoisonError};

use retail_core::DataMode;
use retail_core::batch::{
    BatchEntry, BatchFormat, BatchStore, CloseReason, Durability, encode_csv,
};
use retail_core::clean::RejectCounts;
use retail_core::record::Transactions;
use retail_core::source::{Position, SourceId};
use tempfile::TempDir;

use super::files::{batch, parquet};
use super::folder::temporary;
use super::signed::checksum;
use crate::Target;
use crate::input::choices;

/// The rows of a saved batch. What is read is saved and read again as the same, in either format, with the
/// same bytes each time.
///
/// The first byte says whether the rest is CSV or Parquet.
pub const BATCH_FILE: Target = Target {
    name: "batch_file",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    let Some(([format], bytes)) = choices(data) else {
        return false;
    };
    let name = match format % 2 {
        0 => "batch_1.csv",
        _ => "batch_1.parquet",
    };
    static FOLDER: LazyLock<Mutex<TempDir>> = LazyLock::new(|| Mutex::new(temporary()));
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let batches = folder.path().join("batches");
    let Some(rows) = load(&folder, name, bytes) else {
        return false;
    };
    for format in [BatchFormat::Csv, BatchFormat::Parquet] {
        let mut store = empty(&folder, format);
        let saved = store.save(&[batch(rows.clone())]).expect("it can be saved");
        let again = store.load(&saved[0]).expect("it has been saved");
        assert!(
            again.iter().eq(rows.iter()),
            "{format:?}: {again:?}, was {rows:?}"
        );
        if let Some(name) = &saved[0].file {
            let bytes = fs::read(batches.join(name)).expect("it has been saved");
            let mut store = empty(&folder, format);
            store.save(&[batch(again)]).expect("it can be saved");
            assert_eq!(
                fs::read(batches.join(name)).expect("it has been saved"),
                bytes
            );
        }
    }
    true
}

fn empty(folder: &TempDir, format: BatchFormat) -> BatchStore {
    let [batches, logs] = ["batches", "logs"].map(|name| folder.path().join(name));
    let _ = fs::remove_dir_all(&batches);
    let (mut store, _) = BatchStore::open(
        &batches,
        &logs,
        format,
        Durability::Off,
        DataMode::default(),
    )
    .expect("an empty folder");
    store
        .begin(SourceId(Default::default()), None)
        .expect("a manifest");
    store
}

fn load(folder: &TempDir, name: &str, bytes: &[u8]) -> Option<Transactions> {
    let store = empty(folder, BatchFormat::Csv);
    fs::write(folder.path().join("batches").join(name), bytes).expect("a file");
    let entry = |rows| BatchEntry {
        batch: 1,
        file: Some(name.to_owned()),
        rows,
        first_row: 0,
        read: rows,
        rejected: RejectCounts::default(),
        from: Position::default(),
        to: Position::from([(0, rows)]),
        mark: None,
        jumped: false,
        stream_time: None,
        watermark: None,
        closed_by: CloseReason::End,
        bytes: bytes.len() as u64,
        crc32: checksum(bytes),
        rejects_bytes: 0,
        rejects_crc32: checksum(b""),
    };
    // How many rows there are is only known once they have been read.
    let refused = match store.load(&entry(0)) {
        Ok(none) => return Some(none),
        Err(refused) => refused.to_string(),
    };
    let (_, got) = refused.rsplit_once("expected 0 rows, got ")?;
    let rows = store.load(&entry(got.parse().ok()?));
    Some(rows.expect("they have been read before"))
}

fn seeds() -> Vec<Vec<u8>> {
    const ROWS: &str = "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country,timestamp\n\
        536365,85123A,\"T-LIGHT \"\"HOLDER\"\", WHITE\",6,2010-12-01 08:26:00,2.55,17850,United Kingdom,2024-01-01T00:00:00\n\
        536366,22633,\"two\nlines\",1,2010-12-01 08:28:00.250000,1.85,,EIRE,2024-01-01T00:00:00.010000\n";
    let mut empty = Vec::new();
    encode_csv(&Transactions::new(), &mut empty);
    vec![
        [&b"\0"[..], ROWS.as_bytes()].concat(),
        [&b"\0"[..], &empty[..]].concat(),
        [&b"\x01"[..], &parquet()[..]].concat(),
    ]
}
