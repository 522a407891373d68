mod properties;

use ndarray::{Array2, ShapeBuilder, array};

use super::*;

/// Whole numbers, so that exact moments are known, times `unit`, plus `offset`.
fn rows(n: usize, seed: u64) -> (Array2<f64>, Vec<f64>) {
    let value = |row: usize, column: u64| {
        let mixed = (row as u64 + 1).wrapping_mul(2 * (seed + column) + 0x9E37_79B9_7F4A_7C15);
        ((mixed >> 40) % 2001) as f64 - 1000.0
    };
    let features = Array2::from_shape_fn((n, 3).f(), |(row, column)| value(row, column as u64));
    (features, (0..n).map(|row| value(row, 3)).collect())
}

fn of(features: &Array2<f64>, target: &[f64], weights: Option<&[f64]>) -> MomentSums {
    let mut sums = MomentSums::new(features.ncols());
    sums.add(features.view(), target, weights).unwrap();
    sums
}

/// Moments of whole numbers, computed without rounding except in the last division.
fn exact(features: &Array2<f64>, target: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = target.len() as i128;
    let column = |index: usize, row: usize| -> i128 {
        let value = features.get((row, index)).copied().unwrap_or(target[row]);
        value as i128
    };
    let sum = |i: usize| (0..target.len()).map(|row| column(i, row)).sum::<i128>();
    let product = |i: usize, j: usize| -> f64 {
        let products = (0..target.len()).map(|row| column(i, row) * column(j, row));
        (n * products.sum::<i128>() - sum(i) * sum(j)) as f64 / n as f64
    };
    let columns = features.ncols() + 1;
    (
        (0..columns).map(|i| sum(i) as f64 / n as f64).collect(),
        (0..columns)
            .map(|i| (0..columns).map(|j| product(i, j)).collect())
            .collect(),
    )
}

#[test]
fn moments_agree_with_exact_arithmetic_far_from_zero_too() {
    for (n, offset) in [
        (1, 0.0),
        (2, 0.0),
        (511, 0.0),
        (513, 1e6),
        (5000, 1e9),
        (5000, 1e12),
    ] {
        let (mut features, target) = rows(n, 1);
        features.column_mut(1).mapv_inplace(|x| x + offset);
        let got = of(&features, &target, None).moments();
        let (means, scatter) = exact(&features, &target);
        for i in 0..4 {
            let size = means[i].abs().max(got.standard_deviation(i));
            let error = (got.mean(i) - means[i]).abs();
            assert!(error <= 2e-16 * size, "{n} {offset} {i}: {error:e}");
            for j in 0..4 {
                let size = (scatter[i][i] * scatter[j][j]).sqrt();
                let error = (got.scatter(i, j) - scatter[i][j]).abs();
                assert!(
                    error <= 4e-16 * size,
                    "{n} {offset} {i} {j}: {error:e} of {size:e}"
                );
            }
        }
    }
}

#[test]
fn no_rows_change_nothing() {
    let (features, target) = rows(700, 2);
    let moments = of(&features, &target, None);
    let mut left = MomentSums::new(3);
    left.merge(&moments).unwrap();
    let mut right = moments.clone();
    right.merge(&MomentSums::new(3)).unwrap();
    right.add(Array2::zeros((0, 3)).view(), &[], None).unwrap();
    assert_eq!((&left, &right), (&moments, &moments));
    let none = MomentSums::new(3).moments();
    assert_eq!(
        (none.weight(), none.n_samples(), none.mean(1)),
        (0.0, 0, 0.0)
    );
    assert!(!none.varies(0));
}

#[test]
fn the_layout_in_memory_changes_no_byte() {
    let (features, target) = rows(7001, 3);
    let rows_first = features.as_standard_layout().to_owned();
    assert_eq!(of(&rows_first, &target, None), of(&features, &target, None));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for n in [0, 700, 2048 * 64, 200_001] {
        let (features, target) = rows(n, 2);
        let features = features.mapv(|x| x * 0.1);
        let weights: Vec<f64> = target.iter().map(|y| y.abs() / 7.0).collect();
        for weights in [None, Some(&weights[..])] {
            let alone = of(&features, &target, weights);
            for threads in [0, 2, 8] {
                let mut together = MomentSums::new(features.ncols());
                together
                    .add_in_parallel(features.view(), &target, weights, threads)
                    .unwrap();
                assert_eq!(together, alone, "{n} rows, {threads} threads");
            }
        }
    }
}

#[test]
fn equal_values_have_exactly_their_mean_and_no_scatter() {
    for value in [0.1, -3.3e-9, 7.7e11] {
        let n = 1777;
        let features = Array2::from_elem((n, 1).f(), value);
        let (_, target) = rows(n, 4);
        let mut sums = of(&features, &target, None);
        sums.merge(&of(&features, &target, None)).unwrap();
        let moments = sums.moments();
        assert_eq!((moments.mean(0), moments.scatter(0, 0)), (value, 0.0));
        assert_eq!(moments.scatter(0, 1), 0.0);
        assert!(!moments.varies(0) && moments.varies(1));
    }
}

#[test]
fn a_column_varies_when_more_than_rounding_does() {
    let target = [0.0; 4];
    let varies = |values: [f64; 4]| {
        let features = Array2::from_shape_fn((4, 1), |(row, _)| values[row]);
        of(&features, &target, None).moments().varies(0)
    };
    assert!(varies([1e9, 1e9 + 1.0, 1e9, 1e9]));
    assert!(varies([1e-9, 2e-9, 1e-9, 1e-9]));
    assert!(varies([1.0, 1.0 + 1e-11, 1.0, 1.0]));
    assert!(!varies([0.1 + 0.2, 0.3, 0.3, 0.3]));
}

#[test]
fn whole_weights_count_as_repetitions_and_zero_as_no_row() {
    let (features, target) = rows(900, 5);
    for unit in [1.0, 0.01, 1.0 / 7.0] {
        let features = features.mapv(|x| x * unit);
        let weights: Vec<f64> = (0..900).map(|row| f64::from(row % 4)).collect();
        let weighted = of(&features, &target, Some(&weights));
        let repeated: Vec<usize> = (0..900).flat_map(|row| vec![row; row % 4]).collect();
        let chosen: Vec<f64> = repeated.iter().map(|&row| target[row]).collect();
        let mut expected = of(&features.select(ndarray::Axis(0), &repeated), &chosen, None);
        assert_eq!(
            (weighted.moments().weight(), weighted.n_samples()),
            (1350.0, 675)
        );
        expected = expected.with_n_samples(675);
        assert_eq!(weighted, expected, "{unit}");

        let ones = of(&features, &target, Some(&vec![1.0; 900]));
        assert_eq!(ones, of(&features, &target, None), "{unit}");
        let none = of(&features, &target, Some(&vec![0.0; 900]));
        assert_eq!(none, MomentSums::new(3), "{unit}");
    }
}

#[test]
fn weights_of_any_size_leave_equal_values_without_scatter() {
    let (features, target) = rows(500, 8);
    let features = features.mapv(|_| 0.1);
    let weights: Vec<f64> = target.iter().map(|y| (y / 7.3).abs()).collect();
    let moments = of(&features, &target, Some(&weights)).moments();
    assert_eq!((moments.mean(1), moments.scatter(1, 1)), (0.1, 0.0));
    assert_eq!(moments.scatter(1, moments.target()), 0.0);
}

/// Prices are summed as the decimals that they stand for.
#[test]
fn decimals_are_summed_as_such() {
    let features = Array2::from_elem((1000, 1), 2.55);
    let mut sums = of(&features, &[0.1 + 0.2; 1000], None);
    assert_eq!(sums, of(&features, &[0.3; 1000], None));
    sums.add(array![[-2550.0]].view(), &[-300.0], None).unwrap();
    let moments = sums.moments();
    assert_eq!((moments.mean(0), moments.mean(1)), (0.0, 0.0));
}

#[test]
fn values_too_far_apart_for_limbs_have_exact_sums_too() {
    let far = array![
        [1e100, 1e-200],
        [-1e100, 3e-200],
        [2.5, 5e-324],
        [0.1, 1.0 / 3.0]
    ];
    let target = [1e-90, 1e90, 7.0, 1.0 / 7.0];
    for weights in [None, Some(&[0.3, 2.0, 1.0, 1e-7][..])] {
        let all = of(&far, &target, weights);
        let mut parts = MomentSums::new(2);
        for row in [2, 0, 3, 1] {
            let weight = weights.map(|weights| &weights[row..=row]);
            let one = far.slice_axis(ndarray::Axis(0), (row..=row).into());
            let mut part = MomentSums::new(2);
            part.add(one, &target[row..=row], weight).unwrap();
            parts.merge(&part).unwrap();
        }
        assert_eq!(parts, all);
    }
    let moments = of(&far, &target, None).moments();
    assert_eq!(moments.mean(0), (2.5 + 0.1) / 4.0);
}

#[test]
fn rows_can_be_taken_away_again() {
    let (features, target) = rows(5000, 9);
    let features = features.mapv(|x| x / 3.0);
    let part = |range: std::ops::Range<usize>| {
        let rows = features.slice_axis(ndarray::Axis(0), range.clone().into());
        of(&rows.to_owned(), &target[range], None)
    };
    let mut rest = part(0..5000);
    rest.revert(&part(1234..4000)).unwrap();
    let mut expected = part(0..1234);
    expected.merge(&part(4000..5000)).unwrap();
    assert_eq!(rest, expected);
    assert!(rest.revert(&part(0..5000)).is_err());
    assert_eq!(rest, expected);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_added() {
    let (features, target) = rows(600, 6);
    let before = of(&features, &target, None);
    type Change<'a> = &'a dyn Fn(&mut Array2<f64>, &mut Vec<f64>, &mut Option<Vec<f64>>);
    let refuse = |change: Change<'_>| {
        let (mut features, mut target) = rows(600, 6);
        let mut weights = None;
        change(&mut features, &mut target, &mut weights);
        let mut moments = before.clone();
        let error = moments
            .add(features.view(), &target, weights.as_deref())
            .unwrap_err();
        assert_eq!(moments, before);
        error
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let expected = MomentsError::NotFinite {
            column: 2,
            row: 599,
        };
        assert_eq!(refuse(&|x, _, _| x[(599, 2)] = bad), expected);
        assert_eq!(
            refuse(&|_, y, _| y[3] = bad),
            MomentsError::NotFinite { column: 3, row: 3 }
        );
        // A row that does not count has to be a row of numbers all the same.
        let ignored = refuse(&|x, _, w| {
            x[(599, 2)] = bad;
            *w = Some((0..600).map(|row| f64::from(u8::from(row < 300))).collect());
        });
        assert_eq!(ignored, expected);
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = refuse(&|_, _, w| {
            let mut weights = vec![1.0; 600];
            weights[9] = bad;
            *w = Some(weights);
        });
        assert_eq!(error, MomentsError::Weight { row: 9 });
    }
    assert_eq!(
        refuse(&|_, _, w| *w = Some(vec![1.0; 599])),
        MomentsError::Weight { row: 599 }
    );
    assert_eq!(
        refuse(&|_, y, _| y.truncate(5)),
        MomentsError::Shape {
            rows: 600,
            targets: 5
        }
    );
    assert_eq!(
        refuse(&|x, _, _| *x = Array2::zeros((600, 2))),
        MomentsError::Features {
            expected: 3,
            got: 2
        }
    );
    for large in [1e130, 1e200, f64::MAX] {
        let error = refuse(&|x, _, _| {
            x[(0, 1)] = large;
            x[(1, 1)] = -large;
        });
        assert_eq!(error, MomentsError::Overflow { column: 1 });
    }
}

#[test]
fn sums_over_other_features_are_refused() {
    let of_one = of(&array![[1e100]], &[0.0], None);
    let mut left = of_one.clone();
    let (expected, got) = (1, 4);
    let refused = Err(MomentsError::Features { expected, got });
    assert_eq!(left.merge(&MomentSums::new(4)), refused);
    assert_eq!(left.revert(&MomentSums::new(4)), refused);
    assert_eq!(left, of_one);
}

#[test]
fn json_round_trips_exactly_and_damage_is_refused() {
    let (features, target) = rows(700, 7);
    let sums = of(&features.mapv(|x| x / 7.0), &target, None);
    for sums in [sums.clone(), MomentSums::new(3)] {
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(serde_json::from_str::<MomentSums>(&text).unwrap(), sums);
    }
    let json = serde_json::to_value(&sums).unwrap();
    let damage = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = json.clone();
        change(&mut json);
        serde_json::from_value::<MomentSums>(json).is_err()
    };
    assert!(damage(&|json| json["n_features"] = serde_json::json!(2)));
    assert!(damage(
        &|json| json["n_features"] = serde_json::json!(u64::MAX)
    ));
    assert!(damage(&|json| json["digits"][3] = serde_json::json!([0])));
    assert!(damage(&|json| json["digits"]
        .as_array_mut()
        .unwrap()
        .truncate(3)));
    assert!(damage(
        &|json| json["digits"][0] = serde_json::json!(vec![-5; 20])
    ));
    assert!(damage(&|json| json["low"] = serde_json::json!(100_000)));
    assert!(damage(&|json| json["n_samples"] = serde_json::json!(0)));
    assert!(damage(&|json| json["more"] = serde_json::json!(0)));
    // The largest square first, so that it is negative then.
    let negative = |json: &mut serde_json::Value| {
        for digit in json["digits"][0].as_array_mut().unwrap() {
            *digit = serde_json::json!(-1);
        }
    };
    assert!(damage(&negative));
}
