//! Against a real Kafka broker, at the address in RETAIL_TEST_BROKERS; `tests/broker start` has one.

#[path = "../support/mod.rs"]
mod support;

mod broken;
mod clients;
mod corrected;
mod ending;
mod fail_points;
mod groups;
mod kills;
mod messages;
mod outages;
mod records;
mod rejected;
mod rounds;
mod topics;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::{sample, synthetic_csv};

/// The file to replay, the real sample or a synthetic one, cut to about so many records.
fn input(dir: &Path, rows: u64) -> PathBuf {
    let Some(sample) = sample() else {
        return synthetic_csv(dir, rows);
    };
    let text = std::fs::read(sample).expect("the sample can be read");
    let mut ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = ends.nth(rows as usize).map_or(text.len(), |(at, _)| at + 1);
    let path = dir.join("sample.csv");
    std::fs::write(&path, &text[..end]).expect("the folder is writable");
    path
}

/// The batch files of a data folder, by number.
fn batches(data: &Path) -> BTreeMap<u64, String> {
    let files = std::fs::read_dir(data.join("batches")).expect("there are batches");
    files
        .map(|file| file.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            // Offsets follow the number if the batch comes from a topic.
            let number = name.trim_start_matches("batch_").split('-').next();
            let number = number.and_then(|number| number.parse().ok());
            let text = std::fs::read_to_string(&path).expect("a batch is text");
            (number.expect("a number"), text)
        })
        .collect()
}

/// The rows of all batches, sorted.
fn rows(data: &Path) -> Vec<String> {
    let batches = batches(data);
    let lines = batches.values().flat_map(|batch| batch.lines().skip(1));
    let mut rows: Vec<String> = lines.map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}
