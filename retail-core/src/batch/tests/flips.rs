//! Files of a store with a bit changed, or an end cut off: whatever is opened is what was saved.

use super::*;

/// A folder with batches of every kind, and what is in it. Without the last checkpoint it is as a
/// process leaves it that was killed.
fn saved(dir: &Path, finished: bool) -> Vec<BatchEntry> {
    let (mut store, _) = open_with(dir, Durability::Checkpoint).unwrap();
    store.begin(stream(), None).unwrap();
    for _ in 0..2 {
        let first = store.position().next_offset(0);
        store.save(&[rejected_batch_at(first)]).unwrap();
    }
    store.checkpoint().unwrap();
    let first = store.position().next_offset(0);
    store.save(&[rejected_batch_at(first)]).unwrap();
    if finished {
        store.checkpoint().unwrap();
    }
    drop(store);
    open_with(dir, Durability::Checkpoint).unwrap().1.batches
}

/// What is found in a copy of the folder after a change, if it opens.
fn found(dir: &Path, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<BatchEntry>> {
    let copy = tempfile::tempdir().unwrap();
    for folder in ["batches", "logs"] {
        fs::create_dir(copy.path().join(folder)).unwrap();
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let to = copy.path().join(folder).join(entry.file_name());
            fs::copy(entry.path(), to).unwrap();
        }
    }
    let path = copy.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    let (store, recovered) = open_with(copy.path(), Durability::Checkpoint).ok()?;
    let loads = recovered
        .batches
        .iter()
        .all(|entry| store.load(entry).is_ok());
    loads.then_some(recovered.batches)
}

#[test]
fn no_changed_bit_goes_unnoticed() {
    for finished in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let all = saved(dir.path(), finished);
        assert_eq!(all.len(), 3);
        for file in [
            "batches/manifest.jsonl",
            "logs/rejects.csv",
            "batches/batch_2.csv",
        ] {
            let bytes = fs::read(dir.path().join(file)).unwrap();
            let from = if file.starts_with("logs") {
                "part,line,partition,offset,reason,detail\n".len()
            } else {
                0
            };
            for at in from..bytes.len() {
                let found = found(dir.path(), file, |bytes| bytes[at] ^= 1 << (at % 8));
                // What a crash can have left is read again; nothing else is accepted.
                let Some(found) = found else { continue };
                assert_eq!(found[..], all[..found.len()], "{file}: byte {at}");
                let torn = found.len() == 2 && !finished;
                let lost_line_end = file.ends_with(".jsonl") && at == bytes.len() - 1;
                assert!(
                    torn || lost_line_end,
                    "{file}: byte {at}, finished {finished}"
                );
            }
        }
    }
}

#[test]
fn a_file_cut_short_gives_what_is_whole_or_nothing() {
    for finished in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let all = saved(dir.path(), finished);
        for file in [
            "batches/manifest.jsonl",
            "logs/rejects.csv",
            "batches/batch_3.csv",
        ] {
            let bytes = fs::read(dir.path().join(file)).unwrap();
            for len in 0..bytes.len() {
                let found = found(dir.path(), file, |bytes| bytes.truncate(len));
                let Some(found) = found else { continue };
                assert_eq!(found[..], all[..found.len()], "{file}: {len} bytes");
            }
        }
    }
}

#[test]
fn damage_is_named_with_the_way_on() {
    let dir = tempfile::tempdir().unwrap();
    saved(dir.path(), false);
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    // Behind the last checkpoint, where a crash could have left half a line, but no other number.
    fs::write(
        &path,
        text.replacen("\"to\":{\"0\":9}", "\"to\":{\"0\":8}", 1),
    )
    .unwrap();
    let said = open_with(dir.path(), Durability::Checkpoint)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("manifest.jsonl is damaged: line 5") && said.contains("remove this line"),
        "{said}"
    );
    let kept: Vec<&str> = text.split_inclusive('\n').take(4).collect();
    fs::write(&path, kept.concat()).unwrap();
    assert_eq!(
        open_with(dir.path(), Durability::Checkpoint)
            .unwrap()
            .1
            .batches
            .len(),
        2
    );
}

#[test]
fn entries_that_contradict_each_other_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let all = saved(dir.path(), true);
    type Change = fn(&mut BatchEntry);
    let changes: [(&str, Change); 8] = [
        ("batch", |entry| entry.batch += 1),
        ("first_row", |entry| entry.first_row += 1),
        ("read", |entry| entry.read -= 1),
        // Sums that no 64 bits hold are wrong, too.
        ("read", |entry| entry.rows = u64::MAX),
        ("read", |entry| {
            entry.to = Position::from([(0, u64::MAX), (1, u64::MAX)]);
            entry.rows = 0;
        }),
        ("read", |entry| entry.to = entry.from.clone()),
        ("read", |entry| entry.from = Position::from([(0, 99)])),
        ("from", |entry| entry.from = Position::from([(0, 2)])),
    ];
    for (key, change) in changes {
        let mut entry = all[1].clone();
        assert_eq!(entry.check_after(Some(&all[0])), Ok(()));
        change(&mut entry);
        let said = entry.check_after(Some(&all[0])).unwrap_err();
        assert!(said.starts_with(key), "{key}: {said}");
    }
}
