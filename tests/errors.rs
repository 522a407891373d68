//! Bad input: one clear line on standard error, a non-zero exit, nothing saved is touched.

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use support::{engine, example, summary, synthetic_csv, tree};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The single line of an error, of a run that has to fail.
fn error(args: &[&str]) -> String {
    error_of("engine", args)
}

fn error_of(name: &str, args: &[&str]) -> String {
    let output = Command::new(example(name)).args(args).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{args:?} succeeded: {log}");
    let errors: Vec<_> = log.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "one line: {log}");
    assert!(!log.contains("panicked"), "{log}");
    errors[0].to_owned()
}

#[test]
fn a_missing_file_is_named() {
    let line = error(&["--once", "--input", "/nowhere/retail.csv"]);
    assert!(line.contains("/nowhere/retail.csv"), "{line}");
}

#[test]
fn a_wrong_header_is_named_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("wrong.csv");
    fs::write(&input, "Invoice,StockCode,Quantity\n1,2,3\n").unwrap();
    let line = error(&["--once", "--input", path(&input)]);
    assert!(
        line.contains("wrong.csv") && line.contains("line 1"),
        "{line}"
    );
    assert!(line.contains("Price"), "{line}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a_file");
    fs::write(&file, "").unwrap();
    let below = file.join("data");
    let line = error(&["--once", "--rows", "100", "--data-dir", path(&below)]);
    assert!(line.contains(path(&below)), "{line}");
}

#[test]
fn a_port_in_use_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = error(&[
        "--rows",
        "100",
        "--data-dir",
        path(dir.path()),
        "--bind",
        &address,
    ]);
    assert!(line.contains(&address), "{line}");
    assert!(!dir.path().join("batches").exists(), "nothing was begun");
}

#[test]
fn a_damaged_model_is_refused_if_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 10_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    summary(&args);
    let model = data.join("models/linear_model_2/revision_1.json");
    let mut bytes = fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    fs::write(&model, bytes).unwrap();
    let before = tree(&data.join("models"));
    for (name, args) in [
        ("engine", [&args[..], &["--strict"]].concat()),
        (
            "http_server",
            vec![
                "--strict",
                "--models",
                path(&data.join("models")),
                "--bind",
                "127.0.0.1:0",
            ],
        ),
    ] {
        let line = error_of(name, &args);
        assert!(
            line.contains("linear_model_2") && line.contains("damaged"),
            "{line}"
        );
    }
    assert_eq!(tree(&data.join("models")), before);
}

#[test]
fn models_that_are_out_of_place_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    summary(&["--once", "--rows", "6000", "--data-dir", path(&data)]);
    let models = data.join("models");
    let args = [
        "--strict",
        "--models",
        path(&models),
        "--bind",
        "127.0.0.1:0",
    ];
    fs::rename(models.join("linear_model_2"), models.join("mine")).unwrap();
    let line = error_of("http_server", &args);
    assert!(
        line.contains("mine/revision_1.json is out of place"),
        "{line}"
    );
    assert!(
        line.contains("expected the model mine, got linear_model_2"),
        "{line}"
    );
    // The same target and version under another name.
    let file = models.join("mine/revision_1.json");
    let text = fs::read_to_string(&file).unwrap();
    let (_, body) = text.split_once('\n').unwrap();
    let body = body.replacen("\"name\":\"linear_model_2\"", "\"name\":\"mine\"", 1);
    let body = body.replacen("\"version\":2", "\"version\":1", 1);
    fs::write(&file, artefact_header(&body) + &body).unwrap();
    let line = error_of("http_server", &args);
    assert!(
        line.ends_with(
            "mine is out of place: total_amount version 1 is the model linear_model_1 already"
        ),
        "{line}"
    );
}

/// The first line of an artefact whose second line is `body`.
fn artefact_header(body: &str) -> String {
    let mut crc = u32::MAX;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let header = serde_json::json!({
        "magic": "retail-model", "format_version": 1,
        "crc32": format!("{:08x}", !crc), "bytes": body.len(),
    });
    format!("{header}\n")
}

#[test]
fn a_model_that_cannot_be_rolled_back_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    summary(&["--once", "--rows", "6000", "--data-dir", path(&data)]);
    let models = data.join("models");
    let before = tree(&models);
    let roll_back = |model| {
        let args = ["--models", path(&models), "--roll-back", model];
        error_of("http_server", &args)
    };
    let line = roll_back("linear_model_1");
    assert!(
        line.contains("linear_model_1: there is no sound revision before 1"),
        "{line}"
    );
    let line = roll_back("linear_model_9");
    assert!(
        line.contains("got linear_model_9") && line.contains("linear_model_1, "),
        "{line}"
    );
    assert_eq!(tree(&models), before);
}

#[test]
fn a_damaged_batch_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 10_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    summary(&args);
    let batch = data.join("batches/batch_2.csv");
    let bytes = fs::read(&batch).unwrap();
    fs::write(&batch, &bytes[..bytes.len() - 10]).unwrap();
    let line = error(&args);
    assert!(
        line.contains("batch_2.csv") && line.contains("damaged"),
        "{line}"
    );
}

#[test]
fn a_folder_in_use_by_another_engine_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let _server = support::Server::start("engine", &["--rows", "100", "--data-dir", path(&data)]);
    let line = error(&["--once", "--rows", "100", "--data-dir", path(&data)]);
    assert!(line.contains("in use by another engine"), "{line}");
}

#[test]
fn a_configuration_that_is_not_legal_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("engine.toml");
    let cases = [
        ("[batch]\nrow = 5\n", vec!["row", "line 2", "engine.toml"]),
        (
            "[batch]\nrows = 'x'\n",
            vec!["line 2", "engine.toml", "rows: invalid type"],
        ),
        ("[batch]\nrows = 0\n", vec!["batch.rows", "from 1", "got 0"]),
        ("[stream]\nrate = -1.0\n", vec!["rate", "-1"]),
        ("[batch\n", vec!["line 1", "engine.toml"]),
        ("[forest]\nn_trees = 0\n", vec!["n_trees", "got 0"]),
        ("[logistic]\nalpha = -1.0\n", vec!["alpha", "-1"]),
        (
            "[label]\nquantity_edges = [5.0, 1.0, 2.0]\n",
            vec!["quantity_edges"],
        ),
    ];
    for (text, words) in cases {
        fs::write(&file, text).unwrap();
        let data = dir.path().join("data");
        let line = error(&["--once", "--config", path(&file), "--data-dir", path(&data)]);
        for word in words {
            assert!(line.contains(word), "{text:?}: {line}");
        }
    }
    let line = error(&["--once", "--set", "batch.sizes=5"]);
    assert!(line.contains("sizes"), "{line}");
    for (typo, meant) in [
        (["--set", "batch.row=5"], "did you mean `rows`?"),
        (["--set", "barch.rows=5"], "did you mean `batch`?"),
        (["--family", "lnifa"], "did you mean `linfa`?"),
        (["--durability", "checkpint"], "did you mean `checkpoint`?"),
        (
            ["--data-dri", "data"],
            "a similar argument exists: '--data-dir'",
        ),
        (["--output", "tabel"], "a similar value exists: 'table'"),
    ] {
        let output = engine(&[&["--once"], &typo[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(meant), "{said}");
    }
    for (secret, said) in [
        (
            "kafka.client.\"sasl.password\"=[\"hunter2\"",
            "sasl.password",
        ),
        (
            "kafka.client.\"sasl.password\" = \"hunter2\" x",
            "sasl.password",
        ),
        ("kafka.client hunter2", "KEY=VALUE"),
        ("sasl.password=hunter2", "sasl"),
    ] {
        let line = error(&["--once", "--set", secret]);
        assert!(line.contains(said) && !line.contains("hunter2"), "{line}");
    }
    let line = error(&["--once", "--config", "/nowhere/engine.toml"]);
    assert!(line.contains("/nowhere/engine.toml"), "{line}");
}

#[test]
fn malformed_rows_are_listed_by_line_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("dirty.csv");
    fs::write(
        &input,
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n\
         536365,85123A,GOOD,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n\
         536366,85123A,SHORT,6,2010-12-01 08:26:00,2.55\n\
         536367,85123A,\"TWO\nLINES\",six,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n\
         536368,85123A,DATE,6,2010-13-01 08:26:00,2.55,17850.0,United Kingdom\n\
         c536369,85123A,BACK,-6,2010-12-01 08:26:00,2.55,,United Kingdom\n",
    )
    .unwrap();
    let data = dir.path().join("data");
    let output = engine(&["--once", "--input", path(&input), "--data-dir", path(&data)]);
    assert!(output.status.success());
    let rejects = fs::read_to_string(data.join("logs/rejects.csv")).unwrap();
    let starts: Vec<_> = rejects
        .lines()
        .skip(1)
        .map(|line| line.splitn(6, ',').take(5).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(
        starts,
        [
            "0,3,0,1,wrong_column_count",
            "0,4,0,2,unparsable_field",
            "0,6,0,3,unparsable_field",
            "0,7,0,4,cancelled",
        ]
    );
}

/// Standard errors that cannot be written: a full disk, and a pipe whose reader has gone.
fn deaf() -> [std::process::Stdio; 2] {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    [full.unwrap().into(), writer.into()]
}

#[test]
fn a_standard_error_that_cannot_be_written_stops_nothing() {
    for stderr in deaf() {
        let output = Command::new(example("engine"))
            .args(["--once", "--rows", "20000", "--verbose", "--data-dir"])
            .arg(tempfile::tempdir().unwrap().path())
            .stderr(stderr)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["models"].as_array().unwrap().len(), 9);
    }
}

#[test]
fn an_error_that_nobody_hears_is_an_exit_code() {
    for name in ["engine", "http_server"] {
        for stderr in deaf() {
            let flag = if name == "engine" {
                "--input"
            } else {
                "--models"
            };
            let status = Command::new(example(name))
                .args([flag, "/nowhere/at all"])
                .stderr(stderr)
                .status()
                .unwrap();
            assert_eq!(status.code(), Some(1), "{name}");
        }
    }
}

/// The exit code, the summary and the log of a run to the end of a file with these rows.
fn run_of(dir: &Path, rows: &str, more: &[&str]) -> (Option<i32>, serde_json::Value, String) {
    let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
    let input = dir.join("sales.csv");
    fs::write(&input, format!("{header}\n{rows}")).unwrap();
    let data = dir.join("data");
    let _ = fs::remove_dir_all(&data);
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    let output = engine(&[&args[..], more].concat());
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_run_that_keeps_nothing_says_why_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "1,2,LANTERN,3,2010-12-01 08:26:00,2.55,,France\n\
                C1,2,LANTERN,-3,2010-12-01 08:26:00,2.55,17850,France\n\
                1,2,LANTERN,3,2010-12-01 08:26:00,2.55,,France\n";
    let (code, summary, log) = run_of(dir.path(), rows, &[]);
    assert_eq!(code, Some(2));
    assert_eq!(summary["rows_kept"], 0);
    for model in summary["models"].as_array().unwrap() {
        assert_eq!(model["message"], "no rows were kept", "{model}");
    }
    let said = "error: none of 3 records was kept; 2 of them for missing_customer, the first at \
                line 2: no customer is named; ";
    assert!(log.contains(said) && log.contains("rejects.csv"), "{log}");

    let rows = "1,2,LANTERN,3,soon,2.55,17850,France\n";
    let (code, _, log) = run_of(dir.path(), rows, &[]);
    assert_eq!(code, Some(2));
    assert!(
        log.contains("line 2: invoice_date: expected a date"),
        "{log}"
    );
    assert!(
        log.contains("got \"soon\"") && log.contains("--date-format"),
        "{log}"
    );

    let (code, _, log) = run_of(dir.path(), "", &[]);
    assert_eq!(code, Some(2));
    assert!(log.contains("error: the source has no records"), "{log}");
}

#[test]
fn a_run_that_rejects_much_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let kept = "1,2,LANTERN,3,2010-12-01 08:26:00,2.55,17850,France\n";
    let rejected = "1,2,LANTERN,0,2010-12-01 08:26:00,2.55,17850,France\n";
    let rows = [kept, rejected, rejected, kept, rejected].concat();
    let (code, _, log) = run_of(dir.path(), &rows, &[]);
    assert_eq!(code, Some(0));
    let said = "WARN 3 of 5 records were rejected; 3 of them for non_positive_quantity, the first \
                at line 3";
    assert!(log.contains(said), "{log}");

    let rows = [kept, rejected].concat();
    let (_, _, log) = run_of(dir.path(), &rows, &[]);
    assert!(!log.contains("WARN"), "half is not more than half: {log}");
    let (_, _, log) = run_of(dir.path(), &rows, &["--set", "clean.warn_rejected=0.1"]);
    assert!(log.contains("WARN 1 of 2 records"), "{log}");
}
