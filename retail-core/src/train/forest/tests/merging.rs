use proptest::prelude::*;

use super::*;
use crate::train::damage::damaged;
use crate::train::forest::state::{Answer, Told};
use crate::train::forest::{ForestPartial, ForestState};
use crate::train::rounds::{self, Head, Next, Rounds};
use crate::train::{NotTrained, Trainer};

fn forest(params: RandomForestParams) -> RandomForest {
    params.check().unwrap()
}

/// Every third row from `first` on.
fn third(data: &Dataset, first: usize) -> Dataset {
    let rows: Vec<usize> = (first..data.n_samples()).step_by(3).collect();
    reordered(data, &rows)
}

/// A training on three parts, round by round.
fn states(trainer: &RandomForest, data: &Dataset) -> (Vec<ForestState>, ForestModel) {
    let thirds = [0, 1, 2].map(|first| third(data, first));
    let mut parts = thirds.each_ref().map(|rows| trainer.part(rows));
    let mut states = vec![trainer.begin(&Head::of(data)).unwrap()];
    loop {
        let state = &states[states.len() - 1];
        let mut sum = trainer.identity(state);
        for part in &mut parts {
            let answer = trainer.answer(part, state).unwrap();
            trainer.merge(&mut sum, &answer).unwrap();
        }
        match trainer.step(state.clone(), sum).unwrap() {
            Next::Round(next) => states.push(next),
            Next::Model(model) => return (states, model),
        }
    }
}

/// A round of spreads, and one for each level whose nodes may be split.
#[test]
fn a_forest_takes_a_round_for_its_bins_and_one_for_each_level() {
    for depth in 1..6 {
        let trainer = forest(
            RandomForest::params()
                .max_depth(depth)
                .max_features(crate::train::MaxFeatures::All),
        );
        let data = noise(3_000);
        let (states, model) = states(&trainer, &data);
        assert_eq!(states.len(), 1 + depth);
        assert_eq!(model, trainer.fit_forest(&data).unwrap());
    }
}

/// Rows whose machine has failed are read again by another one, which has seen no earlier round.
#[test]
fn rows_may_be_taken_over_in_any_round() {
    let trainer = forest(RandomForest::params().n_trees(4).max_depth(7));
    let data = sales(2_000, 3);
    let (states, model) = states(&trainer, &data);
    for state in states {
        let thirds = [0, 1, 2].map(|first| third(&data, first));
        let mut parts = thirds.each_ref().map(|rows| trainer.part(rows));
        assert_eq!(
            rounds::train_from(&trainer, state, &mut parts),
            Ok(model.clone())
        );
    }
}

/// A part that has answered about one training answers about another, and about an earlier round.
#[test]
fn parts_serve_several_trainings() {
    let data = sales(2_000, 3);
    let one = forest(RandomForest::params().n_trees(3).seed(1));
    let other = forest(RandomForest::params().n_trees(3).seed(2).max_bins(20));
    let (states_of_one, model_of_one) = states(&one, &data);
    let (states_of_other, model_of_other) = states(&other, &data);
    let mut parts = [one.part(&data)];
    for (state, other_state) in states_of_one.into_iter().zip(states_of_other).rev() {
        let model = rounds::train_from(&one, state, &mut parts).unwrap();
        assert_eq!(model, model_of_one);
        let model = rounds::train_from(&other, other_state, &mut parts).unwrap();
        assert_eq!(model, model_of_other);
    }
}

/// The bootstrap leaves out every row of such a small part, and often of all of them.
#[test]
fn few_rows_that_the_bootstrap_leaves_out_all_count() {
    let data = dataset(&[vec![1.0, 2.0]], vec![0.0, 1.0], 2);
    let left_out = (0..40)
        .filter(|&seed| {
            let trainer = forest(RandomForest::params().n_trees(1).min_rows(1).seed(seed));
            let (states, model) = states(&trainer, &data);
            assert_eq!(model, trainer.fit_forest(&data).unwrap(), "{seed}");
            states.iter().any(|state| match &state.0 {
                Told::Grow(growth) => growth.trees.iter().any(|tree| !tree.bootstrap),
                Told::Begin(_) => false,
            })
        })
        .count();
    assert!((1..40).contains(&left_out), "{left_out}");
}

/// A level of many nodes takes several rounds, and grows the same tree.
#[test]
fn a_level_whose_counts_are_many_takes_several_rounds() {
    let n_rows = 6_000;
    let of = |what: u64| (0..n_rows).map(move |row| (draw(what, row) % 1_000) as f64);
    let columns: Vec<Vec<f64>> = (0..40).map(|what| of(what).collect()).collect();
    let n_classes = 200;
    let target = (0..n_rows).map(|row| (draw(99, row) % n_classes) as f64);
    let data = dataset(&columns, target.collect(), n_classes as usize);
    let trainer = forest(
        RandomForest::params()
            .n_trees(1)
            .max_depth(3)
            .max_features(crate::train::MaxFeatures::All),
    );
    let (states, model) = states(&trainer, &data);
    assert!(states.len() > 1 + 3, "{}", states.len());
    assert_eq!(model, trainer.fit_forest(&data).unwrap());
}

#[test]
fn answers_of_other_rounds_and_features_are_refused() {
    let data = sales(500, 1);
    let trainer = forest(RandomForest::params().n_trees(2));
    let (states, _) = states(&trainer, &data);
    let mut part = trainer.part(&data);
    let mut answers: Vec<ForestPartial> = Vec::new();
    for state in &states {
        answers.push(trainer.answer(&mut part, state).unwrap());
    }
    let foreign = Some(NotTrained::foreign(Trainer::name(&trainer)));
    for (asked, state) in states.iter().enumerate() {
        for (answered, answer) in answers.iter().enumerate() {
            if asked != answered {
                let mut sum = answers[asked].clone();
                assert_eq!(trainer.merge(&mut sum, answer).err(), foreign);
                assert_eq!(sum, answers[asked]);
                assert_eq!(trainer.step(state.clone(), answer.clone()).err(), foreign);
            }
        }
    }
    let narrow = Dataset {
        features: data.features.select(ndarray::Axis(1), &[0, 1]),
        ..data.clone()
    };
    for state in &states {
        let refused = trainer.answer(&mut trainer.part(&narrow), state);
        assert_eq!(refused, Err(NotTrained::OtherRows));
    }
}

/// A state or partial that was damaged on its way is refused, or leads to an answer; nothing panics.
#[test]
fn damaged_messages_do_not_panic() {
    let data = sales(40, 1);
    let trainer = forest(
        RandomForest::params()
            .n_trees(2)
            .max_depth(2)
            .max_bins(4)
            .min_rows(1),
    );
    let (states, _) = states(&trainer, &data);
    let mut part = trainer.part(&data);
    let mut refused = 0;
    for state in &states {
        let answer = trainer.answer(&mut part, state).unwrap();
        for state in damaged(&serde_json::to_value(state).unwrap()) {
            match serde_json::from_value::<ForestState>(state) {
                Ok(state) => {
                    let answered = trainer.answer(&mut part, &state).is_err();
                    let stepped = trainer.step(state, answer.clone()).is_err();
                    refused += usize::from(answered || stepped);
                }
                Err(_) => refused += 1,
            }
        }
        for partial in damaged(&serde_json::to_value(&answer).unwrap()) {
            let Ok(partial) = serde_json::from_value::<ForestPartial>(partial) else {
                refused += 1;
                continue;
            };
            let mut sum = trainer.identity(state);
            for _ in 0..2 {
                let _ = trainer.merge(&mut sum, &partial);
            }
            let _ = trainer.merge(&mut sum, &answer);
            for partial in [sum, partial] {
                refused += usize::from(trainer.step(state.clone(), partial).is_err());
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

proptest! {
    /// Counts that are no counts of these rows grow another tree or none, and never panic.
    #[test]
    fn any_counts_give_an_answer(
        counts in proptest::collection::vec(prop_oneof![0_u32..4, Just(u32::MAX)], 0..200),
    ) {
        let data = sales(60, 2);
        let trainer = forest(RandomForest::params().n_trees(1).max_bins(4).min_rows(1));
        let (states, _) = states(&trainer, &data);
        for state in &states[1..] {
            let asked = match trainer.answer(&mut trainer.part(&data), state).unwrap().0 {
                Answer::Counts(counts) => counts[0].len(),
                Answer::Spread(_) => unreachable!("the trees are growing"),
            };
            let mut counts = counts.clone();
            counts.resize(asked, 1);
            let partial = ForestPartial(Answer::Counts(vec![counts]));
            if let Ok(Next::Round(next)) = trainer.step(state.clone(), partial) {
                let _ = trainer.answer(&mut trainer.part(&data), &next);
            }
        }
    }
}

#[test]
fn trees_of_two_forests_are_put_together() {
    let data = sales(900, 3);
    let grown = |rows: &Dataset, n_trees: usize| {
        let trainer = RandomForest::params().n_trees(n_trees).check().unwrap();
        trainer.fit_forest(rows).unwrap()
    };
    let (a, b) = (grown(&third(&data, 0), 4), grown(&third(&data, 1), 12));
    let both = a.merge(&b).unwrap();
    assert_eq!(both.n_trees(), 16);
    let shares = |model: &ForestModel| match model.predict(data.features.view()).unwrap() {
        Prediction::Probabilities(shares) => shares,
        other => panic!("{other:?}"),
    };
    let expected = (shares(&a) + shares(&b) * 3.0) / 4.0;
    for (got, expected) in shares(&both).iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    for (feature, got) in both.importances().iter().enumerate() {
        let expected = (a.importances()[feature] + 3.0 * b.importances()[feature]) / 4.0;
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    let read: ForestModel = serde_json::from_value(both.to_json().unwrap()).unwrap();
    assert_eq!(read, both);
}

#[test]
fn forests_of_other_features_or_classes_are_not_put_together() {
    let trainer = RandomForest::params().n_trees(2).check().unwrap();
    let grown = |columns: usize, classes: usize| {
        let column: Vec<f64> = (0..60).map(f64::from).collect();
        let target = (0..60).map(|row| f64::from(row % 2)).collect();
        let data = dataset(&vec![column; columns], target, classes);
        trainer.fit_forest(&data).unwrap()
    };
    let said = |other: ForestModel| grown(2, 3).merge(&other).unwrap_err();
    assert_eq!(said(grown(1, 3)), "expected a forest of 2 features, got 1");
    assert_eq!(said(grown(2, 4)), "expected a forest of 3 classes, got 4");
}
