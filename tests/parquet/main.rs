//! Batches in Parquet, with an engine that is built for it: other programs read them, and a run goes
//! on from them as from CSV.

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{engine, sample, summary, synthetic_csv, tree};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn run(input: &Path, data: &Path, format: &str) -> serde_json::Value {
    let (input, data) = (path(input), path(data));
    summary(&[
        "--once",
        "--input",
        input,
        "--data-dir",
        data,
        "--batch-format",
        format,
    ])
}

/// The first `lines` lines of a file, in a file of the same name in another folder.
fn beginning(input: &Path, lines: usize) -> PathBuf {
    let text = fs::read_to_string(input).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').take(lines).collect();
    let file = input.with_file_name("growing.csv");
    fs::write(&file, kept.concat()).unwrap();
    file
}

#[test]
fn polars_and_duckdb_read_what_the_csv_holds() {
    let python = std::env::var_os("RETAIL_TEST_PARQUET_PYTHON")
        .expect("RETAIL_TEST_PARQUET_PYTHON names a Python with duckdb and polars");
    let dir = tempfile::tempdir().unwrap();
    let input = sample().unwrap_or_else(|| synthetic_csv(dir.path(), 50_000));
    let [csv, parquet] = ["csv", "parquet"].map(|format| dir.path().join(format));
    let kept = run(&input, &csv, "csv")["rows_kept"].to_string();
    assert_eq!(
        run(&input, &parquet, "parquet")["rows_kept"].to_string(),
        kept
    );
    let read = Command::new(python)
        .args(["-c", include_str!("read.py")])
        .args([csv.join("batches"), parquet.join("batches")])
        .arg(kept)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{said}");
}

/// A file as pandas writes it: dates and customers in types of their own.
const PANDAS: &str = "
import sys
import pandas
table = pandas.read_csv(sys.argv[1], dtype={'Invoice': str, 'StockCode': str})
table['InvoiceDate'] = pandas.to_datetime(table['InvoiceDate'])
table.to_parquet(sys.argv[2])
";

#[test]
fn a_file_of_pandas_gives_the_models_of_its_csv() {
    let python = std::env::var_os("RETAIL_TEST_PARQUET_PYTHON")
        .expect("RETAIL_TEST_PARQUET_PYTHON names a Python with pandas");
    let dir = tempfile::tempdir().unwrap();
    let csv = sample().unwrap_or_else(|| synthetic_csv(dir.path(), 50_000));
    let parquet = dir.path().join("sales.parquet");
    let written = Command::new(python)
        .args(["-c", PANDAS])
        .args([&csv, &parquet])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{said}");
    let models = [&csv, &parquet].map(|input| {
        let data = dir.path().join(input.extension().unwrap());
        (
            run(input, &data, "none")["rejected"].take(),
            tree(&data.join("models")),
        )
    });
    assert!(models[0] == models[1]);
}

#[test]
fn a_folder_of_batches_is_an_input() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let models = ["csv", "parquet"].map(|format| {
        let (first, second) = (
            dir.path().join(format),
            dir.path().join(format!("{format}-2")),
        );
        let kept = run(&input, &first, format)["rows_kept"].take();
        let again = run(&first.join("batches"), &second, "none");
        assert_eq!(again["rows_read"], kept);
        assert_eq!(again["rows_kept"], kept);
        tree(&second.join("models"))
    });
    assert!(models[0] == models[1]);
}

#[test]
fn models_are_those_of_csv_whatever_the_format_was_before() {
    let dir = tempfile::tempdir().unwrap();
    let whole = synthetic_csv(dir.path(), 20_000);
    let all = fs::read(&whole).unwrap();
    let after = |first: &str, then: &str| {
        let data = dir.path().join(format!("{first}-{then}"));
        let input = beginning(&whole, 9_000);
        run(&input, &data, first);
        fs::write(&input, &all).unwrap();
        let summary = run(&input, &data, then);
        // Without models, all that they are trained on comes from the batches.
        fs::remove_dir_all(data.join("models")).unwrap();
        let again = run(&input, &data, then);
        for key in ["rows_read", "rows_kept", "batches"] {
            assert_eq!(again[key], summary[key], "{first}, then {then}: {key}");
        }
        (tree(&data.join("models")), tree(&data.join("batches")))
    };
    let (expected, _) = after("csv", "csv");
    assert!(expected.len() >= 9);
    for (first, then) in [
        ("parquet", "parquet"),
        ("csv", "parquet"),
        ("parquet", "csv"),
    ] {
        let (models, batches) = after(first, then);
        assert!(models == expected, "{first}, then {then}");
        for format in [first, then] {
            let end = |name: &PathBuf| name.extension().is_some_and(|end| end == format);
            assert!(batches.keys().any(end), "{first}, then {then}: {format}");
        }
    }
}

#[test]
fn an_uninterrupted_run_gives_the_models_of_csv() {
    let dir = tempfile::tempdir().unwrap();
    let input = sample().unwrap_or_else(|| synthetic_csv(dir.path(), 50_000));
    let models = |format: &str| {
        let data = dir.path().join(format);
        run(&input, &data, format);
        tree(&data.join("models"))
    };
    assert!(models("parquet") == models("csv"));
}

#[test]
fn a_damaged_batch_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 5_000);
    let data = dir.path().join("data");
    run(&input, &data, "parquet");
    let batch = data.join("batches/batch_2.parquet");
    let mut bytes = fs::read(&batch).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&batch, bytes).unwrap();
    let output = engine(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("batch_2.parquet is damaged: expected"),
        "{said}"
    );
}
