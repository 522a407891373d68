//! How long it takes from a saved batch until every model that it changes has been replaced.
//!
//! ```text
//! bench-retrain FILE.csv ROWS BATCHES [FOLDER]   # prints one line of JSON
//! ```
//!
//! An engine with the nine standard models takes in ROWS kept rows of the file, and then BATCHES
//! batches of 1,000 rows, each of them only after the models know the one before. The clock runs
//! from [`Event::BatchSaved`] to the last [`Event::Trained`] of the round; an event comes after the
//! swap. The forests' windows are over by then. So six of the nine models are replaced: three linear
//! ones, on thirds of all rows, and three logistic ones, on the three newest batches. Each is fitted
//! twice, because of the hold-out. With FOLDER, batches and models are saved and synced in a folder
//! within it, which is removed afterwards. Without it, nothing is saved.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use retail_benches::{Outcome, read_kept, say};
use retail_core::engine::{Engine, EngineConfig, Event};
use retail_core::record::Transactions;
use retail_core::source::{
    Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use serde_json::json;

const BATCH: usize = 1_000;
/// Models that a batch changes.
const CHANGED: usize = 6;
/// The model whose window ends with the newest row.
const NEWEST: &str = "linear_model_3";
/// How long nothing must have happened before the first measurement.
const QUIET: Duration = Duration::from_millis(500);

/// What the engine has said, and what follows from it.
#[derive(Default)]
struct Watch {
    rows_saved: u64,
    rows_learned: u64,
    saved: Option<Instant>,
    swapped: Option<Instant>,
    swaps: usize,
    measuring: bool,
    seconds: Vec<f64>,
    /// Rounds with another number of swaps than expected: then the measurement is void.
    odd: usize,
}

impl Watch {
    fn event(&mut self, event: &Event) {
        match event {
            Event::BatchSaved(batch) => {
                if self.measuring && !self.seconds.is_empty() && self.swaps != CHANGED {
                    self.odd += 1;
                }
                self.rows_saved += batch.rows;
                self.saved = Some(Instant::now());
                self.swaps = 0;
            }
            Event::Trained { model, status, .. } => {
                self.swapped = Some(Instant::now());
                self.swaps += 1;
                if model == NEWEST {
                    self.rows_learned = status.rows;
                }
                if self.measuring
                    && self.swaps == CHANGED
                    && let (Some(saved), Some(swapped)) = (self.saved, self.swapped)
                {
                    self.seconds
                        .push(swapped.duration_since(saved).as_secs_f64());
                }
            }
            _ => {}
        }
    }

    /// Whether the models know all rows that were fed, and nothing is going on.
    fn settled(&self, fed: usize) -> bool {
        let known = self.rows_saved == fed as u64 && self.rows_learned == fed as u64;
        known
            && match self.measuring {
                true => self.swaps >= CHANGED,
                false => self.swapped.is_some_and(|at| at.elapsed() > QUIET),
            }
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Watch>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives some rows at once, and then a batch each time that the models know all before it.
struct Fed {
    rows: Transactions,
    next: usize,
    given: usize,
    watch: Shared,
}

impl Source for Fed {
    fn id(&self) -> SourceId {
        SourceId([("kind".to_owned(), "fed".to_owned())].into())
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.next = position.next_offset(0) as usize;
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        if self.next == self.given {
            let mut watch = self.watch.lock();
            if !watch.settled(self.given) {
                return Ok(ReadStatus::Idle);
            }
            watch.measuring = self.given < self.rows.len();
            if !watch.measuring {
                return Ok(ReadStatus::End);
            }
            self.given = (self.given + BATCH).min(self.rows.len());
        }
        while self.next < self.given
            && let Some(row) = self.rows.get(self.next)
        {
            let origin = Origin {
                partition: 0,
                part: 0,
                offset: self.next as u64,
                line: None,
            };
            self.next += 1;
            if sink.push(origin, &Ok(row)).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
        Ok(ReadStatus::Idle)
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.next as u64,
            total: Some(self.rows.len() as u64),
            unit: "records",
        }
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (csv, rows, batches, folder) = match &arguments[..] {
        [csv, rows, batches] => (csv, rows, batches, None),
        [csv, rows, batches, folder] => (csv, rows, batches, Some(folder)),
        _ => return Err("usage: bench-retrain FILE.csv ROWS BATCHES [FOLDER]".into()),
    };
    let loaded = rows.parse::<usize>()? / BATCH * BATCH;
    let all = loaded + batches.parse::<usize>()? * BATCH;
    let rows = read_kept(Path::new(csv), all)?;
    if rows.len() < all || loaded == 0 {
        return Err(format!("{} kept rows, {all} are needed", rows.len()).into());
    }

    let watch = Shared::default();
    let observed = watch.clone();
    let mut builder = Engine::builder(EngineConfig::default())?
        .observer(move |event: &Event| observed.lock().event(event));
    // A new folder: no earlier run is continued.
    let folder = folder.map(|name| Path::new(name).join(std::process::id().to_string()));
    if let Some(folder) = &folder {
        builder = builder.dir(folder);
    }
    builder.open()?.run(&mut Fed {
        rows,
        next: 0,
        given: loaded,
        watch: watch.clone(),
    })?;

    if let Some(folder) = &folder {
        std::fs::remove_dir_all(folder)?;
    }
    let watch = watch.lock();
    if watch.odd > 0 {
        return Err(format!("{} rounds did not replace {CHANGED} models", watch.odd).into());
    }
    let mut seconds = watch.seconds.clone();
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (seconds.len() as f64 * share).ceil() as usize;
        seconds.get(rank.max(1) - 1)
    };
    say(&json!({
        "rows": loaded,
        "batches": seconds.len(),
        "median": at(0.5),
        "p99": at(0.99),
        "max": seconds.last(),
    }))?;
    Ok(())
}
