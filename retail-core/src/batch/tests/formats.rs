//! Stores in Parquet, and those whose format has changed.

use super::*;

fn open_as(dir: &Path, format: BatchFormat) -> Result<(BatchStore, Recovered), StorageError> {
    let folders = ["batches", "logs"].map(|folder| dir.join(folder));
    BatchStore::open(
        &folders[0],
        &folders[1],
        format,
        Durability::Checkpoint,
        DataMode::default(),
    )
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_what_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    let said = open_as(dir.path(), BatchFormat::Parquet).unwrap_err();
    assert!(
        said.to_string()
            .ends_with("takes a build with --features parquet"),
        "{said}"
    );
    assert!(!dir.path().join("logs").exists(), "nothing is begun");
    // Batches that another build has left there.
    let mut store = begun(dir.path());
    let mut entry = store
        .save(&batches(limits(10, 60), &[0]))
        .unwrap()
        .remove(0);
    let (csv, name) = (dir.path().join("batches/batch_1.csv"), "batch_1.parquet");
    fs::rename(&csv, csv.with_file_name(name)).unwrap();
    entry.file = Some(name.to_owned());
    let said = store.load(&entry).unwrap_err().to_string();
    assert!(
        said.ends_with("batch_1.parquet takes a build with --features parquet"),
        "{said}"
    );
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;

    /// Saves the next `count` batches of the stream in this format.
    fn go_on(dir: &Path, format: BatchFormat, count: usize) -> Vec<BatchEntry> {
        let (mut store, recovered) = open_as(dir, format).unwrap();
        store.begin(stream(), None).unwrap();
        let (mut all, done) = (all_batches(), recovered.batches.len());
        let next: Vec<Batch> = all.drain(done..done + count).collect();
        store.save(&next).unwrap()
    }

    fn all_batches() -> Vec<Batch> {
        batches(limits(2, 60), &[0, 1, 2, 3, 4, 5, 6, 7])
    }

    fn names(entries: &[BatchEntry]) -> Vec<&str> {
        entries
            .iter()
            .filter_map(|entry| entry.file.as_deref())
            .collect()
    }

    #[test]
    fn each_batch_keeps_the_format_in_which_it_was_saved() {
        let dir = tempfile::tempdir().unwrap();
        go_on(dir.path(), BatchFormat::Csv, 1);
        go_on(dir.path(), BatchFormat::Parquet, 2);
        go_on(dir.path(), BatchFormat::Csv, 1);
        let (store, recovered) = open_as(dir.path(), BatchFormat::Parquet).unwrap();
        let entries = recovered.batches;
        assert_eq!(
            names(&entries),
            [
                "batch_1.csv",
                "batch_2.parquet",
                "batch_3.parquet",
                "batch_4.csv"
            ]
        );
        for (entry, batch) in entries.iter().zip(all_batches()) {
            assert_eq!(
                store.load(entry).unwrap(),
                batch.rows,
                "batch {}",
                entry.batch
            );
            let path = dir
                .path()
                .join("batches")
                .join(entry.file.as_ref().unwrap());
            assert_eq!(fs::metadata(path).unwrap().len(), entry.bytes);
        }
    }

    #[test]
    fn equal_streams_leave_equal_files() {
        let [first, second] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        for dir in [&first, &second] {
            go_on(dir.path(), BatchFormat::Parquet, 3);
        }
        for file in ["manifest.jsonl", "batch_1.parquet", "batch_3.parquet"] {
            let [first, second] = [&first, &second]
                .map(|dir| fs::read(dir.path().join("batches").join(file)).unwrap());
            assert!(first == second, "{file}");
        }
    }

    #[test]
    fn any_changed_byte_is_found_by_the_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let entry = go_on(dir.path(), BatchFormat::Parquet, 1).remove(0);
        let path = dir.path().join("batches/batch_1.parquet");
        let whole = fs::read(&path).unwrap();
        let (store, _) = open_as(dir.path(), BatchFormat::Parquet).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, bytes).unwrap();
            let said = store.load(&entry).unwrap_err().to_string();
            assert!(
                said.contains("batch_1.parquet is damaged: expected"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_a_killed_run_left_in_another_format_is_gone_once_its_batch_is_saved() {
        let dir = tempfile::tempdir().unwrap();
        go_on(dir.path(), BatchFormat::Csv, 1);
        let left = dir.path().join("batches/batch_2.csv");
        fs::write(&left, "invoice\n").unwrap();
        go_on(dir.path(), BatchFormat::Parquet, 1);
        assert!(!left.exists());
        assert!(dir.path().join("batches/batch_1.csv").exists());
    }
}
