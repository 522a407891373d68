//! Files that change between two runs: they grow, are cut in mid-line, are corrected or replaced.

mod support;

use std::fs;
use std::path::Path;

use support::{engine, summary, synthetic_csv, tree};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Every row in the batch files of a data directory, in order.
fn rows(data: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for number in 1.. {
        let file = data.join(format!("batches/batch_{number}.csv"));
        let Ok(text) = fs::read_to_string(file) else {
            break;
        };
        rows.extend(text.lines().skip(1).map(ToOwned::to_owned));
    }
    rows
}

fn rejects(data: &Path) -> String {
    fs::read_to_string(data.join("logs/rejects.csv")).unwrap()
}

#[test]
fn a_last_row_that_was_cut_is_read_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read_to_string(synthetic_csv(dir.path(), 300)).unwrap();
    let input = dir.path().join("growing.csv");
    let once = |text: &str, data: &Path| {
        fs::write(&input, text).unwrap();
        summary(&["--once", "--input", path(&input), "--data-dir", path(data)])
    };
    let undisturbed = dir.path().join("undisturbed");
    let expected = once(&whole, &undisturbed);
    let row = whole.lines().nth(200).unwrap();
    let begins = whole.find(row).unwrap();
    for cut in (0..=row.len()).step_by(3).chain([row.len() - 1, row.len()]) {
        let data = dir.path().join("data");
        // Cut at that byte; then a bit more of the line; then whole.
        once(&whole[..begins + cut], &data);
        once(&whole[..begins + row.len().min(cut + 2)], &data);
        let after = once(&whole, &data);
        for key in ["rows_read", "rows_kept", "rejected"] {
            assert_eq!(after[key], expected[key], "cut after {cut} bytes: {key}");
        }
        assert_eq!(rows(&data), rows(&undisturbed), "cut after {cut} bytes");
        assert_eq!(
            rejects(&data),
            rejects(&undisturbed),
            "cut after {cut} bytes"
        );
        fs::remove_dir_all(&data).unwrap();
    }
}

#[test]
fn a_file_without_a_last_line_end_is_read_whole_and_changes_nothing_when_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 5_000);
    let (with, without) = (dir.path().join("with"), dir.path().join("without"));
    let args = |data| ["--once", "--input", path(&input), "--data-dir", data];
    let expected = summary(&args(path(&with)));
    let text = fs::read_to_string(&input).unwrap();
    fs::write(&input, text.trim_end()).unwrap();
    let first = summary(&args(path(&without)));
    let before = tree(&without.join("batches"));
    let models = tree(&without.join("models"));
    for key in ["rows_read", "rows_kept", "rejected"] {
        assert_eq!(first[key], expected[key], "{key}");
    }
    assert_eq!(models, tree(&with.join("models")));
    let again = summary(&args(path(&without)));
    assert_eq!(again["rows_read"], expected["rows_read"]);
    assert_eq!(tree(&without.join("batches")), before);
    assert_eq!(tree(&without.join("models")), models);
}

#[test]
fn a_corrected_file_is_refused_with_the_place_and_read_afresh_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    summary(&args);
    let before = [tree(&data.join("batches")), tree(&data.join("models"))];
    let text = fs::read_to_string(&input).unwrap();
    // Far behind the first 64 KiB, and without a change of length.
    let line = text.lines().nth(15_000).unwrap();
    let corrected = line.replacen("United Kingdom", "United Kingdon", 1);
    assert_ne!(corrected, line);
    fs::write(&input, text.replacen(line, &corrected, 1)).unwrap();
    let output = engine(&args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let (first, last) = said
        .split_once("lines ")
        .and_then(|(_, rest)| rest.split_once(" are not")?.0.split_once(" to "))
        .map(|(first, last)| (first.parse::<u64>().unwrap(), last.parse::<u64>().unwrap()))
        .expect("the error names lines");
    assert!((first..=last).contains(&15_001), "{said}");
    assert!(last - first < 3_000, "{said}");
    assert!(said.contains("--fresh"), "{said}");
    assert_eq!(
        [tree(&data.join("batches")), tree(&data.join("models"))],
        before
    );

    let fresh = summary(&[&args[..], &["--fresh"]].concat());
    assert_eq!(fresh["rows_read"], 20_000);
    let archive = data.join("archive/0001");
    let kept = [
        tree(&archive.join("batches")),
        tree(&archive.join("models")),
    ];
    assert_eq!(kept, before, "nothing that was saved is lost");
}

#[test]
fn another_file_is_refused_and_so_is_a_shorter_one() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 3_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    summary(&args);
    let text = fs::read_to_string(&input).unwrap();
    let header_and_half = text.lines().take(1_500).collect::<Vec<_>>().join("\n");
    for other in [header_and_half, text.replacen("536", "537", 1)] {
        fs::write(&input, other).unwrap();
        let output = engine(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the file has changed"), "{said}");
    }
    // With the earlier file back, all is well.
    fs::write(&input, &text).unwrap();
    assert_eq!(summary(&args)["rows_read"], 3_000);
}
