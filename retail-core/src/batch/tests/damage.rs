use super::*;

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
    assert!(error.to_string().contains("line 4"), "{error}");
}

#[test]
fn a_foreign_manifest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    begun(dir.path());
    let path = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let older = text.replace("\"format_version\":3", "\"format_version\":2");
    assert_ne!(older, text);
    fs::write(&path, older).unwrap();
    assert!(matches!(
        open(dir.path()).unwrap_err(),
        StorageError::Foreign { .. }
    ));
}
