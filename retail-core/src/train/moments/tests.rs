use ndarray::{Array2, ShapeBuilder, array};
use proptest::prelude::*;

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

fn of(features: &Array2<f64>, target: &[f64], weights: Option<&[f64]>) -> Moments {
    let mut moments = Moments::new(features.ncols());
    moments.add(features.view(), target, weights).unwrap();
    moments
}

/// Means within `tolerance` standard deviations, scatters within `tolerance` relative to the
/// product of both columns' deviations.
fn close(a: &Moments, b: &Moments, tolerance: f64) -> bool {
    let n = a.n_features() + 1;
    let spread = |i: usize| b.scatter(i, i).sqrt();
    let mean = |m: &Moments, i: usize| (m.mean(i), m.mean_rest(i));
    a.n_samples() == b.n_samples()
        && (a.weight() - b.weight()).abs() <= tolerance * b.weight()
        && (0..n).all(|i| {
            let ((a_mean, a_rest), (b_mean, b_rest)) = (mean(a, i), mean(b, i));
            let apart = ((a_mean - b_mean) + (a_rest - b_rest)).abs();
            apart <= tolerance * b.standard_deviation(i)
                && (0..=i).all(|j| {
                    let apart = (a.scatter(i, j) - b.scatter(i, j)).abs();
                    apart <= tolerance * spread(i) * spread(j)
                })
        })
}

/// Moments of whole numbers, computed without rounding but for the last division.
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
        let got = of(&features, &target, None);
        let (means, scatter) = exact(&features, &target);
        for i in 0..4 {
            let size = means[i].abs().max(got.standard_deviation(i));
            let error = (got.mean(i) - means[i]).abs();
            assert!(error <= 1e-15 * size, "{n} {offset} {i}: {error:e}");
            for j in 0..4 {
                let size = (scatter[i][i] * scatter[j][j]).sqrt();
                let error = (got.scatter(i, j) - scatter[i][j]).abs();
                assert!(
                    error <= 1e-14 * size,
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
    let mut left = Moments::new(3);
    left.merge(&moments).unwrap();
    let mut right = moments.clone();
    right.merge(&Moments::new(3)).unwrap();
    right.add(Array2::zeros((0, 3)).view(), &[], None).unwrap();
    assert_eq!((&left, &right), (&moments, &moments));
    assert_eq!(
        (Moments::new(3).weight(), Moments::new(3).n_samples()),
        (0.0, 0)
    );
    assert!(!Moments::new(3).varies(0));
}

#[test]
fn parts_of_whole_blocks_give_the_same_bytes_as_all_rows_at_once() {
    let (features, target) = rows(3 * Moments::BLOCK_ROWS + 77, 3);
    let all = of(&features, &target, None);
    let mut parts = Moments::new(3);
    for range in [0..Moments::BLOCK_ROWS, Moments::BLOCK_ROWS..target.len()] {
        let part = features.slice_axis(ndarray::Axis(0), range.clone().into());
        parts.add(part, &target[range], None).unwrap();
    }
    assert_eq!(parts, all);
    let rows_first = features.as_standard_layout().to_owned();
    assert_eq!(of(&rows_first, &target, None), all);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for n in [0, 700, 64 * Moments::BLOCK_ROWS, 200_001] {
        let (features, target) = rows(n, 2);
        let features = features.mapv(|x| x * 0.1);
        let weights: Vec<f64> = target.iter().map(|y| y.abs() / 7.0).collect();
        for weights in [None, Some(&weights[..])] {
            let alone = of(&features, &target, weights);
            for threads in [0, 2, 8] {
                let mut together = Moments::new(features.ncols());
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
        let mut moments = of(&features, &target, None);
        moments.merge(&of(&features, &target, None)).unwrap();
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
        of(&features, &target, None).varies(0)
    };
    assert!(varies([1e9, 1e9 + 1.0, 1e9, 1e9]));
    assert!(varies([1e-9, 2e-9, 1e-9, 1e-9]));
    assert!(varies([1.0, 1.0 + 1e-11, 1.0, 1.0]));
    assert!(!varies([0.1 + 0.2, 0.3, 0.3, 0.3]));
}

#[test]
fn whole_weights_count_as_repetitions_and_zero_as_no_row() {
    let (features, target) = rows(900, 5);
    let weights: Vec<f64> = (0..900).map(|row| f64::from(row % 4)).collect();
    let weighted = of(&features, &target, Some(&weights));
    let repeated: Vec<usize> = (0..900).flat_map(|row| vec![row; row % 4]).collect();
    let chosen: Vec<f64> = repeated.iter().map(|&row| target[row]).collect();
    let expected = of(&features.select(ndarray::Axis(0), &repeated), &chosen, None);
    assert_eq!((weighted.weight(), weighted.n_samples()), (1350.0, 675));
    let mut same_count = expected.clone();
    same_count.n_samples = 675;
    assert!(
        close(&weighted, &same_count, 1e-13),
        "{weighted:?} {expected:?}"
    );

    let ones = of(&features, &target, Some(&vec![1.0; 900]));
    assert!(close(&ones, &of(&features, &target, None), 1e-14));
    let none = of(&features, &target, Some(&vec![0.0; 900]));
    assert_eq!(none, Moments::new(3));
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
    for large in [1e200, f64::MAX] {
        let error = refuse(&|x, _, _| {
            x[(0, 1)] = large;
            x[(1, 1)] = -large;
        });
        assert_eq!(error, MomentsError::Overflow { column: 1 });
    }
}

#[test]
fn merging_beyond_the_range_of_a_number_is_refused() {
    let of_one = |x: f64| of(&array![[x]], &[0.0], None);
    let mut left = of_one(1e200);
    let error = left.merge(&of_one(-1e200)).unwrap_err();
    assert_eq!(error, MomentsError::Overflow { column: 0 });
    assert_eq!(left, of_one(1e200));
    let error = left.merge(&Moments::new(4)).unwrap_err();
    assert_eq!(
        error,
        MomentsError::Features {
            expected: 1,
            got: 4
        }
    );
}

#[test]
fn json_round_trips_exactly_and_damage_is_refused() {
    let (features, target) = rows(700, 7);
    let moments = of(&features.mapv(|x| x / 7.0), &target, None);
    let text = serde_json::to_string(&moments).unwrap();
    assert_eq!(serde_json::from_str::<Moments>(&text).unwrap(), moments);

    let json = serde_json::to_value(&moments).unwrap();
    let damage = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = json.clone();
        change(&mut json);
        serde_json::from_value::<Moments>(json).is_err()
    };
    assert!(damage(&|json| json["mean"] = serde_json::json!([])));
    assert!(damage(&|json| json["mean_rest"] = serde_json::json!([0.0])));
    assert!(damage(&|json| json["scatter"][0] = serde_json::json!(-1.0)));
    assert!(damage(&|json| json["weight"] = serde_json::json!(-1.0)));
    assert!(damage(&|json| json["n_samples"] = serde_json::json!(0)));
    assert!(damage(&|json| json["more"] = serde_json::json!(0)));
}

proptest! {
    #[test]
    fn any_partition_merged_in_any_way_gives_the_same_moments(
        n in 1_usize..1500,
        cuts in proptest::collection::vec(0_usize..1500, 0..6),
        offset in -1e6_f64..1e6,
        power in -9_i32..=9,
        seed in any::<u32>(),
    ) {
        let (mut features, target) = rows(n, u64::from(seed));
        let unit = 10_f64.powi(power);
        features.column_mut(0).mapv_inplace(|x| (x + offset) * unit);
        let all = of(&features, &target, None);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(n)).chain([0, n]).collect();
        cuts.sort_unstable();
        let parts: Vec<Moments> = cuts.windows(2).map(|ends| {
            let range = ends[0]..ends[1];
            let part = features.slice_axis(ndarray::Axis(0), range.clone().into());
            of(&part.to_owned(), &target[range], None)
        }).collect();
        let merged = |parts: &mut dyn Iterator<Item = &Moments>| {
            let mut sum = Moments::new(3);
            for part in parts {
                sum.merge(part).unwrap();
            }
            sum
        };
        let forward = merged(&mut parts.iter());
        prop_assert_eq!(&forward, &merged(&mut parts.iter()));
        let backward = merged(&mut parts.iter().rev());
        let mut grouped = merged(&mut parts[..parts.len() / 2].iter());
        grouped.merge(&merged(&mut parts[parts.len() / 2..].iter())).unwrap();
        for moments in [&forward, &backward, &grouped] {
            prop_assert!(close(moments, &all, 1e-12), "{moments:?} {all:?}");
        }
    }
}
