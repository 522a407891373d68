//! Reading alone, on one thread, from a file that the system holds in memory.
//!
//! ```text
//! bench-reading FILE.csv   # see `retail_benches::answer`
//! ```
//!
//! In two forms: in batches of 1,000 clean rows, as the engine takes them in, each counted and
//! dropped; and all clean rows in one table.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use retail_benches::{Outcome, answer, read_kept};
use retail_core::batch::{BatchLimits, Batcher, CloseReason};
use retail_core::clean;
use retail_core::source::{CsvSource, Incoming, Origin, Position, ReadStatus, Source, VirtualTime};
use serde_json::json;

const COLUMNS: &str = "all columns of clean rows";
const FIVE: &str = "five columns of clean rows";

fn main() -> Outcome<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err("usage: bench-reading FILE.csv".into());
    };
    let path = Path::new(&path);
    // The first of a group is what the others are compared with.
    let offers = json!([
        { "group": COLUMNS, "name": "engine, in batches", "ask": "batches" },
        { "group": COLUMNS, "name": "engine, one table", "ask": "table" },
        { "group": FIVE, "name": "engine, in batches without text", "ask": "five, batches" },
        { "group": FIVE, "name": "engine, one table", "ask": "five, table" },
    ]);
    answer(&offers, |asked| {
        let begun = Instant::now();
        let rows = match asked {
            "batches" => batches(path, batcher())?,
            "table" => black_box(read_kept(path, usize::MAX)?).len(),
            "five, batches" => batches(path, batcher().without_text())?,
            "five, table" => five_columns(path)?,
            _ => return Err(format!("nothing is called {asked:?}").into()),
        };
        let seconds = begun.elapsed().as_secs_f64();
        Ok(json!({ "seconds": seconds, "measures": { "rows": rows } }))
    })
}

fn batcher() -> Batcher {
    Batcher::new(BatchLimits::default(), Position::default())
}

fn batches(path: &Path, mut batcher: Batcher) -> Outcome<usize> {
    let mut source = CsvSource::open(path, VirtualTime::default())?;
    let mut rows = 0;
    loop {
        let status = source.read(&mut batcher)?;
        if status == ReadStatus::End {
            batcher.flush(CloseReason::End);
        }
        while let Some(batch) = batcher.take_closed() {
            rows += black_box(batch).rows.len();
        }
        if status == ReadStatus::End {
            return Ok(rows);
        }
    }
}

/// Keeps the columns that the models use. The source reads and checks the others all the same.
fn five_columns(path: &Path) -> Outcome<usize> {
    let mut rows = Vec::new();
    let mut sink = |_: Origin, record: &Incoming<'_>| {
        if let Ok(row) = record
            && clean::check(row).is_ok()
        {
            rows.push((row.quantity, row.price, row.customer_id, row.invoice_date));
        }
        ControlFlow::Continue(())
    };
    CsvSource::open(path, VirtualTime::default())?.read(&mut sink)?;
    Ok(black_box(rows).len())
}
