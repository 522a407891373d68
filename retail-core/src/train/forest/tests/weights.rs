use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{ForestModel, RandomForest, RandomForestParams};
use super::{dataset, draw, fit, noise, sales};
use crate::train::{Dataset, NotTrained};

fn weighted(
    params: RandomForestParams,
    data: &Dataset,
    weights: &[f64],
) -> Result<ForestModel, NotTrained> {
    let trainer = params.check().unwrap();
    trainer.fit_weighted_while(data, weights, &|| true)
}

/// Weights from 0 to 4.
fn weights(data: &Dataset) -> Vec<f64> {
    let n_rows = data.n_samples() as u64;
    (0..n_rows).map(|row| (draw(9, row) % 5) as f64).collect()
}

/// The same rows, each as often as its weight says.
fn repeated(data: &Dataset, weights: &[f64]) -> Dataset {
    let rows: Vec<usize> = (0..data.n_samples())
        .flat_map(|row| std::iter::repeat_n(row, weights[row] as usize))
        .collect();
    Dataset {
        features: data.features.select(ndarray::Axis(0), &rows),
        target: rows.iter().map(|&row| data.target[row]).collect(),
        row_numbers: (0..rows.len() as u64).collect(),
        ..data.clone()
    }
}

/// More features than an entry holds bins of, one of them of more distinct values than are numbered.
fn wide(n_rows: usize) -> Dataset {
    let column = |feature: u64| {
        let values = if feature == 0 { 1 << 40 } else { 50 };
        (0..n_rows as u64)
            .map(|row| (draw(feature, row) % values) as f64)
            .collect::<Vec<_>>()
    };
    let columns: Vec<_> = (0..8).map(column).collect();
    let target = columns[0].iter().zip(&columns[3]);
    let target = target.map(|(a, b)| f64::from(u8::from(a % 3.0 + b > 20.0)));
    dataset(&columns, target.collect(), 2)
}

fn all_rows() -> RandomForestParams {
    RandomForest::params().bootstrap(false).n_trees(4)
}

#[test]
fn a_weight_counts_as_so_many_rows() {
    for data in [sales(3_000, 1), noise(800), wide(40_000)] {
        let weights = weights(&data);
        for params in [
            all_rows(),
            all_rows().min_samples_leaf(40).min_samples_split(90),
        ] {
            let expected = fit(params.clone(), &repeated(&data, &weights));
            assert!(weighted(params, &data, &weights).unwrap() == expected);
        }
    }
}

#[test]
fn only_the_ratios_of_weights_that_are_not_whole_count() {
    let data = sales(2_000, 3);
    let weights: Vec<_> = weights(&data).iter().map(|k| k + 0.5).collect();
    let times = |factor: f64| weights.iter().map(|k| k * factor).collect::<Vec<_>>();
    let params = || RandomForest::params().n_trees(5).min_samples_leaf(7);
    let once = weighted(params(), &data, &weights).unwrap();
    assert_eq!(weighted(params(), &data, &times(0.25)), Ok(once.clone()));
    assert_eq!(
        weighted(params(), &data, &times(1e-30)).map(|m| m.n_trees()),
        Ok(5)
    );
    let again = weighted(params(), &data, &times(1.0 / 1024.0));
    assert_eq!(again, Ok(once));
}

#[test]
fn weights_that_are_not_whole_have_a_mean_of_one_row() {
    let data = sales(2_000, 4);
    let params = || RandomForest::params().n_trees(5).min_samples_leaf(9);
    let halves = vec![0.5; 2_000];
    assert_eq!(weighted(params(), &data, &halves), Ok(fit(params(), &data)));
    let enough = || params().min_rows(2_000);
    assert!(weighted(enough(), &data, &halves).is_ok());
    assert!(weighted(enough().min_rows(2_001), &data, &halves).is_err());
}

#[test]
fn weights_of_one_change_nothing() {
    for data in [sales(2_000, 4), wide(500)] {
        let ones = vec![1.0; data.n_samples()];
        let params = || RandomForest::params().n_trees(7);
        assert_eq!(weighted(params(), &data, &ones), Ok(fit(params(), &data)));
    }
}

#[test]
fn weights_and_the_bootstrap_multiply() {
    let data = noise(600);
    let twos = vec![2.0; data.n_samples()];
    let params = || RandomForest::params().n_trees(7);
    // Twice the samples in every node: the same splits where no limit is near.
    assert_eq!(
        weighted(
            params().min_samples_leaf(2).min_samples_split(4),
            &data,
            &twos
        ),
        Ok(fit(
            params().min_samples_leaf(1).min_samples_split(2),
            &data
        ))
    );
}

#[test]
fn rows_of_weight_0_count_for_nothing() {
    let data = sales(1_000, 6);
    let mut only = vec![0.0; 1_000];
    let of_class = |class: f64| (0..1_000).filter(move |&row| data.target[row] == class);
    for row in of_class(1.0) {
        only[row] = 1.0;
    }
    let data = sales(1_000, 6);
    let one_class = weighted(all_rows(), &data, &only).unwrap_err();
    assert_eq!(one_class, NotTrained::OneClass { class: "c1".into() });
    let few: Vec<_> = (0..1_000).map(|row| f64::from(u8::from(row < 4))).collect();
    let too_few = weighted(all_rows().min_rows(5), &data, &few).unwrap_err();
    assert_eq!(too_few, NotTrained::TooFewRows { needed: 5, got: 4 });
}

#[test]
fn what_is_no_weight_is_refused() {
    let data = sales(100, 7);
    let mut wrong = vec![1.0; 100];
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        wrong[7] = value;
        let refused = weighted(all_rows(), &data, &wrong);
        assert_eq!(refused, Err(NotTrained::Weight { row: 7 }), "{value}");
    }
    let short = weighted(all_rows(), &data, &wrong[..7]);
    assert_eq!(short, Err(NotTrained::Weight { row: 7 }));
    assert!(weighted(all_rows(), &data, &[0.0; 100]).is_err());
}

#[test]
fn a_forest_that_is_stopped_is_none() {
    let data = sales(500, 8);
    let trainer = RandomForest::params()
        .n_trees(50)
        .threads(1)
        .check()
        .unwrap();
    let asked = AtomicUsize::new(0);
    let stopped = trainer.fit_forest_while(&data, &|| asked.fetch_add(1, Ordering::Relaxed) < 7);
    assert_eq!(stopped, Err(NotTrained::Stopped));
    // The trees after the one that was stopped do not even begin to grow.
    assert!(asked.into_inner() <= 7 + 50);
}
