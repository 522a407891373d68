use std::collections::BTreeMap;

use super::*;
use crate::feature::{Extractor, FeatureSpec, MissingField, Rows, Sale};
use crate::label::{FittedLabel, Label, Task};
use crate::source::MemorySource;
use crate::window::{StreamView, Window, WindowState};

/// Panics as a label, a feature and the state of windows.
#[derive(Debug, Clone, Copy)]
struct Broken;

impl Label for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn task(&self) -> Task {
        Task::Regression
    }

    fn fit(&self, _: &Rows) -> Box<dyn FittedLabel> {
        Box::new(Self)
    }
}

impl FittedLabel for Broken {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        panic!("no labels for {} rows", rows.len())
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }
}

impl Extractor for Broken {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "broken".into(),
            unit: "none".into(),
            min: 0.0,
            max: 1.0,
            whole: false,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        panic!("no feature of {sale:?}")
    }
}

impl WindowStrategy for Broken {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(*self)
    }
}

impl WindowState for Broken {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        panic!("no windows of {} rows", stream.len())
    }
}

fn broken_label() -> Pipeline {
    Pipeline {
        label: Arc::new(Broken),
        ..all_rows("label", Arc::new(Mean::default()))
    }
}

fn broken_feature() -> Pipeline {
    let linear = crate::train::LinearRegression::params();
    let features = FeatureSet::standard(&[StandardFeature::Quantity]);
    Pipeline {
        features: features.with_custom(Arc::new(Broken)),
        ..all_rows("feature", Arc::new(linear.check().unwrap()))
    }
}

#[test]
fn code_of_users_that_panics_costs_its_own_models_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let trainer = Mean::after(|data| panic!("cannot add up {} rows", data.n_samples()));
    let pipelines = vec![
        all_rows("trainer", Arc::new(trainer)),
        broken_label(),
        broken_feature(),
        pipeline("window", Arc::new(Mean::default()), Broken),
        all_rows("sound", Arc::new(Mean::default())),
    ];
    let mut engine = builder(RetrainPolicy::EveryBatch, pipelines)
        .dir(dir.path())
        .open()
        .unwrap();
    let report = engine.run(&mut MemorySource::new(sales(45))).unwrap();
    assert_eq!((report.rows_kept, report.batches), (45, 5));
    for (model, expected) in [
        ("trainer_1", "panicked: cannot add up 36 rows"),
        ("label_1", "panicked: no labels for 36 rows"),
        ("feature_1", "row 0: broken is not a finite number"),
        ("window_1", "panicked: no windows of 45 rows"),
        ("sound_1", "trained on 45 rows"),
    ] {
        assert_eq!(outcome(&engine, model), expected);
    }
    drop(engine);
    // Batches can be read again without what panicked.
    let engine = builder(RetrainPolicy::Manual, vec![broken_feature()])
        .dir(dir.path())
        .open();
    assert_eq!(engine.unwrap().status().read().rows_kept, 45);
}

/// Panics at the first event of a kind.
fn panics_at(wanted: fn(&Event) -> bool) -> impl Fn(&Event) + Send + Sync + 'static {
    move |event: &Event| assert!(!wanted(event), "an observer gave up")
}

/// Runs an engine with this observer on a source that never ends by itself.
fn run_watched(observer: impl Observer + 'static, threads: usize) -> (Engine, Error) {
    let mut config = config(RetrainPolicy::EveryBatch);
    config.train.threads = threads;
    let models = ["a", "b", "c", "d"];
    let pipelines = models.map(|prefix| all_rows(prefix, Arc::new(Mean::default())));
    let mut engine = Engine::builder(config)
        .unwrap()
        .pipelines(pipelines.into())
        .observer(observer)
        .open()
        .unwrap();
    let mut source = Script::new(sales(45), |offset| match offset {
        45 => Step::Idle,
        _ => Step::Go,
    });
    let error = engine.run(&mut source).unwrap_err();
    (engine, error)
}

#[test]
fn a_panic_in_any_thread_ends_the_run_with_an_error() {
    type Wanted = fn(&Event) -> bool;
    let cases: [(Wanted, &str); 3] = [
        (
            |event| matches!(event, Event::Read(progress) if progress.done >= 20),
            "reading",
        ),
        (
            |event| matches!(event, Event::BatchSaved(batch) if batch.batch == 2),
            "saving",
        ),
        (|event| matches!(event, Event::Trained { .. }), "training"),
    ];
    for (wanted, thread) in cases {
        for threads in [1, 4] {
            let (engine, error) = run_watched(panics_at(wanted), threads);
            let expected = format!("the {thread} thread of the engine stopped unexpectedly");
            assert_eq!(error.to_string(), expected);
            let status = engine.status().read();
            assert_eq!(
                (status.running, status.error.as_deref()),
                (false, Some(&*expected))
            );
        }
    }
}

#[test]
fn a_panic_in_one_of_several_workers_is_not_taken_for_a_success() {
    // Models are taken in order, so any thread can have the last one.
    for model in ["a_1", "b_1", "c_1", "d_1"] {
        let observer = move |event: &Event| {
            let wanted = matches!(event, Event::Trained { model: name, .. } if name == model);
            assert!(!wanted, "an observer gave up");
        };
        let (_, error) = run_watched(observer, 4);
        assert!(
            matches!(error, Error::Stopped(EngineThread::Training)),
            "{error}"
        );
    }
}

#[test]
fn a_source_that_panics_leaves_the_batches_saved_before() {
    let dir = tempfile::tempdir().unwrap();
    let pipelines = || vec![all_rows("mean", Arc::new(Mean::default()))];
    let open = || {
        builder(RetrainPolicy::EveryBatch, pipelines())
            .dir(dir.path())
            .open()
    };
    let mut engine = open().unwrap();
    let mut source = Script::new(sales(60), |offset| {
        assert_ne!(offset, 37, "the source gave up");
        Step::Go
    });
    let error = engine.run(&mut source).unwrap_err();
    assert!(
        matches!(error, Error::Stopped(EngineThread::Reading)),
        "{error}"
    );
    // The same engine can go on, and so can another one.
    for rows in [40, 60] {
        let source = &mut Script::new(sales(rows), |_| Step::Go);
        assert_eq!(engine.run(source).unwrap().rows_kept, rows as u64);
        drop(engine);
        engine = open().unwrap();
        assert_eq!(engine.status().read().rows_kept, rows as u64);
    }
}
