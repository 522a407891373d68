use std::fs;

use retail_core::DataMode;
use retail_core::batch::{BatchFormat, BatchStore, Durability, Recovered};
use retail_core::clean::{RejectReason, Rejection};
use retail_core::engine::verify;
use retail_core::error::StorageError;
use retail_core::source::{Position, SourceId};
use retail_core::train::ModelFormats;
use tempfile::TempDir;

use super::files::batch;
use super::folder::{temporary, write};
use super::rows::read_all;
use super::signed::{checksum, lines, without_checksums};
use crate::Target;
use crate::input::{joined, parts};

/// A data directory: the manifest, a batch file, the rejected records, and the logs beside them. What opens
/// opens again as the same; and if the verification finds nothing wrong, it opens.
///
/// The checksums of lines are computed. `$crc` in the manifest stands for that of the batch file, `$rejects`
/// for that of the rejected records.
pub const DATA_DIR: Target = Target {
    name: "data_dir",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    let [manifest, rows, rejects, job, audit, notes] = parts(data);
    let folder = temporary();
    let dir = folder.path();
    let listed = replaced(manifest, "$crc", &checksum(rows));
    let of_batch = rejects.get(HEADER.len()..).unwrap_or_default();
    let listed = replaced(&listed, "$rejects", &checksum(of_batch));
    write(dir.join("batches/manifest.jsonl"), &lines(&listed));
    write(dir.join("batches/batch_1.csv"), rows);
    write(dir.join("logs/rejects.csv"), rejects);
    let audit = lines(audit);
    for (name, bytes) in [
        ("linear_model_1.log", job),
        ("audit.jsonl", &audit[..]),
        ("kafka.json", notes),
    ] {
        if !bytes.is_empty() {
            write(dir.join("logs").join(name), bytes);
        }
    }
    let verified = verify(dir, &ModelFormats::default());
    let verified = verified.expect("there is something to look at");
    let opened = open(&folder);
    if verified.findings.faults.is_empty() {
        let (store, recovered) = opened.as_ref().expect("nothing is wrong");
        for entry in &recovered.batches {
            // A file that has its checksum may still have other rows than are listed.
            if let Ok(rows) = store.load(entry) {
                assert_eq!(rows.len() as u64, entry.rows);
            }
        }
    }
    let Ok((store, recovered)) = opened else {
        return false;
    };
    for (number, entry) in (1..).zip(&recovered.batches) {
        assert_eq!(entry.batch, number);
    }
    let position = store.position().clone();
    drop(store);
    let (store, again) = open(&folder).expect("it has just been opened");
    assert_eq!(
        (again.header, again.batches),
        (recovered.header, recovered.batches)
    );
    assert_eq!(store.position(), &position);
    verified.findings.faults.is_empty()
}

const HEADER: &str = "part,line,partition,offset,reason,detail\n";

fn open(folder: &TempDir) -> Result<(BatchStore, Recovered), StorageError> {
    let [batches, logs] = ["batches", "logs"].map(|name| folder.path().join(name));
    let (format, durability) = (BatchFormat::Csv, Durability::Checkpoint);
    BatchStore::open(&batches, &logs, format, durability, DataMode::default())
}

fn replaced(text: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let find = |rest: &[u8]| {
        rest.windows(name.len())
            .position(|window| window == name.as_bytes())
    };
    while let Some(at) = find(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(value.as_bytes());
        rest = &rest[at + name.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn seeds() -> Vec<Vec<u8>> {
    const TEXT: &str =
        "Invoice,Quantity,InvoiceDate,Price,Customer ID\n1,2,2010-12-01 08:26:00,3.5,7\n";
    let time = retail_core::source::VirtualTime::default();
    let source = retail_core::source::CsvSource::from_reader(std::io::Cursor::new(TEXT), "x", time);
    let rows = read_all(&mut source.expect("a header"), usize::MAX).kept();
    let folder = temporary();
    let (mut store, _) = open(&folder).expect("an empty folder");
    let stream = SourceId([("file".to_owned(), "sales.csv".to_owned())].into());
    store.begin(stream, None).expect("a manifest");
    let rejected = |line, reason| Rejection {
        partition: 0,
        part: 0,
        offset: 1,
        line: Some(line),
        reason,
    };
    let mut first = batch(rows);
    first.rejections = vec![rejected(3, RejectReason::MissingCustomer)];
    first.rejected.add(&RejectReason::MissingCustomer);
    first.to = Position::from([(0, 2)]);
    store.save(&[first]).expect("it can be saved");
    store.checkpoint().expect("it can be saved");
    let read = |name: &str| fs::read(folder.path().join(name)).expect("it has been saved");
    let (rows, rejects) = (read("batches/batch_1.csv"), read("logs/rejects.csv"));
    let manifest = without_checksums(&read("batches/manifest.jsonl"));
    let named = String::from_utf8(manifest).expect("it is text");
    let named = named.replacen(&checksum(&rows), "$crc", 1);
    let named = named.replacen(&checksum(&rejects[HEADER.len()..]), "$rejects", 1);
    let audit = br#"{"time":"2024-01-01T00:00:00Z","action":"pin","model":"linear_model_1"}"#;
    let notes = br#"{"instance":"1-2","partitions":{"0":{"offset":3,"crc32":7}}}"#;
    vec![
        joined(&[named.as_bytes(), &rows, &rejects]),
        joined(&[
            named.as_bytes(),
            &rows,
            &rejects,
            b"2011-12-09 12:50:00Z rows=7 status=trained holdout={}\n",
            &[&audit[..], b"\n"].concat(),
            notes,
        ]),
    ]
}
