use proptest::prelude::*;

use super::*;

#[test]
fn a_model_does_not_depend_on_threads() {
    let rows = noisy(100_000);
    let of = |threads: usize| {
        let trainer = LogisticRegression::params()
            .threads(threads)
            .check()
            .unwrap();
        trainer
            .fit_logistic(&rows)
            .unwrap()
            .to_json()
            .unwrap()
            .to_string()
    };
    let one = of(1);
    for threads in [0, 2, 3, 7] {
        assert_eq!(of(threads), one, "{threads}");
    }
}

#[test]
fn the_layout_in_memory_changes_no_byte() {
    let rows = noisy(20_000);
    let mut rows_first = rows.clone();
    rows_first.features = rows.features.as_standard_layout().to_owned();
    let model = |rows| trainer(1.0).fit_logistic(rows).unwrap();
    assert_eq!(model(&rows_first), model(&rows));
}

#[test]
fn answers_of_other_rounds_and_features_are_refused() {
    let trainer = trainer(1.0);
    let rows = noisy(200);
    let first = trainer.begin(&Head::of(&rows)).unwrap();
    let mut part = trainer.part(&rows);
    let mut scale = trainer.answer(&mut part, &first).unwrap();
    let Ok(Next::Round(second)) = trainer.step(first.clone(), scale.clone()) else {
        panic!("a second round");
    };
    let mut sums = trainer.answer(&mut part, &second).unwrap();
    let refused = Err(NotTrained::foreign("logistic-regression"));
    assert_eq!(trainer.merge(&mut scale, &sums), refused);
    assert_eq!(trainer.merge(&mut sums, &scale), refused);
    assert_eq!(
        trainer.step(first, sums.clone()).err(),
        refused.clone().err()
    );
    assert_eq!(trainer.step(second.clone(), scale).err(), refused.err());

    // Rows that were not there in the first round are noticed if they are unlike those.
    let mut others = rows.clone();
    others.features[(7, 1)] = 1e9;
    let answer = |rows: &Dataset| trainer.answer(&mut trainer.part(rows), &second);
    assert_eq!(answer(&others), Err(NotTrained::OtherRows));
    others.features[(7, 1)] = f64::NAN;
    assert_eq!(answer(&others), Err(NotTrained::OtherRows));
    others.features = others.features.select(Axis(1), &[0, 1]);
    assert_eq!(answer(&others), Err(NotTrained::OtherRows));
}

/// A state or partial that was damaged on its way is refused, or leads to an answer; nothing panics.
#[test]
fn damaged_messages_do_not_panic() {
    let trainer = trainer(1.0);
    let rows = noisy(60);
    let first = trainer.begin(&Head::of(&rows)).unwrap();
    let mut part = trainer.part(&rows);
    let scale = trainer.answer(&mut part, &first).unwrap();
    let Ok(Next::Round(second)) = trainer.step(first.clone(), scale.clone()) else {
        panic!("a second round");
    };
    let sums = trainer.answer(&mut part, &second).unwrap();
    let mut refused = 0;
    for state in damaged(&serde_json::to_value(&second).unwrap()) {
        match serde_json::from_value::<LogisticState>(state) {
            Ok(state) => {
                let answered = trainer.answer(&mut part, &state).is_err();
                refused += usize::from(answered | trainer.step(state, sums.clone()).is_err());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100, "{refused}");
    for (state, partial) in [(&first, &scale), (&second, &sums)] {
        for partial in damaged(&serde_json::to_value(partial).unwrap()) {
            if let Ok(partial) = serde_json::from_value::<LogisticPartial>(partial) {
                let mut sum = trainer.identity(state);
                let _ = trainer.merge(&mut sum, &partial);
                let _ = trainer.step(state.clone(), partial);
            }
        }
    }
}

proptest! {
    #[test]
    fn whole_weights_equal_repetitions_and_zero_no_row(
        weights in proptest::collection::vec(0_u8..4, 200),
    ) {
        let rows = noisy(200);
        let repeated: Vec<usize> =
            weights.iter().enumerate().flat_map(|(row, &k)| vec![row; usize::from(k)]).collect();
        let again = Dataset {
            features: rows.features.select(Axis(0), &repeated),
            target: repeated.iter().map(|&row| rows.target[row]).collect(),
            ..rows.clone()
        };
        let weights: Vec<f64> = weights.iter().map(|&k| f64::from(k)).collect();
        let weighted = trainer(0.5).fit_weighted(&rows, &weights).unwrap();
        let expected = trainer(0.5).fit_logistic(&again).unwrap();
        for (a, b) in weighted.coefficients().iter().zip(expected.coefficients()) {
            prop_assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn units_do_not_matter(power in -9_i32..=9, shift in -3.0_f64..3.0, column in 0_usize..3) {
        let base = known(200);
        let model = trainer(1.0).fit_logistic(&base).unwrap();
        let mut other = base.clone();
        let unit = 10_f64.powi(power);
        other.features.column_mut(column).mapv_inplace(|x| (x + shift) * unit);
        let changed = trainer(1.0).fit_logistic(&other).unwrap();
        for (a, b) in model.coefficients().iter().zip(changed.coefficients()) {
            prop_assert!(close(*a, *b, 1e-9), "{a} {b}");
        }
    }

    #[test]
    fn swapped_classes_change_signs_only(flips in proptest::collection::vec(0_usize..200, 0..40)) {
        let mut rows = known(200);
        for row in flips {
            rows.target[row] = 1.0 - rows.target[row];
        }
        let model = trainer(1.0).fit_logistic(&rows).unwrap();
        for y in &mut rows.target {
            *y = 1.0 - *y;
        }
        let swapped = trainer(1.0).fit_logistic(&rows).unwrap();
        for (a, b) in model.coefficients().iter().zip(swapped.coefficients()) {
            prop_assert!((a + b).abs() < 1e-9, "{a} {b}");
        }
        prop_assert!((model.intercept() + swapped.intercept()).abs() < 1e-9);
    }
}
