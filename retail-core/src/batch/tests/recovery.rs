use super::*;

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
            store.begin(stream(), None).unwrap();
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
    store.begin(stream(), None).unwrap();
    store.save(&batches(limits(1, 60), &[0, 1, 2])).unwrap();
    store.checkpoint().unwrap();
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"batch\":2", "\"batch\":x", 1)).unwrap();
    let error = open_with(dir.path(), Durability::Checkpoint).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
}
