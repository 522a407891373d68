use super::*;
use crate::testing::ManualClock;

/// An engine that saves batches of one row, and trains after each.
fn engine(trained: &Seen<(String, u64)>) -> EngineBuilder {
    let mut config = config(RetrainPolicy::EveryBatch);
    config.batch.rows = 1;
    Engine::builder(config)
        .unwrap()
        .pipelines(vec![all_rows("all", Arc::new(Mean::default()))])
        .formats(formats())
        .clock(Arc::new(ManualClock::default()))
        .observer(trained.clone())
}

/// These sales, each when there is a model of those before.
fn one_by_one(count: usize, trained: &Seen<(String, u64)>) -> Script {
    let seen = trained.clone();
    Script::new(sales(count), move |offset| {
        let before = ("all_1".to_owned(), offset as u64);
        seen.wait_until(|seen| offset == 0 || seen.contains(&before));
        Step::Go
    })
}

#[test]
fn what_happened_lately_is_kept_within_bounds() {
    let trained = Seen::default();
    let mut engine = engine(&trained).open().unwrap();
    let all = Recent::BATCHES + 10;
    engine.run(&mut one_by_one(all, &trained)).unwrap();
    let status = engine.status().read();
    let Recent {
        batches,
        scores,
        trainings,
    } = &status.recent;

    let newest: Vec<u64> = (11..=all as u64).collect();
    assert_eq!(
        Vec::from_iter(batches.iter().map(|batch| batch.batch)),
        newest
    );
    for (batch, sale) in batches.iter().zip(&sales(all)[10..]) {
        let amount = sale.quantity as f64 * sale.price;
        assert!((batch.revenue - amount).abs() < 1e-9, "{batch:?}");
    }

    let scores = &scores["all_1"];
    assert_eq!(
        Vec::from_iter(scores.iter().map(|score| score.batch)),
        newest
    );
    let amounts = sales(all);
    let amounts = amounts.iter().map(|sale| sale.quantity as f64 * sale.price);
    let amounts: Vec<f64> = amounts.collect();
    for score in scores {
        let before = score.batch as usize - 1;
        let predicted = amounts[..before].iter().sum::<f64>() / before as f64;
        let error = (amounts[before] - predicted).abs();
        assert!((score.metrics["mae"] - error).abs() < 1e-9, "{score:?}");
        assert_eq!(
            (score.rows, score.revision),
            (1, score.batch - 1),
            "{score:?}"
        );
        // One row has no variation to explain.
        assert_eq!(Vec::from_iter(score.metrics.keys()), [&"mae", &"rmse"]);
    }

    assert_eq!(trainings.len(), Recent::TRAININGS);
    // Once more at the end, when the window is closed.
    let rows = (all - Recent::TRAININGS + 2..=all).chain([all]);
    for (training, rows) in trainings.iter().zip(rows) {
        assert_eq!((&*training.model, training.rows), ("all_1", rows as u64));
        assert_eq!(training.at, Timestamp::EPOCH);
        assert!(matches!(training.outcome, ModelOutcome::Trained { .. }));
    }
}

#[test]
fn a_restart_knows_the_newest_batches_again() {
    let (dir, trained) = (tempfile::tempdir().unwrap(), Seen::default());
    let mut first = engine(&trained).dir(dir.path()).open().unwrap();
    first.run(&mut one_by_one(20, &trained)).unwrap();
    let before = first.status().read();
    assert_eq!(before.progress.map(|read| read.done), Some(20));
    drop(first);
    let second = engine(&trained).dir(dir.path()).open().unwrap();
    let after = second.status().read();
    assert_eq!(after.recent.batches, before.recent.batches);
    assert!(after.recent.scores.is_empty() && after.recent.trainings.is_empty());
}
