//! Benchmarks of the parts of the engine, on seeded synthetic rows.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use retail_core::batch::{BatchLimits, Batcher, encode_csv};
use retail_core::clean;
use retail_core::feature::{FeatureSet, Frame, Rows, StandardFeature};
use retail_core::label::{HighValueCustomer, Label, QuantityCategory, TotalAmount};
use retail_core::record::Transactions;
use retail_core::source::{
    CsvSource, Incoming, Origin, Position, ReadStatus, Source, SyntheticSource, VirtualTime,
    write_csv,
};
use retail_core::time::Timestamp;
use retail_core::train::linfa::{LinfaLinear, LinfaLogistic};
use retail_core::train::{Dataset, RandomForest, Trainer};

fn kept(records: u64) -> Transactions {
    let params = SyntheticSource::params().rows(records).check();
    let mut source = SyntheticSource::new(params.expect("legal parameters"));
    let mut rows = Transactions::new();
    let mut sink = |_: Origin, record: &Incoming<'_>| {
        if let Ok(row) = record
            && clean::check(row).is_ok()
        {
            rows.push(row);
        }
        ControlFlow::Continue(())
    };
    source
        .read(&mut sink)
        .expect("a synthetic source cannot fail");
    rows
}

fn dataset(rows: &Transactions, label: &dyn Label, features: &[StandardFeature]) -> Dataset {
    let frame = Frame::new(0, Timestamp::MIN, rows, &[]);
    let rows = Rows::all(&[Arc::new(frame)]);
    let fitted = label.fit(&rows);
    Dataset::new(
        &rows,
        &FeatureSet::standard(features),
        fitted.as_ref(),
        label.task(),
    )
}

/// Of a file that the system holds in memory: what is measured is the reading, not the disk.
fn reading(c: &mut Criterion) {
    let path = std::env::temp_dir().join(format!("retail-bench-{}.csv", std::process::id()));
    let params = SyntheticSource::params().rows(300_000).check();
    let mut bytes = Vec::new();
    write_csv(&params.expect("legal parameters"), &mut bytes).expect("writing to memory");
    std::fs::write(&path, &bytes).expect("a writable temporary folder");
    let open = || CsvSource::open(&path, VirtualTime::default()).expect("the file is there");
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("csv to checked records", |bencher| {
        bencher.iter(|| {
            let mut kept = 0;
            let mut sink = |_: Origin, record: &Incoming<'_>| {
                kept += usize::from(record.as_ref().is_ok_and(|row| clean::check(row).is_ok()));
                ControlFlow::Continue(())
            };
            open().read(&mut sink).expect("the file is readable");
            black_box(kept)
        });
    });
    group.bench_function("csv to clean columns", |bencher| {
        bencher.iter(|| {
            let mut rows = Transactions::new();
            let mut sink = |_: Origin, record: &Incoming<'_>| {
                if let Ok(row) = record
                    && clean::check(row).is_ok()
                {
                    rows.push(row);
                }
                ControlFlow::Continue(())
            };
            open().read(&mut sink).expect("the file is readable");
            black_box(rows.len())
        });
    });
    for (name, texts) in [
        ("csv to batches", true),
        ("csv to batches without text", false),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let batcher = Batcher::new(BatchLimits::default(), Position::default());
                let mut batcher = if texts {
                    batcher
                } else {
                    batcher.without_text()
                };
                let (mut source, mut rows) = (open(), 0);
                while source.read(&mut batcher).expect("the file is readable") != ReadStatus::End {
                    while let Some(batch) = batcher.take_closed() {
                        rows += batch.rows.len();
                    }
                }
                black_box(rows)
            });
        });
    }
    group.finish();
    let _ = std::fs::remove_file(path);
}

fn writing(c: &mut Criterion) {
    let rows = kept(100_000);
    let mut out = Vec::new();
    encode_csv(&rows, &mut out);
    let mut group = c.benchmark_group("write");
    group.throughput(Throughput::Bytes(out.len() as u64));
    group.bench_function("batch as csv", |bencher| {
        bencher.iter(|| {
            out.clear();
            encode_csv(black_box(&rows), &mut out);
        });
    });
    group.finish();
}

/// A name, what to train it with, what on, and from what.
type Job<'a> = (
    &'a str,
    &'a dyn Trainer,
    &'a dyn Label,
    &'a [StandardFeature],
);

fn training(c: &mut Criterion) {
    let linear = LinfaLinear::params().check().expect("legal");
    let forest = RandomForest::params().check().expect("legal");
    let logistic = LinfaLogistic::params().check().expect("legal");
    let jobs: [Job<'_>; 3] = [
        (
            "linear",
            &linear,
            &TotalAmount,
            &StandardFeature::REGRESSION,
        ),
        (
            "forest",
            &forest,
            &QuantityCategory::default(),
            &StandardFeature::CLASSIFICATION,
        ),
        (
            "logistic",
            &logistic,
            &HighValueCustomer::default(),
            &StandardFeature::CLASSIFICATION,
        ),
    ];
    let mut group = c.benchmark_group("train");
    group.sample_size(10);
    for records in [10_000, 100_000, 1_000_000] {
        let rows = kept(records);
        for (name, trainer, label, features) in &jobs {
            let data = dataset(&rows, *label, features);
            group.throughput(Throughput::Elements(data.n_samples() as u64));
            let id = BenchmarkId::new(*name, data.n_samples());
            group.bench_with_input(id, &data, |bencher, data| {
                bencher.iter(|| trainer.fit(black_box(data)).expect("data to learn from"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, reading, writing, training);
criterion_main!(benches);
