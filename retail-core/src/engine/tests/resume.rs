use super::*;
use crate::source::MemorySource;
use crate::window::ConsecutiveBatches;

fn source(rows: usize) -> MemorySource {
    MemorySource::new(sales(rows)).named("till")
}

#[test]
fn a_restart_reads_on_where_the_saved_batches_end() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let pipelines = vec![all_rows("all", Arc::new(Mean::default()))];
        builder(RetrainPolicy::AtEnd, pipelines)
            .dir(dir.path())
            .open()
            .unwrap()
    };
    open().run(&mut source(35)).unwrap();

    let mut engine = open();
    assert_eq!(engine.status().read().rows_kept, 35);
    assert_eq!(
        engine
            .registry()
            .get("all_1")
            .unwrap()
            .artefact
            .info
            .slice
            .rows,
        35
    );
    let first_read = Seen::default();
    let offsets = first_read.clone();
    let mut script = Script::new(sales(72), move |offset| {
        offsets.add(offset);
        Step::Go
    });
    // Another name is another stream. The saved stream can go on.
    assert!(engine.run(&mut script).is_err());
    let report = engine.run(&mut source(72)).unwrap();
    assert_eq!(first_read.all(), Vec::<usize>::new());
    assert_eq!(
        (report.rows_read, report.rows_kept, report.batches),
        (72, 72, 8)
    );

    let mut undisturbed = builder(
        RetrainPolicy::AtEnd,
        vec![all_rows("all", Arc::new(Mean::default()))],
    )
    .open()
    .unwrap();
    undisturbed.run(&mut source(72)).unwrap();
    let [resumed, whole] = [&engine, &undisturbed].map(|engine| {
        let served = engine.registry().get("all_1").unwrap();
        String::from_utf8(served.artefact.encode().unwrap()).unwrap()
    });
    assert_eq!(resumed, whole, "the model says the same of itself");
}

#[test]
fn a_restart_begins_with_the_record_after_the_last_saved_one() {
    let dir = tempfile::tempdir().unwrap();
    let offsets = Seen::default();
    for rows in [35, 72] {
        let seen = offsets.clone();
        let mut engine = builder(RetrainPolicy::Manual, Vec::new())
            .dir(dir.path())
            .open()
            .unwrap();
        let mut script = Script::new(sales(rows), move |offset| {
            seen.add(offset);
            Step::Go
        });
        engine.run(&mut script).unwrap();
    }
    // Each record once. 35 was the end of the first run and is asked for twice.
    let expected: Vec<usize> = (0..=35).chain(35..=72).collect();
    assert_eq!(offsets.all(), expected);
}

#[test]
fn a_second_run_of_an_exhausted_source_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let pipelines = vec![all_rows("all", Arc::new(Mean::default()))];
        builder(RetrainPolicy::EveryBatch, pipelines)
            .dir(dir.path())
            .open()
            .unwrap()
    };
    open().run(&mut source(35)).unwrap();
    let mut engine = open();
    let before = engine.registry().get("all_1").unwrap();
    let report = engine.run(&mut source(35)).unwrap();
    let after = engine.registry().get("all_1").unwrap();
    assert_eq!((report.rows_kept, report.batches), (35, 4));
    assert_eq!(
        report.models.len(),
        1,
        "the outcome of the models is known again"
    );
    assert_eq!(before.revision, after.revision);
}

/// Two batches with rows, and one between them whose only record was rejected.
#[test]
fn windows_name_batches_by_their_number_in_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let two = Pipeline {
            versions: 2,
            ..pipeline(
                "batch",
                Arc::new(Mean::default()),
                ConsecutiveBatches::new(2).unwrap(),
            )
        };
        builder(RetrainPolicy::AtEnd, vec![two])
            .dir(dir.path())
            .open()
            .unwrap()
    };
    let mut stream = sales(11);
    stream[10].invoice = "C1".into();
    let run = |engine: &mut Engine, sales: &[Transaction]| {
        let mut source = MemorySource::new(sales.to_vec()).named("till");
        engine.run(&mut source).unwrap().batches
    };
    let mut engine = open();
    assert_eq!(run(&mut engine, &stream[..10]), 1);
    assert_eq!(run(&mut engine, &stream), 2);
    stream.extend(sales(5));
    // The engine that saved the batches and one that read them agree on their numbers.
    drop(engine);
    let mut engine = open();
    assert_eq!(run(&mut engine, &stream), 3);
    let label = |model: &str| {
        let served = engine.registry().get(model).unwrap();
        served.artefact.info.slice.window.clone()
    };
    assert_eq!([label("batch_1"), label("batch_2")], ["batch 1", "batch 3"]);
    let slice = engine
        .registry()
        .get("batch_2")
        .unwrap()
        .artefact
        .info
        .slice
        .clone();
    assert_eq!((slice.first_row, slice.end_row), (10, 15));
    assert_eq!(
        (slice.from.next_offset(0), slice.to.next_offset(0)),
        (11, 16)
    );
}
