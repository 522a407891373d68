use super::*;

fn refuses(error: &StorageError) -> bool {
    matches!(error, StorageError::Failed { .. })
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn a_store_that_could_not_save_writes_no_more_until_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = begun(dir.path());
    let (there, elsewhere) = (dir.path().join("batches"), dir.path().join("elsewhere"));
    fs::rename(&there, &elsewhere).unwrap();
    let error = store.save(&[rejected_batch()]).unwrap_err();
    assert!(error.to_string().contains("batch_1.csv"), "{error}");
    fs::rename(&elsewhere, &there).unwrap();

    // The rejected records are written already; the batch is not.
    let on_disk = || {
        let manifest = fs::read(there.join("manifest.jsonl")).unwrap();
        (manifest, fs::read(dir.path().join("logs/rejects.csv")))
    };
    let (manifest, rejects) = on_disk();
    for _ in 0..2 {
        let error = store.save(&[rejected_batch()]).unwrap_err();
        assert!(refuses(&error), "{error}");
        assert!(error.to_string().contains("open it again"), "{error}");
        assert!(refuses(&store.checkpoint().unwrap_err()));
        assert!(refuses(&store.begin(stream(), None).unwrap_err()));
    }
    assert_eq!(on_disk().0, manifest);
    assert_eq!(on_disk().1.unwrap(), rejects.unwrap());
    drop(store);

    let (mut store, saved) = open(dir.path()).unwrap();
    assert!(saved.batches.is_empty());
    store.save(&[rejected_batch()]).unwrap();
    let rejects = lines(&dir.path().join("logs/rejects.csv"));
    assert_eq!(rejects, 3, "a header, and each rejected record once");
}

#[test]
fn a_checkpoint_that_failed_is_made_up_for_by_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let open = || open_with(dir.path(), Durability::Checkpoint).unwrap();
    let synced = || {
        let manifest = fs::read_to_string(dir.path().join("batches/manifest.jsonl")).unwrap();
        manifest.contains("synced_through")
    };
    let (mut store, _) = open();
    store.begin(stream(), None).unwrap();
    let cut = batches(limits(1, 60), &[0, 1, 2]);
    store.save(&cut).unwrap();
    let (there, elsewhere) = (dir.path().join("batches/batch_2.csv"), dir.path().join("2"));
    fs::rename(&there, &elsewhere).unwrap();
    let error = store.checkpoint().unwrap_err();
    assert!(error.to_string().contains("batch_2.csv"), "{error}");
    fs::rename(&elsewhere, &there).unwrap();
    for error in [store.checkpoint(), store.save(&cut).map(|_| ())] {
        assert!(refuses(&error.unwrap_err()));
    }
    drop(store);

    let (mut store, saved) = open();
    assert_eq!(saved.batches.len(), 3);
    assert!(!synced(), "a checkpoint that failed says nothing");
    fs::rename(&there, &elsewhere).unwrap();
    assert!(store.checkpoint().is_err(), "the files are synced again");
    fs::rename(&elsewhere, &there).unwrap();
    let (mut store, _) = open();
    store.checkpoint().unwrap();
    assert!(synced());
}
