//! What a data folder holds: who may read it, what is said of damage, and what a kill leaves.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use retail_core::engine::{Verification, verify};
use retail_core::train::ModelFormats;
use support::{Server, engine, example, summary, synthetic_csv, tree};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A data folder with several revisions of most models, and an earlier state in its archive.
fn grown(dir: &Path) -> PathBuf {
    let all = synthetic_csv(dir, 9_000);
    let text = fs::read_to_string(&all).unwrap();
    let input = dir.join("growing.csv");
    let data = dir.join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    let args = [&args[..], &["--set", "batch.rows=500"]].concat();
    for lines in [5_000, 7_000, 9_001] {
        let part: Vec<&str> = text.split_inclusive('\n').take(lines).collect();
        fs::write(&input, part.concat()).unwrap();
        summary(&args);
        if lines == 5_000 {
            summary(&[&args[..], &["--fresh"]].concat());
        }
    }
    assert!(data.join("models/linear_model_3/revision_3.json").exists());
    assert!(data.join("archive/0001/batches/manifest.jsonl").exists());
    data
}

fn verified(data: &Path) -> Verification {
    verify(data, &ModelFormats::default()).unwrap()
}

/// The exit code and the lines of `engine --verify`, which changes nothing.
fn verify_by_command(data: &Path) -> (Option<i32>, String) {
    let before = data.is_dir().then(|| tree(data));
    let output = engine(&["--verify", "--data-dir", path(data)]);
    assert_eq!(data.is_dir().then(|| tree(data)), before);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn verify_finds_a_changed_bit_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let data = grown(dir.path());
    let sound = verified(&data);
    assert_eq!(
        (&*sound.findings.faults, &*sound.findings.notes),
        (&[][..], &[][..])
    );
    assert_eq!(sound.archived, 1);
    assert!(sound.revisions > 2 * 9, "{sound}");
    let files: Vec<_> = tree(&data)
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    assert_eq!(sound.findings.files, files.len() as u64);
    let mut drawn = 20_111_209_u64;
    let mut draw = |below: usize| {
        drawn = drawn
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (drawn >> 33) as usize % below
    };
    for number in 0..220 {
        // Each file once, and then any.
        let index = if number < files.len() {
            number
        } else {
            draw(files.len())
        };
        let (name, bytes) = &files[index];
        let (at, bit) = (draw(bytes.len()), draw(8));
        let mut changed = bytes.clone();
        changed[at] ^= 1 << bit;
        let file = data.join(name);
        fs::write(&file, changed).unwrap();
        let faults = verified(&data).findings.faults;
        assert!(
            faults.iter().any(|fault| fault.path == file),
            "bit {bit} of byte {at} of {}: {faults:?}",
            file.display()
        );
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(verified(&data).findings, sound.findings);
}

#[test]
fn verify_names_what_is_missing_cut_or_left_over() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    summary(&["--once", "--rows", "6000", "--data-dir", path(&data)]);
    let (code, said) = verify_by_command(&data);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("batches and 9 revisions of 9 models; 0 faults"),
        "{said}"
    );
    let whole = tree(&data);
    for (name, bytes) in &whole {
        let file = data.join(name);
        let is_log = file.extension().is_some_and(|extension| extension == "log");
        if bytes.is_empty() {
            continue;
        }
        for cut in [true, false] {
            match cut {
                true => fs::write(&file, &bytes[..bytes.len() - 1]).unwrap(),
                // A model that was never trained, or a log of one, is not missed.
                false if is_log || name.ends_with("revision_1.json") => continue,
                false => fs::remove_file(&file).unwrap(),
            }
            let (code, said) = verify_by_command(&data);
            assert_eq!(code, Some(1), "{}: {said}", file.display());
            let line = format!("fault: {}: ", file.display());
            assert!(said.contains(&line), "{}: {said}", file.display());
            fs::write(&file, bytes).unwrap();
        }
    }
    // A revision that something names is missed.
    let model = data.join("models/linear_model_1");
    fs::rename(model.join("revision_1.json"), dir.path().join("kept")).unwrap();
    let (code, said) = verify_by_command(&data);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("current: damaged: it names revision 1"),
        "{said}"
    );
    fs::rename(dir.path().join("kept"), model.join("revision_1.json")).unwrap();
    // What is not the engine's, or will be put right, is named.
    for left in [
        "batches/batch_9.csv.tmp",
        "models/linear_model_1/current.tmp",
        "mine.txt",
    ] {
        fs::write(data.join(left), "x").unwrap();
    }
    let (code, said) = verify_by_command(&data);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("left half written").count(), 2, "{said}");
    assert!(
        said.contains("mine.txt: not a file of the engine"),
        "{said}"
    );
}

#[test]
fn verify_of_what_is_no_data_folder_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    summary(&["--once", "--rows", "3000", "--data-dir", path(&data)]);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    for wrong in [
        dir.path().join("nowhere"),
        dir.path().join("empty"),
        file,
        data.join("models"),
        data.join("batches"),
    ] {
        let (code, said) = verify_by_command(&wrong);
        assert_eq!(code, Some(2), "{}: {said}", wrong.display());
        assert!(said.contains("is not a data folder"), "{said}");
        assert!(said.contains(path(&wrong)), "{said}");
    }
}

#[test]
fn verify_says_that_an_engine_is_running() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut server = Server::start("engine", &["--rows", "9000", "--data-dir", path(&data)]);
    server.wait_for("the source is exhausted");
    let (code, said) = verify_by_command(&data);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("an engine is running on it"), "{said}");
    drop(server);
    let (_, said) = verify_by_command(&data);
    assert!(!said.contains("is running"), "{said}");
}

#[test]
fn one_damaged_model_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 9_000);
    let data = dir.path().join("data");
    let args = ["--once", "--input", path(&input), "--data-dir", path(&data)];
    summary(&args);
    let models = data.join("models");
    let damaged = models.join("linear_model_2/revision_1.json");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    fs::write(&damaged, bytes).unwrap();
    let strict = [
        "--strict",
        "--models",
        path(&models),
        "--bind",
        "127.0.0.1:0",
    ];
    let refused = Command::new(example("http_server"))
        .args(strict)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("linear_model_2"),
        "{said}"
    );

    let server = Server::start("http_server", &["--models", path(&models)]);
    let sale = r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#;
    let status = |model: &str| server.post(&format!("/predict/{model}"), sale).0;
    for target in ["total_amount", "quantity_category", "high_value_customer"] {
        for version in ["v1", "v2", "v3"] {
            let served = (target, version) != ("total_amount", "v2");
            let code = status(&format!("{target}/{version}"));
            assert_eq!(code == 200, served, "{target} {version}: {code}");
        }
    }
    let (_, log) = server.signal("-TERM");
    assert!(!log.contains("panicked"), "{log}");

    // The engine says so, trains that model again, and all is sound.
    let output = engine(&args);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(
        log.contains("linear_model_2/revision_1.json is damaged")
            && log.contains("linear_model_2 has no sound revision"),
        "{log}"
    );
    let again = models.join("linear_model_2/revision_2.json");
    assert!(again.exists());
    // A file that names nothing is named itself, and the newest sound revision is served.
    fs::write(models.join("linear_model_2/current"), "").unwrap();
    let output = engine(&args);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        log.contains("linear_model_2/current is damaged")
            && log.contains("serving revision 2 of linear_model_2"),
        "{log}"
    );
    let output = engine(&args);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("WARN"));
}

#[test]
fn what_a_kill_left_half_written_is_gone_after_the_next_run() {
    const OURS: [&str; 6] = [
        "batches/batch_3.csv.tmp",
        "batches/batch_99-sales-0@1-2.csv.tmp",
        "models/linear_model_1/current.tmp",
        "models/linear_model_1/revision_7.json.tmp",
        "logs/rejects.csv.tmp",
        "logs/kafka.json.tmp",
    ];
    const THEIRS: [&str; 4] = [
        "mine.tmp",
        "batches/notes.tmp",
        "models/linear_model_1/mine.tmp",
        "logs/my.csv.tmp",
    ];
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let args = ["--once", "--rows", "6000", "--data-dir", path(&data)];
    summary(&args);
    for fresh in [false, true] {
        for name in [&OURS[..], &THEIRS].concat() {
            fs::write(data.join(name), "half a fi").unwrap();
        }
        let more: &[&str] = if fresh { &["--fresh"] } else { &[] };
        summary(&[&args[..], more].concat());
        let names: Vec<_> = tree(&data).into_keys().collect();
        let left = names.iter().filter(|name| path(name).ends_with(".tmp"));
        let mut left: Vec<_> = left.map(|name| path(name).to_owned()).collect();
        left.sort_unstable();
        let aside = |name: &&str| match fresh && name.contains('/') {
            true => format!("archive/0001/{name}"),
            false => (*name).to_owned(),
        };
        let mut expected: Vec<_> = THEIRS.iter().map(aside).collect();
        expected.sort_unstable();
        assert_eq!(left, expected, "fresh: {fresh}");
    }
}

/// Runs the engine to its end under a umask.
#[cfg(unix)]
fn run_under(umask: &str, data: &Path, rows: &str, more: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "umask \"$0\"; exec \"$@\"", umask])
        .arg(example("engine"))
        .args(["--once", "--rows", rows, "--data-dir", path(data)])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[cfg(unix)]
fn bits(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every folder and file of a data folder, itself included, with its mode.
#[cfg(unix)]
fn modes(data: &Path) -> Vec<(PathBuf, bool, u32)> {
    let mut found = vec![(data.to_owned(), true, bits(data))];
    let mut open = vec![data.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            found.push((path.clone(), path.is_dir(), bits(&path)));
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn data_is_for_those_whom_the_mode_names_whatever_the_umask() {
    for (umask, mode, folders, files) in [
        ("000", None, 0o700, 0o600),
        ("022", None, 0o700, 0o600),
        ("077", Some("group"), 0o750, 0o640),
        ("000", Some("group"), 0o750, 0o640),
        ("022", Some("0660"), 0o770, 0o660),
        ("022", Some("umask"), 0o755, 0o644),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("above/data");
        let setting = mode.map(|mode| format!("data.mode={mode}"));
        let set: Vec<&str> = setting.iter().flat_map(|set| ["--set", set]).collect();
        for (rows, more) in [("6000", &[][..]), ("9000", &[]), ("6000", &["--fresh"])] {
            let output = run_under(umask, &data, rows, &[&set, more].concat());
            let log = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{log}");
            assert!(!log.contains("WARN"), "{log}");
        }
        let found = modes(&data);
        assert!(found.len() > 60, "{found:?}");
        for (path, is_dir, bits) in found {
            let expected = if is_dir { folders } else { files };
            let path = path.display();
            assert_eq!(bits, expected, "umask {umask}, {mode:?}: {path}: {bits:o}");
        }
        assert_eq!(bits(&dir.path().join("above")), folders);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_the_users_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(run_under("022", &data, "6000", &[]).status.success());
    assert_eq!(bits(&data), 0o755);
    assert_eq!(bits(&data.join("batches")), 0o700);
    // As an earlier version made it.
    for (path, is_dir, _) in modes(&data) {
        let bits = if is_dir { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    }
    let output = run_under("022", &data, "9000", &[]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(
        log.contains("data/batches was made with the mode 0755"),
        "{log}"
    );
    assert_eq!(bits(&data.join("batches")), 0o755);
    assert_eq!(bits(&data.join("batches/batch_1.csv")), 0o644);
    assert_eq!(bits(&data.join("batches/batch_7.csv")), 0o600);
}

#[test]
fn a_mode_that_makes_no_sense_is_named() {
    for wrong in ["open", "0666", "640", "0o777"] {
        let set = format!("data.mode={wrong}");
        let output = engine(&["--print-config", "--set", &set]);
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {log}");
        assert!(
            log.contains("private, group, umask or the mode of files"),
            "{log}"
        );
    }
    let output = engine(&["--print-config", "--set", "data.mode=0640"]);
    let config = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(config.contains("mode = \"group\""), "{config}");
}
