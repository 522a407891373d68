//! What the system does to a program: signals, limits, names that are not text.
#![cfg(unix)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{example, synthetic_csv};

/// Sends a signal to a process.
fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn two_signals_at_once_are_one_request_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let data = dir.path().join("data");
    // Slow enough to be under way, and with a batch that only stopping closes.
    let child = Command::new(example("engine"))
        .args(["--once", "--speed", "1", "--input"])
        .arg(&input)
        .arg("--data-dir")
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let manifest = data.join("batches/manifest.jsonl");
    while fs::metadata(&manifest).map_or(0, |manifest| manifest.len()) == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it does not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    signal("TERM", child.id());
    signal("TERM", child.id());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {said}", output.status);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(summary["rows_read"].as_u64() > Some(0), "{summary}");
    let manifest = fs::read_to_string(manifest).unwrap();
    assert!(manifest.contains("\"closed_by\":\"stop\""), "{manifest}");
}

#[test]
fn the_largest_file_that_is_allowed_is_an_error_of_writing() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 20_000);
    let data = dir.path().join("data");
    // In blocks of 512 bytes or of 1 KiB: less than one batch either way.
    let limited = Command::new("sh")
        .args([
            "-c",
            "ulimit -f 70; exec \"$0\" --once --input \"$1\" --data-dir \"$2\"",
        ])
        .args([&example("engine"), &input, &data])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&limited.stderr);
    assert_eq!(limited.status.signal(), None, "{said}");
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: cannot write ") && said.contains("batch_1.csv"),
        "{said}"
    );
}

#[test]
fn paths_that_are_not_utf8_are_used_as_given() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join(OsStr::from_bytes(b"sales\xff.csv"));
    fs::rename(synthetic_csv(dir.path(), 3_000), &input).unwrap();
    let data = dir.path().join(OsStr::from_bytes(b"d\xe9p\xf4t"));
    let output = Command::new(example("engine"))
        .args(["--once", "--input"])
        .arg(&input)
        .arg("--data-dir")
        .arg(&data)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(data.join("batches/batch_1.csv").exists());
    let names = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(
        names, 2,
        "the input and the data directory, and nothing else"
    );
}
