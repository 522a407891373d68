//! Reading alone, on one thread, from a file that the system holds in memory.
//!
//! ```text
//! bench-reading FILE.csv   # see `retail_benches::answer`
//! ```

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use retail_benches::{Outcome, answer, read_kept};
use retail_core::clean;
use retail_core::source::{CsvSource, Incoming, Origin, Replay, Source};
use serde_json::json;

const COLUMNS: &str = "all columns of clean rows";
const FIVE: &str = "five columns of clean rows";

fn main() -> Outcome<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err("usage: bench-reading FILE.csv".into());
    };
    let path = Path::new(&path);
    let offers = json!([
        { "group": COLUMNS, "name": "engine", "ask": COLUMNS },
        { "group": FIVE, "name": "engine", "ask": FIVE },
    ]);
    answer(&offers, |asked| {
        let begun = Instant::now();
        let rows = match asked {
            COLUMNS => read_kept(path, usize::MAX)?.len(),
            FIVE => five_columns(path)?,
            _ => return Err(format!("nothing is called {asked:?}").into()),
        };
        let seconds = begun.elapsed().as_secs_f64();
        Ok(json!({ "seconds": seconds, "measures": { "rows": rows } }))
    })
}

/// Keeps the columns that the models use. The source reads and checks the others all the same.
fn five_columns(path: &Path) -> Outcome<usize> {
    let mut rows = Vec::new();
    let mut sink = |_: Origin, record: Incoming<'_>| {
        if let Ok(row) = record
            && clean::check(&row).is_ok()
        {
            rows.push((row.quantity, row.price, row.customer_id, row.invoice_date));
        }
        ControlFlow::Continue(())
    };
    CsvSource::open(path, Replay::default())?.read(&mut sink)?;
    Ok(std::hint::black_box(rows).len())
}
