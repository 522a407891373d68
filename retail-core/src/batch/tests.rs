use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clean::{Field, RejectReason};
use crate::error::StorageError;
use crate::record::{Transaction, Transactions};
use crate::source::{Incoming, Origin, Position, Sink, SourceId};
use crate::time::Timestamp;

fn sale(index: u64, second: u64) -> Transaction {
    Transaction {
        invoice: format!("{}", 536_365 + index / 3),
        stock_code: "85123A".into(),
        description: format!("A \"quoted\", odd\nname {index}"),
        quantity: 1 + (index % 7) as i64,
        invoice_date: Timestamp::from_micros(1_291_190_760_000_000 + index as i64 * 60_000_000),
        price: 0.1 * (index % 13 + 1) as f64,
        customer_id: Some(12_346 + index % 5),
        country: "Österreich".into(),
        timestamp: Timestamp::from_micros(second as i64 * 1_000_000),
    }
}

fn origin(offset: u64) -> Origin {
    Origin {
        partition: 0,
        offset,
        line: Some(offset + 2),
    }
}

fn limits(rows: usize, seconds: u64) -> BatchLimits {
    BatchLimits::new(rows, Duration::from_secs(seconds)).unwrap()
}

/// Batches of the sales at these seconds.
fn batches(limits: BatchLimits, seconds: &[u64]) -> Vec<Batch> {
    let mut batcher = Batcher::new(limits, Position::default());
    for (offset, &second) in (0..).zip(seconds) {
        let row = sale(offset, second);
        let _ = batcher.push(origin(offset), Ok(row.as_ref()));
    }
    batcher.flush(CloseReason::End);
    std::iter::from_fn(|| batcher.take_closed()).collect()
}

fn sizes(batches: &[Batch]) -> Vec<(usize, CloseReason)> {
    batches
        .iter()
        .map(|b| (b.rows.len(), b.closed_by))
        .collect()
}

#[test]
fn a_batch_is_closed_after_the_record_that_fills_it() {
    let cut = batches(limits(2, 60), &[0, 1, 2]);
    assert_eq!(
        sizes(&cut),
        [(2, CloseReason::Count), (1, CloseReason::End)]
    );
    assert_eq!(cut[0].to.next_offset(0), 2);
    assert_eq!(cut[1].from.next_offset(0), 2);
}

#[test]
fn a_record_exactly_at_the_age_begins_the_next_batch() {
    let cut = batches(limits(100, 60), &[10, 69, 70, 71]);
    assert_eq!(sizes(&cut), [(2, CloseReason::Age), (2, CloseReason::End)]);
}

#[test]
fn the_sink_pauses_the_source_when_a_batch_is_ready() {
    let mut batcher = Batcher::new(limits(2, 60), Position::default());
    let row = sale(0, 0);
    assert_eq!(
        batcher.push(origin(0), Ok(row.as_ref())),
        ControlFlow::Continue(())
    );
    assert_eq!(
        batcher.push(origin(1), Ok(row.as_ref())),
        ControlFlow::Break(())
    );
}

#[test]
fn time_closes_a_batch_when_no_record_arrives() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    let _ = batcher.push(origin(0), Ok(sale(0, 5).as_ref()));
    batcher.advance(Timestamp::from_micros(64_999_999));
    assert!(batcher.take_closed().is_none());
    batcher.advance(Timestamp::from_micros(65_000_000));
    assert_eq!(
        batcher.take_closed().map(|b| b.closed_by),
        Some(CloseReason::Age)
    );
}

#[test]
fn nothing_but_rejected_records_still_closes_batches() {
    let mut batcher = Batcher::new(limits(1_000, 60), Position::default());
    let mut last = ControlFlow::Continue(());
    for offset in 0..BatchLimits::MAX_REJECTED as u64 {
        last = batcher.push(origin(offset), Err(RejectReason::MissingCustomer));
    }
    assert_eq!(last, ControlFlow::Break(()));
    let batch = batcher.take_closed().unwrap();
    assert_eq!(batch.read(), BatchLimits::MAX_REJECTED as u64);
    assert!(batch.rows.is_empty());
}

#[test]
fn without_text_the_same_rows_are_kept() {
    let cut = |mut batcher: Batcher| {
        for offset in 0..50 {
            let mut row = sale(offset, offset);
            if offset % 7 == 3 {
                row.invoice = "C1".into();
            }
            let _ = batcher.push(origin(offset), Ok(row.as_ref()));
        }
        batcher.flush(CloseReason::End);
        batcher.take_closed().unwrap()
    };
    let new = || Batcher::new(limits(100, 60), Position::default());
    assert!(new().wants_text() && !new().without_text().wants_text());
    let (with, without) = (cut(new()), cut(new().without_text()));
    assert_eq!(without.rejections, with.rejections);
    let emptied: Transactions = with
        .rows
        .iter()
        .map(|row| {
            let mut row = row.to_owned();
            for text in [
                &mut row.invoice,
                &mut row.stock_code,
                &mut row.description,
                &mut row.country,
            ] {
                text.clear();
            }
            row
        })
        .collect();
    assert_eq!(without.rows, emptied);
}

fn open(dir: &Path) -> Result<(BatchStore, Saved), StorageError> {
    open_with(dir, Durability::Batch)
}

fn open_with(dir: &Path, durability: Durability) -> Result<(BatchStore, Saved), StorageError> {
    BatchStore::open(
        &dir.join("batches"),
        &dir.join("logs"),
        BatchFormat::Csv,
        durability,
    )
}

fn stream() -> SourceId {
    SourceId([("kind".to_owned(), "test".to_owned())].into())
}

fn begun(dir: &Path) -> BatchStore {
    let (mut store, _) = open(dir).unwrap();
    store.begin(stream()).unwrap();
    store
}

fn rejected_batch() -> Batch {
    let mut batcher = Batcher::new(limits(10, 60), Position::default());
    let reasons: [Incoming<'_>; 2] = [
        Err(RejectReason::WrongColumnCount {
            expected: 8,
            got: 7,
        }),
        Err(RejectReason::unparsable(Field::Price, "a number", b"1,\"5")),
    ];
    for (offset, reason) in (0..).zip(reasons) {
        let _ = batcher.push(origin(offset), reason);
    }
    let _ = batcher.push(origin(2), Ok(sale(2, 0).as_ref()));
    batcher.flush(CloseReason::End);
    batcher.take_closed().unwrap()
}

#[test]
fn saved_batches_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cut = batches(limits(2, 60), &[0, 1, 2]);
    begun(dir.path()).save(&cut).unwrap();
    let (store, saved) = open(dir.path()).unwrap();
    assert_eq!(saved.stream, Some(stream()));
    assert_eq!(saved.batches.len(), 2);
    assert_eq!(store.position().next_offset(0), 3);
    for (entry, batch) in saved.batches.iter().zip(&cut) {
        assert_eq!(store.load(entry).unwrap(), batch.rows);
    }
    assert_eq!(saved.batches[1].first_row, 2);
}

#[test]
fn rejected_records_are_listed_with_line_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    begun(dir.path()).save(&[rejected_batch()]).unwrap();
    let text = fs::read_to_string(dir.path().join("logs/rejects.csv")).unwrap();
    assert_eq!(
        text,
        "line,partition,offset,reason,detail\n\
         2,0,0,wrong_column_count,\"expected 8 columns, got 7\"\n\
         3,0,1,unparsable_field,\"price: expected a number, got \"\"1,\\\"\"5\"\"\"\n"
    );
}

/// What a crash between two steps of saving batch 2 can leave behind.
#[test]
fn a_crash_at_any_step_leaves_the_batches_saved_before() {
    let cut = batches(limits(1, 60), &[0, 1]);
    type Wreck = fn(&Path);
    let wrecks: [(&str, Wreck); 5] = [
        ("temporary file written", |dir| {
            fs::write(dir.join("batches/batch_2.csv.tmp"), b"half a fi").unwrap();
        }),
        ("file renamed", |dir| {
            fs::write(dir.join("batches/batch_2.csv"), b"another batch 2").unwrap();
        }),
        ("rejects appended", |dir| {
            append(&dir.join("logs/rejects.csv"), b"9,0,7,cancelled,x\n");
        }),
        ("manifest line cut short", |dir| {
            append(&dir.join("batches/manifest.jsonl"), b"{\"batch\":2,\"fi");
        }),
        ("manifest line of zeros", |dir| {
            append(&dir.join("batches/manifest.jsonl"), b"\0\0\0\0\n");
        }),
    ];
    for (name, wreck) in wrecks {
        let dir = tempfile::tempdir().unwrap();
        begun(dir.path()).save(&cut[..1]).unwrap();
        wreck(dir.path());
        let (mut store, saved) = open(dir.path()).unwrap();
        assert_eq!(saved.batches.len(), 1, "{name}");
        assert_eq!(store.position().next_offset(0), 1, "{name}");
        store.save(&cut[1..]).unwrap();
        let (store, saved) = open(dir.path()).unwrap();
        assert_eq!(saved.batches.len(), 2, "{name}");
        assert_eq!(
            store.load(&saved.batches[1]).unwrap(),
            cut[1].rows,
            "{name}"
        );
        let rejects = fs::read_to_string(dir.path().join("logs/rejects.csv")).unwrap();
        assert_eq!(rejects.lines().count(), 1, "{name}");
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut all = fs::read(path).unwrap();
    all.extend_from_slice(bytes);
    fs::write(path, all).unwrap();
}

/// What a loss of power can do to what had not been synced.
#[test]
fn what_had_not_reached_the_disk_is_read_again() {
    let cut = batches(limits(1, 60), &[0, 1, 2]);
    type Loss = fn(&Path);
    let losses: [(&str, Loss); 4] = [
        ("file of zeros", |dir| {
            fs::write(dir.join("batches/batch_2.csv"), [0; 64]).unwrap();
        }),
        ("file missing", |dir| {
            fs::remove_file(dir.join("batches/batch_2.csv")).unwrap();
        }),
        ("rejects cut short", |dir| {
            fs::write(dir.join("logs/rejects.csv"), "line,").unwrap();
        }),
        ("manifest of zeros", |dir| {
            let path = dir.join("batches/manifest.jsonl");
            let text = fs::read_to_string(&path).unwrap();
            let at = text.find("{\"batch\":2").unwrap();
            let zeros = "\0".repeat(text.len() - at - 1);
            fs::write(&path, format!("{}{zeros}\n", &text[..at])).unwrap();
        }),
    ];
    for durability in [Durability::Checkpoint, Durability::Off] {
        for (name, loss) in losses {
            let dir = tempfile::tempdir().unwrap();
            let (mut store, _) = open_with(dir.path(), durability).unwrap();
            store.begin(stream()).unwrap();
            store.save(&cut[..1]).unwrap();
            store.checkpoint().unwrap();
            store.save(&cut[1..]).unwrap();
            loss(dir.path());
            // Without a single sync, nothing of a damaged rejects file can be relied on.
            let expected = match (durability, name) {
                (Durability::Off, "rejects cut short") => 0,
                _ => 1,
            };
            let opened = open_with(dir.path(), durability);
            if (durability, name) == (Durability::Checkpoint, "rejects cut short") {
                assert!(opened.is_err(), "the first batch's rejects had been synced");
                continue;
            }
            let (mut store, saved) = opened.unwrap();
            assert_eq!(saved.batches.len(), expected, "{name} {durability:?}");
            assert_eq!(store.position().next_offset(0), expected as u64, "{name}");
            store.save(&cut[expected..]).unwrap();
            let (store, saved) = open_with(dir.path(), durability).unwrap();
            for (entry, batch) in saved.batches.iter().zip(&cut) {
                assert_eq!(store.load(entry).unwrap(), batch.rows, "{name}");
            }
            assert_eq!(saved.batches.len(), 3, "{name}");
        }
    }
}

#[test]
fn what_had_reached_the_disk_is_not_quietly_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open_with(dir.path(), Durability::Checkpoint).unwrap();
    store.begin(stream()).unwrap();
    store.save(&batches(limits(1, 60), &[0, 1, 2])).unwrap();
    store.checkpoint().unwrap();
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"batch\":2", "\"batch\":x", 1)).unwrap();
    let error = open_with(dir.path(), Durability::Checkpoint).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
}

#[test]
fn every_so_many_batches_are_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open_with(dir.path(), Durability::Checkpoint).unwrap();
    store.begin(stream()).unwrap();
    let seconds: Vec<u64> = (0..Durability::CHECKPOINT).collect();
    let cut = batches(limits(1, 60), &seconds);
    let synced = || {
        let text = fs::read_to_string(dir.path().join("batches/manifest.jsonl")).unwrap();
        text.contains("{\"synced_through\":256}")
    };
    store.save(&cut[..255]).unwrap();
    assert!(!synced());
    store.save(&cut[255..]).unwrap();
    assert!(synced());
}

#[test]
fn a_damaged_batch_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    begun(dir.path())
        .save(&batches(limits(2, 60), &[0, 1]))
        .unwrap();
    let path = dir.path().join("batches/batch_1.csv");
    let mut bytes = fs::read(&path).unwrap();
    bytes[90] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (store, saved) = open(dir.path()).unwrap();
    let error = store.load(&saved.batches[0]).unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("batch_1.csv"), "{error}");
}

#[test]
fn a_manifest_damaged_in_the_middle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    begun(dir.path())
        .save(&batches(limits(1, 60), &[0, 1, 2]))
        .unwrap();
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"batch\":2", "\"batch\":7", 1)).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
}

#[test]
fn a_foreign_manifest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    begun(dir.path());
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("\"format_version\":1", "\"format_version\":2"),
    )
    .unwrap();
    assert!(matches!(
        open(dir.path()).unwrap_err(),
        StorageError::Foreign { .. }
    ));
}

#[test]
fn limits_out_of_range_are_refused() {
    for (rows, age) in [
        (0, Duration::from_secs(60)),
        (10_000_001, Duration::from_secs(60)),
        (1, Duration::ZERO),
        (1, Duration::from_secs(400 * 86_400)),
    ] {
        assert!(BatchLimits::new(rows, age).is_err(), "{rows} {age:?}");
    }
}

proptest! {
    /// However long the runs are, no record is lost or repeated, and order is kept.
    #[test]
    fn batches_partition_the_stream(
        gaps in prop::collection::vec(0_u64..40, 1..80),
        rows in 1_usize..10,
        age in 1_u64..90,
    ) {
        let seconds: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
        let cut = batches(limits(rows, age), &seconds);
        let together: Vec<_> = cut.iter().flat_map(|b| b.rows.iter().map(|r| r.to_owned())).collect();
        let expected: Vec<_> = (0..).zip(&seconds).map(|(i, &s)| sale(i, s)).collect();
        prop_assert_eq!(together, expected);
        for pair in cut.windows(2) {
            prop_assert_eq!(&pair[0].to, &pair[1].from);
        }
        for batch in &cut {
            prop_assert!(batch.rows.len() <= rows);
            let times = batch.rows.timestamp();
            prop_assert!(times[times.len() - 1].since(times[0]) < Duration::from_secs(age));
        }
    }

    /// Whatever stands in the texts, a batch file reads back the same.
    #[test]
    fn batch_files_round_trip(
        text in prop::collection::vec("\\PC{0,12}|[,\"\n\r a]{0,8}", 4),
        quantity in 1_i64..1_000_000,
        mills in 1_i64..100_000_000,
    ) {
        let mut row = sale(0, 0);
        // White space around these three is dropped by the reader, as from any CSV.
        row.invoice = format!("5{}", text[0].trim());
        row.stock_code = text[1].trim().to_owned();
        row.country = text[3].trim().to_owned();
        row.description.clone_from(&text[2]);
        row.quantity = quantity;
        row.price = mills as f64 / 1000.0;
        let rows: Transactions = [row].into_iter().collect();
        let dir = tempfile::tempdir().unwrap();
        let mut batcher = Batcher::new(limits(1, 60), Position::default());
        let _ = batcher.push(origin(0), Ok(rows.get(0).unwrap()));
        let batch = batcher.take_closed().unwrap();
        let mut store = begun(dir.path());
        let entries = store.save(&[batch]).unwrap();
        prop_assert_eq!(store.load(&entries[0]).unwrap(), rows);
    }
}
