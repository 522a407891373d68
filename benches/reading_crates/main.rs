//! Reading alone with crates of other projects, as `reading.rs` has it of the engine.
//!
//! ```text
//! bench-reading-crates FILE.csv   # see `retail_benches::answer`
//! ```
//!
//! All do the engine's work: typed columns with dates, text that is checked, only clean rows. The
//! engine also says what is wrong with each row that it drops; these only drop it. What they make
//! of a file that is not plain is in `tests.rs`; of polars, as `peers/reading_polars.py` calls it,
//! it was tried by hand (polars 2.1.0):
//!
//! | in the file | engine | csv | simd-csv | arrow-csv | polars |
//! |---|---|---|---|---|---|
//! | comma, doubled quote or line break in quotes; CRLF; byte order mark | right | right | right | right | right |
//! | Latin-1 | decoded | bytes, decoded here | bytes, decoded here | error | error |
//! | `12" TRAY`, not in quotes | right | right | **loses it and the rows after it, silently** | right | error |
//! | `"TRAY" 2` | `TRAY 2` | `TRAY 2` | `"TRAY" 2` | `TRAY 2` | error |
//! | a quote that is never closed | drops one row | loses it and the rows after it, silently | loses it and the rows after it, silently | error | error |
//! | empty text | empty | empty | empty | missing | missing |
//! | a word for a number | drops the row | drops the row | drops the row | error | error |
//! | a column too many | drops the row | drops the row | drops the row | error | error |
//! | a column too few | drops the row | drops the row | drops the row | error | keeps the row |
//!
//! An error ends the reading. With `csv` and `simd-csv`, `records.rs` decides what is an error and
//! what is a row to drop; the others decide for themselves.

mod arrow;
mod kept;
mod records;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::time::Instant;

use retail_benches::{Outcome, answer};
use serde_json::json;

use kept::{Form, Kept};
use records::Columns;

const COLUMNS: &str = "all columns of clean rows";
const FIVE: &str = "five columns of clean rows";

/// What to read with: the rows that are kept, of all columns or of five, in that form.
type Reader = fn(File, Columns, Form) -> Outcome<usize>;

const READERS: [(&str, Reader); 3] = [
    ("csv", |file, columns, form| {
        let mut kept = Kept::new(form);
        records::csv(file, columns, &mut kept)?;
        Ok(kept.count())
    }),
    ("simd-csv", |file, columns, form| {
        let mut kept = Kept::new(form);
        records::simd_csv(file, columns, &mut kept)?;
        Ok(kept.count())
    }),
    ("arrow-csv", arrow::count),
];

fn main() -> Outcome<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err("usage: bench-reading-crates FILE.csv".into());
    };
    let jobs: Vec<_> = READERS
        .iter()
        .flat_map(|&(name, read)| {
            [
                (COLUMNS, "in batches", Columns::All, Form::Batches),
                (COLUMNS, "one table", Columns::All, Form::Table),
                (FIVE, "in batches", Columns::Five, Form::Batches),
            ]
            .map(|(group, how, columns, form)| {
                (group, format!("{name}, {how}"), (read, columns, form))
            })
        })
        .collect();
    let offers: Vec<_> = jobs
        .iter()
        .map(|(group, name, _)| {
            json!({ "group": group, "name": name, "ask": format!("{group}/{name}") })
        })
        .collect();
    answer(&json!(offers), |asked| {
        let asked = asked.split_once('/');
        let job = jobs
            .iter()
            .find(|(group, name, _)| asked == Some((group, name)));
        let Some((_, _, (read, columns, form))) = job else {
            return Err(format!("nothing is called {asked:?}").into());
        };
        let begun = Instant::now();
        let rows = read(File::open(&path)?, *columns, *form)?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok(json!({ "seconds": seconds, "measures": { "rows": rows } }))
    })
}
