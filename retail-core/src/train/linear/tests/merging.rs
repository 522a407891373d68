use proptest::prelude::*;

use super::*;

#[test]
fn weights_equal_repetitions_where_columns_outnumber_rows() {
    let value =
        |row: usize, column: usize| ((row * 31 + column * 17 + row * column * 7) % 23) as f64;
    let wide: Vec<Vec<f64>> = (0..30)
        .map(|column| (0..15).map(|row| value(row, column)).collect())
        .collect();
    let rows = data(&wide, (0..15).map(|row| value(row, 40)).collect());
    let weights: Vec<f64> = (0..15).map(|row| f64::from(row % 5)).collect();
    let repeated: Vec<usize> = (0..15).flat_map(|row| vec![row; row % 5]).collect();
    let again = Dataset {
        features: rows.features.select(Axis(0), &repeated),
        target: repeated.iter().map(|&row| rows.target[row]).collect(),
        ..rows.clone()
    };
    let trainer = LinearRegression::params().min_rows(1).check().unwrap();
    let weighted = trainer.fit_weighted(&rows, &weights).unwrap();
    let expected = trainer.fit_linear(&again).unwrap();
    for (got, expected) in weighted.coefficients().iter().zip(expected.coefficients()) {
        assert!((got - expected).abs() < 1e-10, "{got} {expected}");
    }
}

#[test]
fn foreign_sums_are_refused() {
    let trainer = LinearRegression::default();
    let logistic = crate::train::LogisticRegression::default();
    let own = trainer.summarize(&known(200)).unwrap();
    let [a, b, _] = columns(200);
    let fewer = trainer.summarize(&data(&[a, b], vec![1.0; 200])).unwrap();
    let refused = Some(NotTrained::foreign("linear-regression"));
    let head = Head::of(&known(200));
    assert_eq!(AnyRounds::merge(&trainer, &own, &fewer).err(), refused);
    assert_eq!(AnyRounds::revert(&trainer, &own, &fewer).err(), refused);
    assert_eq!(trainer.solve(&head, &fewer).err(), refused);
    // Logistic regression takes more than one round.
    let refused = Some(NotTrained::foreign("logistic-regression"));
    assert_eq!(AnyRounds::merge(&logistic, &own, &own).err(), refused);
}

#[test]
fn a_fit_is_the_solution_of_its_sums() {
    let trainer = LinearRegression::default();
    let rows = known(3000);
    let sum = trainer.summarize(&rows).unwrap();
    let solved = trainer.solve(&Head::of(&rows), &sum).unwrap();
    assert_eq!(json(&*solved), json(&*trainer.fit(&rows).unwrap()));
}

fn json(model: &dyn Model) -> String {
    model.to_json().unwrap().to_string()
}

/// Ends of parts of `n` rows, among them empty ones.
fn ends(cuts: Vec<usize>, n: usize) -> Vec<usize> {
    let mut ends: Vec<usize> = cuts
        .into_iter()
        .map(|cut| cut % (n + 1))
        .chain([0, n])
        .collect();
    ends.sort_unstable();
    ends
}

proptest! {
    #[test]
    fn runs_of_batches_give_the_models_of_their_rows(
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        start in 0_usize..1000,
        len in 10_usize..1000,
    ) {
        let trainer = LinearRegression::default();
        let rows = known(2000);
        let ends = ends(cuts, 2000);
        let mut sums = PrefixSums::new();
        for ends in ends.windows(2) {
            let range = ends[0]..ends[1];
            let sum = trainer.summarize(&part(&rows, range.clone())).unwrap();
            sums.push(&trainer, range.len() as u64, sum).unwrap();
        }
        prop_assert_eq!((sums.n_rows(), sums.n_batches()), (2000, ends.len() - 1));

        let wanted = start..start + len;
        let mut asked = Vec::new();
        let sum = sums.over(&trainer, wanted.start as u64..wanted.end as u64, &mut |range| {
            let range = range.start as usize..range.end as usize;
            asked.push(range.clone());
            trainer.summarize(&part(&rows, range))
        });
        let model = trainer.solve(&Head::of(&rows), &sum.unwrap().unwrap()).unwrap();
        prop_assert_eq!(json(&*model), json(&fit(&part(&rows, wanted.clone()))));
        // Only parts of batches are looked at.
        for range in asked {
            let whole = ends.windows(2).any(|ends| range.start <= ends[0] && ends[0] < ends[1] && ends[1] <= range.end);
            prop_assert!(!whole, "{range:?} {ends:?}");
        }
        let whole = sums.over(&trainer, 0..2000, &mut |_| panic!("only whole batches"));
        prop_assert!(whole.unwrap().is_some());
        let beyond = sums.over(&trainer, 0..2001, &mut |_| panic!("not there"));
        prop_assert!(beyond.unwrap().is_none());
    }

    /// Another unit or zero of a feature changes its coefficient and the intercept accordingly,
    /// and no prediction.
    #[test]
    fn units_do_not_matter(
        power in -9_i32..=9, shift in -3.0_f64..3.0, target_power in -9_i32..=9, column in 0_usize..3,
    ) {
        let base = known(200);
        let model = fit(&base);
        let (unit, target_unit) = (10_f64.powi(power), 10_f64.powi(target_power));
        let mut other = base.clone();
        other.features.column_mut(column).mapv_inplace(|x| (x + shift) * unit);
        for y in &mut other.target {
            *y *= target_unit;
        }
        let changed = fit(&other);
        for index in 0..3 {
            let factor = if index == column { target_unit / unit } else { target_unit };
            let expected = model.coefficients()[index] * factor;
            prop_assert!(close(changed.coefficients()[index], expected, 1e-11), "{changed:?}");
        }
        let pairs = values(&model, &base.features).into_iter().zip(values(&changed, &other.features));
        for (before, after) in pairs {
            prop_assert!((after / target_unit - before).abs() < 1e-10, "{before} {after}");
        }
    }
}
