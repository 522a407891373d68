//! Models that are trained because somebody asks, whatever the policy says.

use super::*;

type Models = Seen<(String, u64)>;

fn engine(policy: RetrainPolicy, trained: &Models) -> Engine {
    let pipelines = ["a", "b"].map(|prefix| all_rows(prefix, Arc::new(Mean::default())));
    builder(policy, pipelines.into())
        .observer(trained.clone())
        .open()
        .unwrap()
}

fn names(trained: &Models) -> Vec<String> {
    trained.all().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_running_engine_trains_what_is_asked_for_without_waiting() {
    let trained = Models::default();
    let mut engine = engine(RetrainPolicy::Manual, &trained);
    let handle = engine.retrain_handle();
    assert_eq!(handle.models(), ["a_1", "b_1"]);
    let (status, seen) = (engine.status(), trained.clone());
    // Nothing comes any more until the model is trained.
    let mut source = Script::new(sales(30), move |offset| {
        if offset != 20 || !seen.all().is_empty() {
            return Step::Go;
        }
        if status.read().batches < 2 {
            return Step::Idle;
        }
        assert!(!handle.retrain("c_1"));
        assert!(handle.retrain("b_1"));
        seen.wait_until(|seen| !seen.is_empty());
        Step::Go
    });
    engine.run(&mut source).unwrap();
    let seen = trained.all();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].0, "b_1");
    // The last batch may still be on its way to training.
    assert!([10, 20].contains(&seen[0].1), "{seen:?}");
    assert!(engine.registry().get("a_1").is_none());
}

#[test]
fn what_is_asked_for_between_runs_is_trained_when_the_engine_is_told_or_runs() {
    let trained = Models::default();
    let mut engine = engine(RetrainPolicy::EveryBatch, &trained);
    let handle = engine.retrain_handle();
    engine
        .run(&mut Script::new(sales(30), |_| Step::Go))
        .unwrap();
    let before = trained.all().len();
    engine.train_asked().unwrap();
    assert_eq!(trained.all().len(), before, "nothing was asked for");

    handle.retrain("a_1");
    handle.retrain("a_1");
    engine.train_asked().unwrap();
    engine.train_asked().unwrap();
    assert_eq!(names(&trained)[before..], ["a_1"]);
    // Of the same rows comes the same model, which is no new revision.
    let revision = |engine: &Engine| engine.registry().get("a_1").unwrap().revision;
    let first = revision(&engine);
    handle.retrain_all();
    engine.train().unwrap();
    let mut again = names(&trained)[before + 1..].to_vec();
    again.sort();
    assert_eq!(again, ["a_1", "b_1"]);
    assert_eq!(revision(&engine), first);

    handle.retrain("b_1");
    let before = trained.all().len();
    engine
        .run(&mut Script::new(sales(30), |_| Step::Go))
        .unwrap();
    assert!(names(&trained)[before..].contains(&"b_1".to_owned()));
}

#[test]
fn a_pinned_model_is_trained_and_saved_and_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let trained = Models::default();
    let pipelines = vec![all_rows("a", Arc::new(Mean::default()))];
    let mut engine = builder(RetrainPolicy::AtEnd, pipelines)
        .observer(trained.clone())
        .dir(dir.path())
        .open()
        .unwrap();
    let registry = engine.registry();
    engine
        .run(&mut Script::new(sales(20), |_| Step::Go))
        .unwrap();
    registry.pin("a_1", None).unwrap();
    engine
        .run(&mut Script::new(sales(40), |_| Step::Go))
        .unwrap();
    assert_eq!(trained.all().last(), Some(&("a_1".to_owned(), 40)));
    assert_eq!(registry.revisions("a_1").unwrap(), [1, 2]);
    let served = registry.get("a_1").unwrap();
    assert_eq!((served.revision, served.artefact.info.slice.rows), (1, 20));
    let status = engine.status().read().models["a_1"].clone();
    assert_eq!((status.revision, status.rows), (Some(1), 40));
    let newest = registry.load("a_1", 2).unwrap();
    assert_eq!(newest.artefact.info.slice.rows, 40);
}
