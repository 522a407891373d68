use proptest::prelude::*;

use super::*;
use crate::train::PrefixSummaries;

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
    let trainer = LeastSquares::params().min_rows(1).check().unwrap();
    let weighted = trainer.fit_weighted(&rows, &weights).unwrap();
    let expected = trainer.fit_linear(&again).unwrap();
    for (got, expected) in weighted.coefficients().iter().zip(expected.coefficients()) {
        assert!((got - expected).abs() < 1e-10, "{got} {expected}");
    }
}

#[test]
fn foreign_summaries_are_refused() {
    #[derive(Debug)]
    struct Other;
    impl Summary for Other {
        fn n_samples(&self) -> u64 {
            0
        }
    }
    let trainer = LeastSquares::default();
    let own = trainer.summarize(&known(200)).unwrap();
    let mut renamed = known(200);
    renamed.feature_names[0] = "z".into();
    let renamed = trainer.summarize(&renamed).unwrap();
    for result in [
        trainer.merge(&*own, &Other).err(),
        trainer.merge(&Other, &*own).err(),
        trainer.merge(&*own, &*renamed).err(),
        trainer.solve(&Other).err(),
    ] {
        assert_eq!(result, Some(foreign()));
    }
}

#[test]
fn a_fit_is_the_solution_of_its_summary_and_repeats_to_the_byte() {
    let trainer = LeastSquares::default();
    let rows = known(3000);
    let mergeable = trainer.mergeable().unwrap();
    let summary = mergeable.summarize(&rows).unwrap();
    let solved = mergeable.solve(&*summary).unwrap().to_json().to_string();
    assert_eq!(solved, trainer.fit(&rows).unwrap().to_json().to_string());
    assert_eq!(summary.n_samples(), 3000);
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

fn same_model(a: &LinearModel, b: &LinearModel, tolerance: f64) -> bool {
    let pairs = a.coefficients().iter().zip(b.coefficients());
    let errors = (a.standard_errors().unwrap(), b.standard_errors().unwrap());
    pairs.into_iter().all(|(a, b)| close(*a, *b, tolerance))
        && close(a.intercept(), b.intercept(), tolerance)
        && close(
            a.residual_std().unwrap(),
            b.residual_std().unwrap(),
            tolerance,
        )
        && errors
            .0
            .1
            .iter()
            .zip(&errors.1.1)
            .all(|(a, b)| close(*a, *b, tolerance))
}

proptest! {
    #[test]
    fn any_partition_into_batches_gives_the_same_model(
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        n in 50_u32..2500,
        backward in any::<bool>(),
    ) {
        let trainer = LeastSquares::default();
        let rows = known(n);
        let ends = ends(cuts, n as usize);
        let mut parts: Vec<_> = ends
            .windows(2)
            .map(|ends| trainer.summarize(&part(&rows, ends[0]..ends[1])).unwrap())
            .collect();
        if backward {
            parts.reverse();
        }
        let merge = || {
            let merged = parts.iter().skip(1).fold(Arc::clone(&parts[0]), |sum, part| {
                trainer.merge(&*sum, &**part).unwrap()
            });
            trainer.solve_linear(own(&*merged).unwrap()).unwrap()
        };
        let model = merge();
        prop_assert!(same_model(&model, &fit(&rows), 1e-10), "{model:?} {:?}", fit(&rows));
        prop_assert_eq!(model.to_json().to_string(), merge().to_json().to_string());
    }

    #[test]
    fn prefixes_of_batches_give_the_models_of_the_first_rows(
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        n in 60_u32..1500,
        wanted in 50_usize..2000,
    ) {
        let trainer = LeastSquares::default();
        let rows = known(2000);
        let ends = ends(cuts, n as usize);
        let mut prefixes = PrefixSummaries::new();
        for ends in ends.windows(2) {
            let range = ends[0]..ends[1];
            let summary = trainer.summarize(&part(&rows, range.clone())).unwrap();
            prefixes.push(&trainer, range.len() as u64, summary).unwrap();
        }
        prop_assert_eq!(prefixes.n_rows(), u64::from(n));
        for (batches, end) in ends.iter().enumerate().skip(1) {
            let merged = prefixes.first(batches).unwrap();
            prop_assert_eq!(merged.n_samples() as usize, *end);
        }
        prop_assert!(prefixes.first(0).is_none());
        prop_assert!(prefixes.first(prefixes.n_batches() + 1).is_none());

        let mut asked = 0..0;
        let summary = prefixes.until(&trainer, wanted as u64, |range| {
            asked = range.start as usize..range.end as usize;
            trainer.summarize(&part(&rows, asked.clone()))
        }).unwrap();
        let whole = ends.iter().copied().filter(|&end| end <= wanted).max().unwrap();
        prop_assert_eq!(asked.len(), wanted - whole);
        let model = trainer.solve_linear(own(&*summary).unwrap()).unwrap();
        prop_assert!(same_model(&model, &fit(&part(&rows, 0..wanted)), 1e-10), "{model:?}");
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
