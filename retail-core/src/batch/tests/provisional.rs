//! A last batch whose last record may not have been whole.

use super::*;
use crate::source::Mark;

fn provisional(first: u64) -> Batch {
    let mark = Mark {
        bytes: 100,
        line: 4,
        crc32: "00000000".to_owned(),
        provisional: true,
        part: 0,
        first: 0,
    };
    Batch {
        mark: Some(mark),
        ..rejected_batch_at(first)
    }
}

#[test]
fn it_stays_on_disk_until_the_stream_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    begun(dir)
        .save(&[rejected_batch(), provisional(3)])
        .unwrap();
    let files = || {
        let manifest = fs::read(dir.join("batches/manifest.jsonl")).unwrap();
        let rejects = fs::read(dir.join("logs/rejects.csv")).unwrap();
        (manifest, rejects, dir.join("batches/batch_2.csv").exists())
    };
    let before = files();
    for _ in 0..2 {
        let (store, saved) = open(dir).unwrap();
        assert_eq!(saved.batches.len(), 1);
        assert_eq!(store.position().next_offset(0), 3);
        assert_eq!(files(), before, "opening alone changes nothing");
    }
    let mut store = begun(dir);
    assert!(!files().2, "what is read again is not there twice");
    store.save(&[rejected_batch_at(3)]).unwrap();
    let (store, saved) = open(dir).unwrap();
    assert_eq!(saved.batches.len(), 2);
    assert_eq!(store.position().next_offset(0), 6);
    assert_eq!(files().1, before.1, "the same records were rejected");
}

#[test]
fn it_is_read_again_to_the_same_bytes() {
    for durability in [Durability::Batch, Durability::Checkpoint, Durability::Off] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let mut seen = Vec::new();
        for run in 0..3 {
            let (mut store, _) = open_with(dir, durability).unwrap();
            store.begin(stream(), None).unwrap();
            if run == 0 {
                store.save(&[rejected_batch()]).unwrap();
            }
            store.save(&[provisional(3)]).unwrap();
            store.checkpoint().unwrap();
            seen.push(fs::read_to_string(dir.join("batches/manifest.jsonl")).unwrap());
        }
        assert_eq!(seen[1], seen[0], "{durability:?}");
        assert_eq!(seen[2], seen[0], "{durability:?}");
    }
}

#[test]
fn the_rejects_file_can_be_removed_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    begun(dir)
        .save(&[rejected_batch(), provisional(3)])
        .unwrap();
    fs::remove_file(dir.join("logs/rejects.csv")).unwrap();
    begun(dir).save(&[rejected_batch_at(3)]).unwrap();
    let (store, saved) = open(dir).unwrap();
    assert_eq!(
        (saved.batches.len(), store.position().next_offset(0)),
        (2, 6)
    );
    let rejects: Vec<_> = Rejects::open(&dir.join("logs")).unwrap().collect();
    assert_eq!(rejects.len(), 2, "those of the second batch");
}
