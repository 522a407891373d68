use crate::window::ElapsedPrefix;

use super::*;

type Models = Seen<(String, u64)>;

/// Gives 60 sales in batches of 10. Before each sale in `waits`, waits until a model has been trained
/// on all before it.
fn in_step(trained: &Models, waits: &'static [usize]) -> Script {
    let trained = trained.clone();
    Script::new(sales(60), move |offset| {
        if waits.contains(&offset) {
            trained.wait_until(|seen| seen.iter().any(|(_, rows)| *rows == offset as u64));
        }
        Step::Go
    })
}

/// The number of rows of each training of one model, and the rows of each fit.
fn trainings(policy: RetrainPolicy, waits: &'static [usize]) -> (Vec<u64>, Vec<(u64, u64)>) {
    let mean = Arc::new(Mean::default());
    let trained = Models::default();
    let mut engine = builder(policy, vec![all_rows("mean", mean.clone())])
        .observer(trained.clone())
        .open()
        .unwrap();
    engine.run(&mut in_step(&trained, waits)).unwrap();
    let rows = trained.all().into_iter().map(|(_, rows)| rows).collect();
    (rows, mean.fits.all())
}

#[test]
fn every_batch_trains_after_each_batch_and_once_at_the_end() {
    let waits = &[10, 20, 30, 40, 50, 60];
    let (rows, fits) = trainings(RetrainPolicy::EveryBatch, waits);
    // The last training adds that the window is closed, which is part of what the model says.
    assert_eq!(rows, [10, 20, 30, 40, 50, 60, 60]);
    assert_eq!(
        fits[..4],
        [(0, 8), (0, 10), (0, 16), (0, 20)],
        "hold-out first"
    );
    assert_eq!(fits.len(), 14);
}

#[test]
fn every_rows_trains_once_that_many_have_come() {
    let (rows, _) = trainings(RetrainPolicy::EveryRows(25), &[30, 60]);
    assert_eq!(rows, [30, 60, 60]);
    let (rows, _) = trainings(RetrainPolicy::EveryRows(10), &[10, 20, 30, 40, 50, 60]);
    assert_eq!(rows, [10, 20, 30, 40, 50, 60, 60]);
    let (rows, _) = trainings(RetrainPolicy::EveryRows(u64::MAX), &[]);
    assert_eq!(rows, [60]);
}

#[test]
fn at_end_trains_once() {
    let (rows, fits) = trainings(RetrainPolicy::AtEnd, &[]);
    assert_eq!(rows, [60]);
    assert_eq!(fits, [(0, 48), (0, 60)]);
}

#[test]
fn on_window_close_trains_each_model_once_its_window_is_closed() {
    let mean = Arc::new(Mean::default());
    let trained = Models::default();
    // Sales come every 10 ms: rows 0..25 and 0..50.
    let quarter = Duration::from_millis(250);
    let prefixes = ElapsedPrefix::new(quarter, 2).unwrap();
    let growing = Pipeline {
        versions: 2,
        ..pipeline("early", mean.clone(), prefixes)
    };
    let open = all_rows("open", Arc::new(Mean::default()));
    let mut engine = builder(RetrainPolicy::OnWindowClose, vec![growing, open])
        .observer(trained.clone())
        .open()
        .unwrap();
    let seen = trained.clone();
    let mut source = Script::new(sales(60), move |offset| {
        // Row 29 closes the first window, row 50 the second.
        match offset {
            30 => seen.wait_until(|seen| seen.len() == 1),
            60 => seen.wait_until(|seen| seen.len() == 2),
            _ => {}
        }
        Step::Go
    });
    engine.run(&mut source).unwrap();
    let expected = [("early_1", 25), ("early_2", 50), ("open_1", 60)];
    assert_eq!(
        trained.all(),
        expected.map(|(name, rows)| (name.into(), rows))
    );
    assert_eq!(mean.fits.all(), [(0, 20), (0, 25), (0, 40), (0, 50)]);
}

#[test]
fn windows_that_did_not_change_are_not_trained_again() {
    let mean = Arc::new(Mean::default());
    let trained = Models::default();
    let quarter = Duration::from_millis(250);
    let early = pipeline(
        "early",
        mean.clone(),
        ElapsedPrefix::new(quarter, 1).unwrap(),
    );
    let late = all_rows("late", Arc::new(Mean::default()));
    let mut engine = builder(RetrainPolicy::EveryBatch, vec![early, late])
        .observer(trained.clone())
        .open()
        .unwrap();
    let seen = trained.clone();
    let mut source = Script::new(sales(60), move |offset| {
        if offset > 0 && offset % 10 == 0 {
            let late = ("late_1".to_owned(), offset as u64);
            let early = ("early_1".to_owned(), offset.min(25) as u64);
            seen.wait_until(|seen| seen.contains(&late) && seen.contains(&early));
        }
        Step::Go
    });
    engine.run(&mut source).unwrap();
    let early = trained
        .all()
        .into_iter()
        .filter(|(name, _)| name == "early_1");
    let early: Vec<u64> = early.map(|(_, rows)| rows).collect();
    assert_eq!(early, [10, 20, 25]);
    assert_eq!(mean.fits.all().len(), 6);
}

#[test]
fn a_window_that_does_not_exist_is_reported_once() {
    let trained = Models::default();
    let two = Pipeline {
        versions: 2,
        ..all_rows("mean", Arc::new(Mean::default()))
    };
    let mut engine = builder(RetrainPolicy::EveryBatch, vec![two])
        .observer(trained.clone())
        .open()
        .unwrap();
    let waits = &[10, 20, 30, 40, 50, 60];
    engine.run(&mut in_step(&trained, waits)).unwrap();
    let missing = trained
        .all()
        .into_iter()
        .filter(|(name, _)| name == "mean_2");
    assert_eq!(missing.count(), 1);
    let expected = "window 2 does not exist yet: the stream has 1";
    assert_eq!(outcome(&engine, "mean_2"), expected);
}

#[test]
fn manual_trains_when_asked_and_only_what_changed() {
    let mean = Arc::new(Mean::default());
    let pipelines = vec![all_rows("mean", mean.clone())];
    let mut engine = builder(RetrainPolicy::Manual, pipelines).open().unwrap();
    engine
        .run(&mut Script::new(sales(60), |_| Step::Go))
        .unwrap();
    assert_eq!(outcome(&engine, "mean_1"), "never tried");
    assert!(engine.registry().get("mean_1").is_none());
    engine.train().unwrap();
    assert_eq!(outcome(&engine, "mean_1"), "trained on 60 rows");
    assert!(engine.registry().get("mean_1").is_some());
    engine.train().unwrap();
    assert_eq!(mean.fits.all(), [(0, 48), (0, 60)]);
}
