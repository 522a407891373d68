use std::fs;
use std::path::Path;

use super::*;
use crate::DataMode;
use crate::batch::{BatchFormat, BatchStore, Durability, Recovered};
use crate::error::StorageError;
use crate::source::MemorySource;
use crate::train::NotTrained;

/// What is on disk below `dir`. No engine may be using it.
pub(super) fn on_disk(dir: &Path) -> Recovered {
    let opened = BatchStore::open(
        &dir.join("batches"),
        &dir.join("logs"),
        BatchFormat::Csv,
        Durability::Batch,
        DataMode::default(),
    );
    let (store, saved) = opened.unwrap();
    for entry in &saved.batches {
        assert_eq!(store.load(entry).unwrap().len() as u64, entry.rows);
    }
    saved
}

fn rows_on_disk(dir: &Path) -> u64 {
    on_disk(dir).batches.iter().map(|entry| entry.rows).sum()
}

#[test]
fn a_model_that_cannot_be_trained_does_not_stop_the_others() {
    let refusing = Mean::after(|_| Err(NotTrained::NoVariation));
    let pipelines = vec![
        all_rows("refusing", Arc::new(refusing)),
        all_rows("mean", Arc::new(Mean::default())),
    ];
    let mut engine = builder(RetrainPolicy::EveryBatch, pipelines)
        .open()
        .unwrap();
    let report = engine.run(&mut MemorySource::new(sales(45))).unwrap();
    let names: Vec<_> = report
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    assert_eq!(names, ["mean_1", "refusing_1"]);
    assert_eq!(outcome(&engine, "mean_1"), "trained on 45 rows");
    let expected = "no feature varies within the window";
    assert_eq!(outcome(&engine, "refusing_1"), expected);
    assert!(engine.registry().get("refusing_1").is_none());
}

#[test]
fn a_model_that_can_no_longer_be_trained_goes_on_serving() {
    let early = Mean::after(|data| match data.n_samples() {
        0..=10 => Ok(()),
        _ => Err(NotTrained::NoVariation),
    });
    let pipelines = vec![all_rows("early", Arc::new(early))];
    let mut engine = builder(RetrainPolicy::AtEnd, pipelines).open().unwrap();
    let source = |rows| MemorySource::new(sales(rows)).named("one stream");
    engine.run(&mut source(10)).unwrap();
    engine.run(&mut source(60)).unwrap();
    assert_eq!(
        outcome(&engine, "early_1"),
        "no feature varies within the window"
    );
    let served = engine.registry().get("early_1").unwrap();
    assert_eq!((served.revision, served.artefact.info.slice.rows), (1, 10));
    assert_eq!(engine.status().read().models["early_1"].revision, Some(1));
}

#[test]
fn another_stream_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        builder(RetrainPolicy::Manual, Vec::new())
            .dir(dir.path())
            .open()
    };
    let mut engine = open().unwrap();
    engine
        .run(&mut Script::new(sales(25), |_| Step::Go))
        .unwrap();
    drop(engine);
    let mut engine = open().unwrap();
    let mut other =
        Script::new(sales(25), |offset| panic!("read at {offset}")).named("another script");
    let error = engine.run(&mut other).unwrap_err();
    assert!(matches!(&error, Error::SettingsDiffer { .. }), "{error}");
    let expected = format!(
        "{} holds batches that were saved with other settings: name was script and is another script \
         now; give the earlier ones to go on with them, name another --data-dir, or start again with \
         --fresh, which keeps what has been saved in the archive",
        dir.path().display()
    );
    assert_eq!(error.to_string(), expected);
    let checked = engine.check_continues(&other).unwrap_err();
    assert_eq!(checked.to_string(), expected);
    assert!(!engine.status().read().running);
    drop(engine);
    assert_eq!(rows_on_disk(dir.path()), 25);
}

#[test]
fn an_engine_in_memory_refuses_another_stream_too() {
    let mut engine = builder(RetrainPolicy::Manual, Vec::new()).open().unwrap();
    engine.run(&mut MemorySource::new(sales(25))).unwrap();
    let error = engine.run(&mut MemorySource::new(sales(26))).unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("this engine holds batches that were saved with other settings: ")
            && said.contains("starting_at"),
        "{said}"
    );
}

#[test]
fn a_source_that_fails_leaves_the_batches_saved_before() {
    let dir = tempfile::tempdir().unwrap();
    let pipelines = || vec![all_rows("mean", Arc::new(Mean::default()))];
    let open = || {
        builder(RetrainPolicy::AtEnd, pipelines())
            .dir(dir.path())
            .open()
    };
    let mut engine = open().unwrap();
    let mut failing = Script::new(sales(60), |offset| match offset {
        37 => Step::Fail,
        _ => Step::Go,
    });
    let error = engine.run(&mut failing).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error}");
    let status = engine.status().read();
    assert_eq!((status.running, status.rows_kept), (false, 30));
    assert_eq!(status.error.as_deref(), Some("the line is dead"));
    assert_eq!(outcome(&engine, "mean_1"), "never tried");
    drop(engine);
    assert_eq!(rows_on_disk(dir.path()), 30);

    // Once the source works again, nothing is missing and nothing is there twice.
    let mut engine = open().unwrap();
    let report = engine
        .run(&mut Script::new(sales(60), |_| Step::Go))
        .unwrap();
    assert_eq!((report.rows_kept, report.batches), (60, 6));
    assert_eq!(engine.status().read().error, None);
}

#[test]
fn an_engine_goes_on_after_an_error_of_its_source() {
    let mut engine = builder(
        RetrainPolicy::AtEnd,
        vec![all_rows("mean", Arc::new(Mean::default()))],
    )
    .open()
    .unwrap();
    let mut failed = false;
    let mut source = Script::new(sales(60), move |offset| {
        if offset == 37 && !std::mem::replace(&mut failed, true) {
            return Step::Fail;
        }
        Step::Go
    });
    engine.run(&mut source).unwrap_err();
    let report = engine.run(&mut source).unwrap();
    assert_eq!((report.rows_kept, report.batches), (60, 6));
    assert_eq!(outcome(&engine, "mean_1"), "trained on 60 rows");
    assert_eq!(engine.status().read().error, None);
}

#[test]
fn stopping_saves_the_open_batch_and_trains_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let pipelines = vec![all_rows("mean", Arc::new(Mean::default()))];
    let mut engine = builder(RetrainPolicy::AtEnd, pipelines)
        .dir(dir.path())
        .open()
        .unwrap();
    let stop = engine.stop_handle();
    let mut source = Script::new(sales(60), move |offset| {
        if offset == 37 {
            stop.stop();
            return Step::Idle;
        }
        Step::Go
    });
    let report = engine.run(&mut source).unwrap();
    assert_eq!((report.rows_kept, report.batches), (37, 4));
    assert_eq!(outcome(&engine, "mean_1"), "never tried");
    drop(engine);
    assert_eq!(rows_on_disk(dir.path()), 37);
    let closed: Vec<_> = on_disk(dir.path())
        .batches
        .iter()
        .map(|b| b.closed_by.name())
        .collect();
    assert_eq!(closed, ["count", "count", "count", "stop"]);
}

/// Gives `rows` sales, spoils something once they have been saved, gives one batch more, and then is
/// idle for ever.
fn endless(rows: usize, saved: &Seen<u64>, mut spoil: impl FnMut() + Send + 'static) -> Script {
    let saved = saved.clone();
    Script::new(sales(rows + 10), move |offset| {
        if offset == rows {
            saved.wait_until(|saved| saved.len() == rows / 10);
            spoil();
        }
        if offset == rows + 10 {
            Step::Idle
        } else {
            Step::Go
        }
    })
}

#[test]
fn batches_that_cannot_be_saved_end_the_run_with_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let batches = dir.path().join("batches");
    let count = Seen::default();
    let mut engine = builder(RetrainPolicy::Manual, Vec::new())
        .dir(dir.path())
        .observer(saved(&count))
        .open()
        .unwrap();
    let (from, to) = (batches.clone(), dir.path().join("elsewhere"));
    // The source never ends: only the error can end the run.
    let mut source = endless(20, &count, move || {
        fs::rename(&from, &to).unwrap();
        fs::write(&from, "no folder").unwrap();
    });
    let error = engine.run(&mut source).unwrap_err();
    assert!(
        matches!(error, Error::Storage(StorageError::Io { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("batch_3.csv"), "{error}");
    let status = engine.status().read();
    assert_eq!((status.running, status.rows_kept), (false, 20));
    assert_eq!(status.error, Some(error.to_string()));

    // Half a batch may have been written. Only opening the folder again puts that right.
    fs::remove_file(&batches).unwrap();
    fs::rename(dir.path().join("elsewhere"), &batches).unwrap();
    let error = engine
        .run(&mut Script::new(sales(30), |_| Step::Go))
        .unwrap_err();
    assert!(
        matches!(error, Error::Storage(StorageError::Failed { .. })),
        "{error}"
    );
    drop(engine);
    assert_eq!(rows_on_disk(dir.path()), 20);
}

#[test]
fn models_that_cannot_be_saved_end_the_run_with_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    let count = Seen::default();
    let mut engine = builder(
        RetrainPolicy::EveryBatch,
        vec![all_rows("mean", Arc::new(Mean::default()))],
    )
    .dir(dir.path())
    .observer(saved(&count))
    .open()
    .unwrap();
    let spoilt = models.clone();
    let mut source = endless(20, &count, move || {
        // A model that is being written at this moment can bring the folder back. Try until it
        // does not.
        while fs::write(&spoilt, "no folder").is_err() {
            let _ = fs::remove_dir_all(&spoilt);
        }
    });
    let error = engine.run(&mut source).unwrap_err();
    assert!(
        matches!(error, Error::Storage(StorageError::Io { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("mean_1"), "{error}");
    drop(engine);
    assert_eq!(rows_on_disk(dir.path()), 30, "batches are still saved");
}
