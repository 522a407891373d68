use super::*;
use crate::evaluate::Metrics;
use crate::window::ElapsedPrefix;

fn amounts(range: std::ops::Range<usize>) -> Vec<f64> {
    let sales = sales(60);
    let amount = |sale: &Transaction| sale.quantity as f64 * sale.price;
    sales[range].iter().map(amount).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The number of batches scored, and the mean absolute error over all of them.
fn scored(engine: &Engine, model: &str) -> (u64, f64) {
    let status = engine.status().read();
    let prequential = status.models[model].prequential.as_ref().expect("scored");
    match &prequential.overall {
        Metrics::Regression(metrics) => (prequential.batches, metrics.mae),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_batch_is_predicted_by_a_model_that_has_not_seen_it() {
    let trained: Seen<(String, u64)> = Seen::default();
    let quarter = Duration::from_millis(250);
    let pipelines = vec![
        all_rows("all", Arc::new(Mean::default())),
        pipeline(
            "early",
            Arc::new(Mean::default()),
            ElapsedPrefix::new(quarter, 1).unwrap(),
        ),
    ];
    let told: Seen<(String, u64)> = Seen::default();
    let scores = told.clone();
    let mut engine = builder(RetrainPolicy::EveryBatch, pipelines)
        .observer(trained.clone())
        .observer(move |event: &Event| {
            if let Event::Scored { model, prequential } = event {
                scores.add((model.clone(), prequential.batches));
            }
        })
        .open()
        .unwrap();
    let seen = trained.clone();
    let mut source = Script::new(sales(60), move |offset| {
        if offset > 0 && offset % 10 == 0 {
            let all = ("all_1".to_owned(), offset as u64);
            let early = ("early_1".to_owned(), offset.min(25) as u64);
            seen.wait_until(|seen| seen.contains(&all) && seen.contains(&early));
        }
        Step::Go
    });
    engine.run(&mut source).unwrap();

    // One model learns from all rows before the batch. The other one's window is full after three
    // batches: it is still scored, although it is not trained again.
    for (model, most) in [("all_1", 60), ("early_1", 25)] {
        let errors = (10..60).step_by(10).flat_map(|start| {
            let predicted = mean(&amounts(0..start.min(most)));
            let truth = amounts(start..start + 10);
            truth
                .into_iter()
                .map(move |amount| (amount - predicted).abs())
        });
        let errors: Vec<f64> = errors.collect();
        let (batches, mae) = scored(&engine, model);
        assert_eq!(
            batches, 5,
            "{model}: the first batch has no model before it"
        );
        assert!((mae - mean(&errors)).abs() < 1e-9, "{model}: {mae}");
        // Observers are told once a batch, trained again or not.
        let told = told.all().into_iter().filter(|(name, _)| name == model);
        let told: Vec<u64> = told.map(|(_, batches)| batches).collect();
        assert_eq!(told, [1, 2, 3, 4, 5], "{model}");
    }
}

#[test]
fn batches_saved_before_are_not_scored_again() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let pipelines = vec![all_rows("all", Arc::new(Mean::default()))];
        // Trains only when the source ends.
        builder(RetrainPolicy::EveryRows(1_000), pipelines)
            .dir(dir.path())
            .open()
            .unwrap()
    };
    let mut engine = open();
    engine
        .run(&mut Script::new(sales(30), |_| Step::Go))
        .unwrap();
    assert_eq!(engine.status().read().models["all_1"].prequential, None);
    drop(engine);
    let mut engine = open();
    engine
        .run(&mut Script::new(sales(50), |_| Step::Go))
        .unwrap();
    let predicted = mean(&amounts(0..30));
    let errors: Vec<f64> = amounts(30..50)
        .iter()
        .map(|a| (a - predicted).abs())
        .collect();
    let (batches, mae) = scored(&engine, "all_1");
    assert_eq!(batches, 2);
    assert!((mae - mean(&errors)).abs() < 1e-9, "{mae}");
}
