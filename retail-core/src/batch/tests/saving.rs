use proptest::prelude::*;

use super::*;
use crate::record::Transactions;

#[test]
fn saved_batches_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cut = batches(limits(2, 60), &[0, 1, 2]);
    begun(dir.path()).save(&cut).unwrap();
    let (store, saved) = open(dir.path()).unwrap();
    assert_eq!(saved.header, Some(ManifestHeader::new(stream())));
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
        "part,line,partition,offset,reason,detail\n\
         0,2,0,0,wrong_column_count,\"expected 8 columns, got 7\"\n\
         0,3,0,1,unparsable_field,\"price: expected a number, got \"\"1,\\\"\"5\"\"\"\n"
    );
}

#[test]
fn every_so_many_batches_are_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open_with(dir.path(), Durability::Checkpoint).unwrap();
    store.begin(stream(), None).unwrap();
    let seconds: Vec<u64> = (0..Durability::CHECKPOINT).collect();
    let cut = batches(limits(1, 60), &seconds);
    let synced = || {
        let text = fs::read_to_string(dir.path().join("batches/manifest.jsonl")).unwrap();
        text.contains("{\"synced_through\":256,")
    };
    store.save(&cut[..255]).unwrap();
    assert!(!synced());
    store.save(&cut[255..]).unwrap();
    assert!(synced());
}

/// What was checked is what is parsed: a pipe gives its bytes only once.
#[cfg(unix)]
#[test]
fn a_batch_file_is_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let cut = batches(limits(2, 60), &[0, 1]);
    let mut store = begun(dir.path());
    let entries = store.save(&cut).unwrap();
    let path = dir.path().join("batches/batch_1.csv");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let writer = std::thread::spawn(move || fs::write(path, bytes));
    assert_eq!(store.load(&entries[0]).unwrap(), cut[0].rows);
    writer.join().unwrap().unwrap();
}

#[test]
fn files_are_named_by_the_label_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cut = batches(limits(1, 60), &[0, 1]);
    let names = [
        "batch_1-sales-0@0-1.csv".to_owned(),
        "batch_2-sales-0@1-2.csv".to_owned(),
    ];
    for (batch, name) in cut.chunks(1).zip(names) {
        let (mut store, _) = open(dir.path()).unwrap();
        store.begin(stream(), Some("sales")).unwrap();
        assert_eq!(store.save(batch).unwrap()[0].file, Some(name));
    }
}

proptest! {
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
        let _ = batcher.push(origin(0), &Ok(rows.get(0).unwrap()));
        let batch = batcher.take_closed().unwrap();
        let mut store = begun(dir.path());
        let entries = store.save(&[batch]).unwrap();
        prop_assert_eq!(store.load(&entries[0]).unwrap(), rows);
    }
}

#[test]
fn the_manifest_does_not_depend_on_how_many_batches_are_saved_at_once() {
    let seconds: Vec<u64> = (0..600).collect();
    let cut = batches(limits(1, 60), &seconds);
    let manifest = |durability, at_once: usize| {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = open_with(dir.path(), durability).unwrap();
        store.begin(stream(), None).unwrap();
        for some in cut.chunks(at_once) {
            store.save(some).unwrap();
        }
        store.checkpoint().unwrap();
        fs::read_to_string(dir.path().join("batches/manifest.jsonl")).unwrap()
    };
    for (durability, synced) in [
        (Durability::Batch, 600),
        (Durability::Checkpoint, 3),
        (Durability::Off, 0),
    ] {
        let one_by_one = manifest(durability, 7);
        assert_eq!(one_by_one.matches("synced_through").count(), synced);
        for at_once in [32, 33, 600] {
            assert!(
                manifest(durability, at_once) == one_by_one,
                "{durability:?} {at_once}"
            );
        }
    }
}
