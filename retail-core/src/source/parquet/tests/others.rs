//! Files that other programs have written.

use std::fs::{self, File};
use std::process::Command;

use super::*;

#[test]
fn files_of_pandas_polars_and_duckdb_give_the_same_text() {
    let Some(python) = std::env::var_os("RETAIL_TEST_PARQUET_PYTHON") else {
        eprintln!("RETAIL_TEST_PARQUET_PYTHON is not set: files of other programs were not read");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let written = Command::new(python)
        .args(["-c", include_str!("others.py")])
        .arg(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{said}");
    let expected = fs::read_to_string(dir.path().join("expected.csv")).unwrap();
    let mut files = 0;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "parquet") {
            let mut text = String::new();
            let read = ParquetText::open(File::open(&path).unwrap())
                .and_then(|mut file| file.read_to_string(&mut text));
            read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let differs = text.lines().zip(expected.lines()).find(|(a, b)| a != b);
            assert!(text == expected, "{}: {differs:?}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, 11);
    let brotli = ParquetText::open(File::open(dir.path().join("brotli")).unwrap());
    let said = brotli
        .unwrap()
        .read_to_string(&mut String::new())
        .unwrap_err();
    assert!(
        said.to_string()
            .starts_with("row group 1, column InvoiceNo: expected to be compressed"),
        "{said}"
    );
}
