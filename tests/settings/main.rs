//! What happens to what is saved if a run is started again with another flag or key: each either does
//! not matter to saved batches, or is refused with the way back, and nothing is set aside or changed.

#[path = "../support/mod.rs"]
mod support;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use support::{Server, engine, summary, synthetic_csv, tree};
use tables::Outcome::{Continues, Elsewhere, Refuses};
use tables::{FLAGS, KEYS};

/// A file of simulated records, and a data folder with the batches of it.
struct Saved {
    dir: tempfile::TempDir,
    input: PathBuf,
    data: PathBuf,
}

impl Saved {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let input = synthetic_csv(dir.path(), 3_000);
        let data = dir.path().join("data");
        let saved = Self { dir, input, data };
        saved.run(&[]).unwrap();
        saved
    }

    /// Runs the engine on the file once more; the summary, or what it says instead.
    fn run(&self, more: &[&str]) -> Result<serde_json::Value, String> {
        let base = ["--once", "--input", path(&self.input)];
        run(&self.data, &[&base[..], more].concat())
    }

    /// What must stay as it is: all but models and their logs, which follow from it.
    fn kept(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = tree(&self.data);
        files.retain(|name, _| {
            !name.starts_with("models") && name.extension().is_none_or(|end| end != "log")
        });
        files
    }

    /// The message of a refusal.
    fn refusal(&self, differ: &str, back: &str) -> String {
        refusal(&self.data, differ, back)
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn run(data: &Path, args: &[&str]) -> Result<serde_json::Value, String> {
    let output = engine(&[args, &["--data-dir", path(data)]].concat());
    let log = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        _ => Err(log.lines().last().unwrap_or_default().to_owned()),
    }
}

fn refusal(data: &Path, differ: &str, back: &str) -> String {
    let data = data.display();
    format!(
        "error: {data} holds batches that were saved with other settings: {differ}; to go on with \
         them, use {back}; to start again, add --fresh, which moves them to {data}/archive"
    )
}

#[test]
fn every_setting_continues_or_is_refused_with_the_way_back() {
    let saved = Saved::new();
    let (config, token) = (
        saved.dir.path().join("engine.toml"),
        saved.dir.path().join("token"),
    );
    fs::write(&config, "[batch]\nrows = 300\n").unwrap();
    fs::write(&token, "0123456789abcdef").unwrap();
    let flags = FLAGS.iter().map(|&(name, args, outcome)| {
        let args = args.iter().map(|&arg| match arg {
            "CONFIG" => path(&config).to_owned(),
            "TOKEN" => path(&token).to_owned(),
            arg => arg.to_owned(),
        });
        (name, args.collect(), outcome)
    });
    let keys = KEYS.iter().map(|&(key, value, outcome)| {
        let args = vec!["--set".to_owned(), format!("{key}={value}")];
        (key, args, outcome)
    });
    let before = saved.kept();
    for (name, args, outcome) in flags.chain(keys) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        match outcome {
            Elsewhere => continue,
            Continues => {
                let summary = saved
                    .run(&args)
                    .unwrap_or_else(|said| panic!("{name}: {said}"));
                assert_eq!(summary["rows_read"], 3_000, "{name}");
            }
            Refuses(differ, back) => {
                let said = saved.run(&args).expect_err(name);
                assert_eq!(said, saved.refusal(differ, back), "{name}");
            }
        }
        assert!(saved.kept() == before, "{name} has changed what is saved");
    }
    // The earlier values are a way back, and there is another one.
    let (given, back) = (["--rate", "200"], "--rate 100");
    assert!(saved.run(&given).is_err());
    let back: Vec<&str> = back.split(' ').collect();
    assert!(saved.run(&back).is_ok());
    assert!(saved.run(&[&given[..], &["--fresh"]].concat()).is_ok());
    assert!(saved.data.join("archive/0001/batches/batch_1.csv").exists());
}

#[test]
fn several_settings_are_named_at_once() {
    let saved = Saved::new();
    let said = saved
        .run(&["--rate", "50", "--set", "batch.rows=10", "--dedup-overlap"])
        .unwrap_err();
    let expected = saved.refusal(
        "stream.rate was 100 and is 50 now, stream.dedup_overlap was false and is true now, \
         batch.rows was 1000 and is 10 now",
        "--rate 100 --set stream.dedup_overlap=false --set batch.rows=1000",
    );
    assert_eq!(said, expected);
}

#[test]
fn the_tables_name_every_flag_and_key() {
    let help = String::from_utf8(engine(&["--help"]).stdout).unwrap();
    let is_flag = |word: &&str| word.starts_with("--");
    // Each stands first on its line, or after a short one.
    let flags: BTreeSet<&str> = help
        .lines()
        .filter(|line| line.trim_start().starts_with('-'))
        .filter_map(|line| line.split_whitespace().find(is_flag))
        .collect();
    let known: BTreeSet<&str> = FLAGS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(flags, known);

    let config = String::from_utf8(engine(&["--print-config"]).stdout).unwrap();
    let mut section = "";
    let known: BTreeSet<String> = KEYS.iter().map(|(key, ..)| (*key).to_owned()).collect();
    for line in config.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.split_once(" = ") {
            let key = format!("{section}.{key}");
            assert!(known.contains(&key), "{key}");
        }
    }
}

#[test]
fn another_input_is_named_with_the_one_that_was_read() {
    let saved = Saved::new();
    let before = saved.kept();
    // Its name does not matter, its content does.
    let renamed = saved.dir.path().join("renamed.csv");
    fs::copy(&saved.input, &renamed).unwrap();
    let summary = run(&saved.data, &["--once", "--input", path(&renamed)]).unwrap();
    assert_eq!(summary["rows_read"], 3_000);
    let other = saved.dir.path().join("other.csv");
    let text = fs::read_to_string(&saved.input).unwrap();
    fs::write(&other, text.replacen("536", "537", 1)).unwrap();
    let said = run(&saved.data, &["--once", "--input", path(&other)]).unwrap_err();
    let expected = format!(
        "error: {}: lines 1 to 1536 are not those that were read before: the file has changed; put \
         the earlier file back to go on with it, or start again with --fresh, which keeps what has \
         been saved in the archive; it was read from {}",
        other.display(),
        saved.input.display()
    );
    let (head, tail) = expected.split_once("1536").unwrap();
    assert!(said.starts_with(head) && said.ends_with(tail), "{said}");
    // None at all is a simulated stream.
    let said = run(&saved.data, &["--once"]).unwrap_err();
    let name = saved.input.display();
    let back = format!("--input with the file that was read, {name}");
    let differ = "the source was a CSV and is simulated now";
    assert_eq!(said, saved.refusal(differ, &back));
    assert!(saved.kept() == before);
}

#[test]
fn a_simulated_stream_is_refused_if_it_would_be_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let simulated = |more: &[&str]| {
        run(&data, &[&["--once"], more].concat()).map(|summary| summary["rows_read"].clone())
    };
    assert_eq!(simulated(&["--rows", "1500"]), Ok(1_500.into()));
    assert_eq!(simulated(&["--rows", "2000"]), Ok(2_000.into()));
    let seed = refusal(&data, "stream.seed was 42 and is 7 now", "--seed 42");
    assert_eq!(simulated(&["--rows", "2000", "--seed", "7"]), Err(seed));
    let shown = data.display();
    let fewer = format!(
        "error: {shown} holds batches of the first 2000 simulated records, and stream.rows is 10 now; \
         to go on with them, use --rows 2000, or more; to start again, add --fresh, which moves them to \
         {shown}/archive"
    );
    assert_eq!(simulated(&["--rows", "10"]), Err(fewer));
    let input = synthetic_csv(dir.path(), 100);
    let file = refusal(
        &data,
        "the source was simulated and is a CSV now",
        "neither --input nor --kafka",
    );
    assert_eq!(simulated(&["--input", path(&input)]), Err(file));
    assert!(!data.join("archive").exists());
    assert_eq!(simulated(&["--rows", "2000"]), Ok(2_000.into()));
}

#[test]
fn a_file_can_be_followed_after_it_was_read() {
    let saved = Saved::new();
    let before = saved.kept();
    let args = ["--follow", "--input", path(&saved.input)];
    let args = [&args[..], &["--data-dir", path(&saved.data)]].concat();
    let server = Server::start("engine", &args);
    let (code, status) = server.get("/status/batches");
    assert_eq!((code, &status["rows_read"]), (200, &3_000.into()));
    drop(server);
    assert!(saved.kept() == before);
}

#[test]
fn models_follow_their_settings_as_if_those_had_been_given_from_the_beginning() {
    let saved = Saved::new();
    let changes = [
        "window.elapsed_step_seconds=5",
        "label.quantity_edges=[1.0, 3.0, 9.0]",
        "label.high_value.quantile=0.5",
        "linear.interaction=true",
        "forest.n_trees=3",
        "forest.seed=7",
        "logistic.alpha=0.5",
    ];
    let changes: Vec<&str> = changes
        .iter()
        .flat_map(|change| ["--set", change])
        .collect();
    let changed = saved.run(&changes).unwrap();
    let data = saved.dir.path().join("from the beginning");
    let base = ["--once", "--input", path(&saved.input)];
    run(&data, &[&base[..], &changes].concat()).unwrap();
    for model in changed["models"].as_array().unwrap() {
        let name = model["name"].as_str().unwrap();
        // What was not trained before the change has its first revision in both.
        let [mine, other] = [&saved.data, &data].map(|data| {
            let folder = data.join("models").join(name);
            let current = fs::read(folder.join("current")).ok()?;
            let current: serde_json::Value = serde_json::from_slice(&current).unwrap();
            let revision = format!("revision_{}.json", current["revision"]);
            Some(fs::read(folder.join(revision)).unwrap())
        });
        assert!(mine == other, "{name}");
        assert_eq!(mine.is_some(), model["status"] == "trained", "{name}");
    }
}

#[test]
fn a_file_is_not_replaced_by_a_simulated_stream_unless_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sales.csv");
    fs::write(&file, "mine").unwrap();
    let write = ["--rows", "20", "--write-synthetic", path(&file)];
    let output = engine(&write);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "error: --write-synthetic: {} is there already; name another file, or replace it with --force\n",
        file.display()
    );
    assert_eq!(said, expected);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(
        engine(&[&write[..], &["--force"]].concat())
            .status
            .success()
    );
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 21);
    // What can be lost is asked about, and nothing else.
    let device = engine(&["--rows", "20", "--write-synthetic", "/dev/null"]);
    assert!(device.status.success());
    let alone = engine(&["--force"]);
    assert_eq!(alone.status.code(), Some(2));
    let _ = summary(&[
        "--once",
        "--input",
        path(&file),
        "--data-dir",
        path(&dir.path().join("d")),
    ]);
}
