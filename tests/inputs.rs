//! What `--input` takes: the same rows give the same models in every form.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use support::{engine, example, sample, summary, synthetic_csv, tree};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Rows of the sample, or synthetic ones, as a CSV.
fn rows(dir: &Path) -> PathBuf {
    let all = sample().unwrap_or_else(|| synthetic_csv(dir, 20_000));
    let text = fs::read_to_string(all).unwrap();
    let kept: String = text.split_inclusive('\n').take(20_001).collect();
    let file = dir.join("sales.csv");
    fs::write(&file, kept).unwrap();
    file
}

fn run(inputs: &[&Path], data: &Path, more: &[&str]) -> serde_json::Value {
    let mut args = vec!["--once", "--data-dir", path(data), "--input"];
    args.extend(inputs.iter().map(|input| path(input)));
    args.extend(more);
    summary(&args)
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

/// The rows as Excel holds them, in two sheets.
fn workbook(csv: &Path, file: &Path) {
    let date = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let records: Vec<csv::StringRecord> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(csv)
        .unwrap()
        .into_records()
        .map(Result::unwrap)
        .collect();
    let (header, records) = records.split_first().unwrap();
    let mut workbook = Workbook::new();
    for half in records.chunks(records.len().div_ceil(2)) {
        let sheet = workbook.add_worksheet();
        for (row, record) in (0..).zip(std::iter::once(header).chain(half)) {
            for (column, field) in (0..).zip(record) {
                let time = ExcelDateTime::parse_from_str(field);
                let number = field.parse::<f64>();
                match (column, time, number) {
                    (4, Ok(time), _) => sheet.write_with_format(row, column, &time, &date),
                    (0 | 1 | 3 | 5 | 6, _, Ok(number)) => sheet.write(row, column, number),
                    (_, _, _) if field.is_empty() => continue,
                    _ => sheet.write(row, column, field),
                }
                .unwrap();
            }
        }
    }
    workbook.save(file).unwrap();
}

/// The rows as a JSON object on each line.
fn json_lines(csv: &Path, file: &Path) {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let header = reader.headers().unwrap().clone();
    let mut out = String::new();
    for record in reader.records() {
        let record = record.unwrap();
        let object: serde_json::Map<String, serde_json::Value> = header
            .iter()
            .zip(&record)
            .map(|(name, field)| (name.to_owned(), field.into()))
            .collect();
        out += &serde_json::to_string(&object).unwrap();
        out.push('\n');
    }
    fs::write(file, out).unwrap();
}

#[test]
fn the_same_rows_give_the_same_models_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let csv = rows(dir);
    let text = fs::read_to_string(&csv).unwrap();
    let data = dir.join("csv");
    let mut expected = run(&[&csv], &data, &[]);
    let rejected = expected["rejected"].take();
    let models = tree(&data.join("models"));

    let gz = dir.join("sales.csv.gz");
    fs::write(&gz, gzipped(text.as_bytes())).unwrap();
    let xlsx = dir.join("sales.xlsx");
    workbook(&csv, &xlsx);
    let json = dir.join("sales.jsonl");
    json_lines(&csv, &json);
    let folder = dir.join("parts");
    fs::create_dir(&folder).unwrap();
    let (header, body) = text.split_at(text.find('\n').unwrap() + 1);
    let lines: Vec<&str> = body.split_inclusive('\n').collect();
    let mut parts = Vec::new();
    for (number, lines) in lines.chunks(1_700).enumerate() {
        let part = folder.join(format!("part-{number}.csv"));
        fs::write(&part, format!("{header}{}", lines.concat())).unwrap();
        parts.push(part);
    }
    let several: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    for (name, inputs) in [
        ("gz", &[&*gz][..]),
        ("xlsx", &[&*xlsx]),
        ("json", &[&*json]),
        ("folder", &[&*folder]),
        ("several", &several),
    ] {
        let data = dir.join(name);
        let got = run(inputs, &data, &[]);
        assert_eq!(got["rejected"], rejected, "{name}");
        assert!(tree(&data.join("models")) == models, "{name}");
    }

    let data = dir.join("stdin");
    let got = piped(text.as_bytes(), &data);
    assert!(got.status.success());
    assert!(tree(&data.join("models")) == models, "standard input");
    let said = String::from_utf8_lossy(&got.stderr);
    assert!(said.contains("cannot be read a second time"), "{said}");
    // Once more, with the same content: nothing is read twice.
    let got = piped(&gzipped(text.as_bytes()), &data);
    let summary: serde_json::Value = serde_json::from_slice(&got.stdout).unwrap();
    assert_eq!(summary["rows_read"], expected["rows_read"]);
    assert!(tree(&data.join("models")) == models, "standard input again");
    // And with other content, the run is refused.
    let got = piped(text.replacen(",6,", ",7,", 1).as_bytes(), &data);
    assert_eq!(got.status.code(), Some(1));
}

/// Runs the engine with this on its standard input.
fn piped(content: &[u8], data: &Path) -> Output {
    let mut child = Command::new(example("engine"))
        .args(["--once", "--input", "-", "--data-dir", path(data)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let content = content.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&content)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

const HEADER: &str =
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";

fn sale(invoice: u32, customer: &str) -> String {
    let day = invoice % 28 + 1;
    format!("{invoice},A,B,2,2010-12-{day:02} 08:00:00,1.5,{customer},UK\n")
}

fn write(file: PathBuf, invoices: std::ops::Range<u32>) -> PathBuf {
    let rows: String = invoices.map(|invoice| sale(invoice, "17850")).collect();
    fs::write(&file, HEADER.to_owned() + &rows).unwrap();
    file
}

#[test]
fn rows_that_two_inputs_hold_are_warned_of_or_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = write(dir.join("2010.csv"), 0..20);
    let second = write(dir.join("2011.csv"), 15..25);
    let data = dir.join("warned");
    let args = |data: &Path, more: &[&'static str]| {
        let mut args = vec!["--once".to_owned(), "--data-dir".into(), path(data).into()];
        args.extend(["--input".into(), path(&first).into(), path(&second).into()]);
        args.extend(more.iter().map(ToString::to_string));
        args
    };
    let told = engine(
        &args(&data, &[])
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(
        said.contains("2011.csv: 4 of its rows are dated before"),
        "{said}"
    );
    assert!(said.contains("--dedup-overlap"), "{said}");
    let data = dir.join("dropped");
    let summary = run(&[&first, &second], &data, &["--dedup-overlap"]);
    assert_eq!(summary["rows_read"], 30);
    assert_eq!(summary["rows_kept"], 25);
    assert_eq!(summary["rejected"]["overlap"], 5);
    let rejects = fs::read_to_string(data.join("logs/rejects.csv")).unwrap();
    assert!(rejects.contains("\n1,2,0,20,overlap,"), "{rejects}");
}

#[test]
fn a_rejected_row_is_found_in_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = write(dir.join("1.csv"), 0..2);
    let second = dir.join("2.csv");
    fs::write(
        &second,
        HEADER.to_owned() + &"1,A,B,x,2010-12-01 08:00,1.5,7,UK\n".repeat(9),
    )
    .unwrap();
    let data = dir.join("data");
    let told = engine(&[
        "--once",
        "--data-dir",
        path(&data),
        "--input",
        path(&first),
        path(&second),
    ]);
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(
        said.contains(&format!("line 2 of {}", path(&second))),
        "{said}"
    );
}

#[test]
fn customers_of_nobody_can_be_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("sales.csv");
    let rows: String = ["0", "99999", "Walk-in", "17850"]
        .map(|name| sale(1, name))
        .concat();
    fs::write(&file, HEADER.to_owned() + &rows).unwrap();
    let rejected = |data: &str, more: &[&str]| {
        let summary = run(&[&file], &dir.join(data), more);
        [
            summary["rows_kept"].as_u64().unwrap(),
            summary["rejected"]["missing_customer"].as_u64().unwrap(),
            summary["rejected"]["unparsable_field"].as_u64().unwrap(),
        ]
    };
    assert_eq!(rejected("default", &[]), [2, 1, 1]);
    let set = "clean.unknown_customers=[\"99999\", \"walk-in\"]";
    assert_eq!(rejected("named", &["--set", set]), [2, 2, 0]);
    let none = "clean.unknown_customers=[]";
    assert_eq!(rejected("none", &["--set", none]), [3, 0, 1]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path().join("sales.csv"), 0..3);
    let data = dir.path().join("data");
    let base = ["--once", "--input", path(&file), "--data-dir", path(&data)];
    for (more, said) in [
        (
            &["--set", "stream.follow=true"][..],
            "--once: expected a source with an end",
        ),
        (&["--follow"], "--once"),
        (&["--input"], "--input"),
        (&["--input", ""], "--input"),
    ] {
        let output = engine(&[&base, more].concat());
        assert!(!output.status.success(), "{more:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(said), "{more:?}: {told}");
        assert!(!data.exists(), "{more:?}");
    }
}

/// An engine that follows a file, until it is dropped.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn follow(file: &Path, data: &Path) -> Following {
    let child = Command::new(example("engine"))
        .args(["--follow", "--input", path(file), "--data-dir", path(data)])
        .args(["--bind", "127.0.0.1:0", "--set", "batch.rows=10"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Following(child)
}

/// Waits until so many rows are in saved batches.
fn saved(data: &Path, rows: usize) {
    let begun = Instant::now();
    loop {
        let there: usize = fs::read_dir(data.join("batches"))
            .map(|files| {
                let files = files.map(|file| file.unwrap().path());
                let csv = files.filter(|file| file.extension().is_some_and(|end| end == "csv"));
                csv.map(|file| fs::read_to_string(file).unwrap().lines().count() - 1)
                    .sum()
            })
            .unwrap_or(0);
        if there == rows {
            return;
        }
        assert!(there < rows, "{there} rows instead of {rows}");
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{there} of {rows} rows"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Killed at any time and started again, through a rotation: each row is saved once.
#[test]
fn a_followed_file_is_read_once_through_kills_and_rotations() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let data = dir.join("data");
    let file = write(dir.join("sales.csv"), 0..20);
    let append = |rows: std::ops::Range<u32>| {
        let rows: String = rows.map(|invoice| sale(invoice, "17850")).collect();
        let mut file = fs::OpenOptions::new().append(true).open(&file).unwrap();
        file.write_all(rows.as_bytes()).unwrap();
    };
    let engine = follow(&file, &data);
    saved(&data, 20);
    append(20..35);
    saved(&data, 30);
    drop(engine);
    append(35..40);
    fs::rename(&file, dir.join("sales.csv.1")).unwrap();
    write(file.clone(), 40..55);
    let engine = follow(&file, &data);
    saved(&data, 50);
    append(55..60);
    saved(&data, 60);
    drop(engine);
    let mut invoices: Vec<u32> = Vec::new();
    for batch in 1..=6 {
        let text = fs::read_to_string(data.join(format!("batches/batch_{batch}.csv"))).unwrap();
        let rows = text.lines().skip(1);
        invoices.extend(rows.map(|row| row.split(',').next().unwrap().parse::<u32>().unwrap()));
    }
    assert_eq!(invoices, (0..60).collect::<Vec<_>>());
}
