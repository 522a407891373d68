//! Engines that run, and what they leave behind.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use retail_core::engine::{Engine, EngineConfig, RunReport};
use retail_core::record::Transaction;
use retail_core::source::{
    Incoming, JsonEncoder, MemorySource, Origin, ReadStatus, Source, SyntheticSource,
};
use retail_kafka::{KafkaSource, MetricsSnapshot, Replayed, Settings, Until, replay};

use crate::cluster::Cluster;

/// These records of a stream; each can be read, though not each be used.
pub(crate) fn records(seed: u64, which: Range<usize>) -> MemorySource {
    let params = SyntheticSource::params()
        .seed(seed)
        .rows(which.end as u64)
        .dirty(0.0);
    let params = params.check().expect("legal parameters");
    let mut all: Vec<Transaction> = Vec::new();
    let read = SyntheticSource::new(params).read(&mut |_: Origin, record: &Incoming<'_>| {
        let row = record.as_ref().expect("none of them is dirty");
        all.push(row.to_owned());
        ControlFlow::Continue(())
    });
    assert_eq!(read.expect("no medium, no error"), ReadStatus::End);
    MemorySource::new(all.split_off(which.start))
}

/// Puts records into the topic `sales`, quickly, and not by what is tested here.
pub(crate) fn fill(cluster: &Cluster, mut source: MemorySource) {
    let mut encoder = JsonEncoder::new();
    let read = source.read(&mut |_: Origin, record: &Incoming<'_>| {
        let row = record.as_ref().expect("it is in memory");
        let (mut value, key) = (Vec::new(), row.customer_id.map(|id| id.to_string()));
        encoder.encode(row, &mut value);
        cluster.send("sales", None, key.as_deref().map(str::as_bytes), &value);
        ControlFlow::Continue(())
    });
    assert_eq!(read.expect("no medium, no error"), ReadStatus::End);
    cluster.flush();
}

/// Replays records into the topic.
pub(crate) fn produce(source: &mut dyn Source, settings: &Settings, partitions: u32) -> Replayed {
    let produced = replay(
        source,
        settings,
        partitions,
        &AtomicBool::new(false),
        |_, _| {},
        |_| {},
    );
    produced.expect("the broker takes the records")
}

/// An engine that saves many small batches in this folder, and trains nothing.
pub(crate) fn engine(data: &Path) -> Engine {
    let config = "[batch]\nrows = 150\ndurability = \"off\"\n[train]\npolicy = \"manual\"";
    let config = EngineConfig::from_toml(config, "test").expect("a configuration");
    let builder = Engine::builder(config).expect("a legal one");
    builder.dir(data).open().expect("a folder to be used")
}

/// Runs a new engine over a source to its end.
pub(crate) fn run(source: &mut dyn Source, data: &Path) -> RunReport {
    engine(data).run(source).expect("a run to the end")
}

/// Reads the topic to its end with a new engine; what the consumer has done comes back, too.
pub(crate) fn consume(settings: &Settings, data: &Path) -> (RunReport, MetricsSnapshot) {
    let mut source = KafkaSource::open(settings, Until::Caught, Some(data)).expect("a topic");
    let report = run(&mut source, data);
    (report, source.metrics().snapshot())
}

/// The batches of a folder, in the order in which they were saved.
pub(crate) fn batches(data: &Path) -> Vec<String> {
    let files = std::fs::read_dir(data.join("batches")).expect("a folder of batches");
    let files = files.map(|file| file.expect("a file").path());
    let batches: BTreeMap<u64, String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let name = name.strip_prefix("batch_").expect("a batch");
            // Offsets follow the number if the batch comes from a topic.
            let number = name.split('-').next().and_then(|text| text.parse().ok());
            let text = std::fs::read_to_string(&path).expect("text");
            (number.expect("a number"), text)
        })
        .collect();
    batches.into_values().collect()
}

/// The rows of all batches, in the order in which they were saved.
pub(crate) fn rows(data: &Path) -> Vec<String> {
    let batches = batches(data);
    let lines = batches.iter().flat_map(|batch| batch.lines().skip(1));
    lines.map(str::to_owned).collect()
}

/// The rows in an order of their own, to be compared as a set.
pub(crate) fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_unstable();
    rows
}

/// That two runs have read, kept and rejected the same.
#[track_caller]
pub(crate) fn assert_same(got: &RunReport, expected: &RunReport) {
    assert_eq!(got.rows_read, expected.rows_read, "read");
    assert_eq!(got.rows_kept, expected.rows_kept, "kept");
    assert_eq!(got.rejected, expected.rejected, "rejected");
}
