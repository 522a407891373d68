//! Saved batches are gone on with only by an engine that would have made the same ones.

use std::fs;

use super::*;
use crate::batch::{BatchFormat, Durability};
use crate::clean::UnknownCustomers;
use crate::source::MemorySource;
use crate::storage::line;

fn source(rows: usize) -> MemorySource {
    MemorySource::new(sales(rows)).named("till")
}

/// Runs an engine on the folder with a changed configuration.
fn run(dir: &std::path::Path, change: impl Fn(&mut EngineConfig)) -> Result<RunReport, Error> {
    let mut config = config(RetrainPolicy::AtEnd);
    change(&mut config);
    let engine = Engine::builder(config)?
        .pipelines(Vec::new())
        .dir(dir)
        .open();
    engine?.run(&mut source(35))
}

fn differences(result: Result<RunReport, Error>) -> Vec<String> {
    match result {
        Err(Error::SettingsDiffer { differences, .. }) => {
            differences.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_decide_what_is_in_a_batch_are_those_of_the_saved_ones() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), |_| ()).unwrap();
    let changed = run(dir.path(), |config| {
        config.batch.rows = 20;
        config.batch.age_seconds = 1.5;
        config.clean.unknown_customers = UnknownCustomers::new(["0", "till"]);
    });
    let expected = [
        "batch.age_seconds was 60 and is 1.5 now",
        "batch.rows was 10 and is 20 now",
        "clean.unknown_customers was [\"0\"] and is [\"0\",\"till\"] now",
    ];
    assert_eq!(differences(changed), expected);
    let report = run(dir.path(), |config| {
        config.batch.durability = Durability::Batch;
        config.label.quantity_edges = [1.0, 2.0, 3.0];
        config.train.keep_revisions = 1;
    });
    assert_eq!(report.unwrap().batches, 4);
}

#[test]
fn batches_are_not_left_behind_by_an_engine_that_saves_none() {
    let dir = tempfile::tempdir().unwrap();
    let none = |config: &mut EngineConfig| config.batch.format = BatchFormat::None;
    assert_eq!(run(dir.path(), none).unwrap().rows_kept, 35);
    run(dir.path(), |_| ()).unwrap();
    let rejects = dir.path().join("logs/rejects.csv");
    let before = fs::read(&rejects).unwrap();
    let expected = ["batch.format was csv or parquet and is none now"];
    assert_eq!(differences(run(dir.path(), none)), expected);
    assert_eq!(fs::read(&rejects).unwrap(), before);
}

#[test]
fn a_manifest_that_names_no_settings_is_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), |_| ()).unwrap();
    let manifest = dir.path().join("batches/manifest.jsonl");
    let text = fs::read_to_string(&manifest).unwrap();
    let (header, entries) = text.split_at(text.find('\n').unwrap() + 1);
    let header = line::open(header.as_bytes()).unwrap();
    let mut header: ManifestHeader = line::parse(&header).unwrap();
    assert!(header.settings.take().is_some());
    let mut earlier = Vec::new();
    line::encode(&header, &mut earlier);
    earlier.extend(entries.as_bytes());
    fs::write(&manifest, earlier).unwrap();
    let report = run(dir.path(), |config| config.batch.rows = 20).unwrap();
    assert_eq!((report.rows_read, report.batches), (35, 4));
}
