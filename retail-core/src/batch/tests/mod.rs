mod closing;
mod damage;
mod failure;
mod flips;
mod formats;
mod handover;
mod provisional;
mod recovery;
mod rejects;
mod saving;
mod values;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::clean::{Field, RejectReason};
use crate::error::StorageError;
use crate::record::Transaction;
use crate::source::{Incoming, Origin, Position, Sink, SourceId, Verdict};
use crate::storage::DataMode;
use crate::time::Timestamp;

fn sale(index: u64, second: u64) -> Transaction {
    Transaction {
        invoice: format!("{}", 536_365 + index / 3),
        stock_code: "85123A".into(),
        description: format!("A \"quoted\", odd\nname {index}"),
        quantity: 1 + (index % 7) as i64,
        invoice_date: Timestamp::from_micros(1_291_190_760_000_000 + index as i64 * 60_000_000),
        price: 0.1 * (index % 13 + 1) as f64,
        customer_id: Some(12_346 + index % 5),
        country: "Österreich".into(),
        timestamp: Timestamp::from_micros(second as i64 * 1_000_000),
    }
}

fn origin(offset: u64) -> Origin {
    Origin {
        partition: 0,
        part: 0,
        offset,
        line: Some(offset + 2),
    }
}

fn limits(rows: usize, seconds: u64) -> BatchLimits {
    BatchLimits::new(rows, Duration::from_secs(seconds)).unwrap()
}

/// Batches of the sales at these seconds.
fn batches(limits: BatchLimits, seconds: &[u64]) -> Vec<Batch> {
    let mut batcher = Batcher::new(limits, Position::default());
    for (offset, &second) in (0..).zip(seconds) {
        let row = sale(offset, second);
        let _ = batcher.push(origin(offset), &Ok(row.as_ref()));
    }
    batcher.flush(CloseReason::End);
    std::iter::from_fn(|| batcher.take_closed()).collect()
}

fn open(dir: &Path) -> Result<(BatchStore, Recovered), StorageError> {
    open_with(dir, Durability::Batch)
}

fn open_with(dir: &Path, durability: Durability) -> Result<(BatchStore, Recovered), StorageError> {
    BatchStore::open(
        &dir.join("batches"),
        &dir.join("logs"),
        BatchFormat::Csv,
        durability,
        DataMode::default(),
    )
}

fn stream() -> SourceId {
    SourceId([("kind".to_owned(), "test".to_owned())].into())
}

fn begun(dir: &Path) -> BatchStore {
    let (mut store, _) = open(dir).unwrap();
    store.begin(stream(), None).unwrap();
    store
}

fn rejected_batch() -> Batch {
    rejected_batch_at(0)
}

/// Two rejected records and a row, from this offset on.
fn rejected_batch_at(first: u64) -> Batch {
    let mut batcher = Batcher::new(limits(10, 60), Position::from([(0, first)]));
    let reasons: [Incoming<'_>; 2] = [
        Err(RejectReason::WrongColumnCount {
            expected: 8,
            got: 7,
        }),
        Err(RejectReason::unparsable(Field::Price, "a number", b"1,\"5")),
    ];
    for (offset, reason) in (first..).zip(reasons) {
        let _ = batcher.push(origin(offset), &reason);
    }
    let _ = batcher.push(origin(first + 2), &Ok(sale(2, 0).as_ref()));
    batcher.flush(CloseReason::End);
    batcher.take_closed().unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    let mut all = fs::read(path).unwrap();
    all.extend_from_slice(bytes);
    fs::write(path, all).unwrap();
}
