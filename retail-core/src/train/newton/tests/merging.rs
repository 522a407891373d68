use proptest::prelude::*;

use super::*;

#[test]
fn a_model_does_not_depend_on_threads() {
    let rows = noisy(100_000);
    let of = |threads: usize| {
        let trainer = NewtonLogistic::params().threads(threads).check().unwrap();
        trainer.fit_logistic(&rows).unwrap().to_json().to_string()
    };
    let one = of(1);
    for threads in [0, 2, 3, 7] {
        assert_eq!(of(threads), one, "{threads}");
    }
}

/// The model of parts that lie at these places, each added in order.
fn in_parts(data: &Dataset, cuts: &[usize], merge: bool) -> LogisticModel {
    let mut ends = vec![0];
    ends.extend(cuts);
    ends.push(data.n_samples());
    let parts: Vec<_> = ends
        .windows(2)
        .map(|ends| {
            let range = ends[0]..ends[1];
            let features = data.features.slice_axis(Axis(0), range.clone().into());
            (features, &data.target[range])
        })
        .collect();
    let mut moments = Moments::new(3);
    for (features, target) in &parts {
        if merge {
            let mut part = Moments::new(3);
            part.add(*features, target, None).unwrap();
            moments.merge(&part).unwrap();
        } else {
            moments.add(*features, target, None).unwrap();
        }
    }
    let fitted = trainer(1.0).fit_parts(&data.feature_names, &moments, |point| {
        // As if sent to another process.
        let point: LogisticPoint =
            serde_json::from_str(&serde_json::to_string(point).unwrap()).unwrap();
        let mut sums = point.no_rows();
        for (features, target) in &parts {
            let mut part = if merge { point.no_rows() } else { sums.clone() };
            point.add(*features, target, None, &mut part).unwrap();
            if merge {
                sums.merge(&part).unwrap();
            } else {
                sums = part;
            }
        }
        Ok::<_, NotTrained>(sums)
    });
    fitted.unwrap()
}

#[test]
fn parts_of_whole_chunks_give_the_same_bytes_as_all_rows_at_once() {
    let rows = noisy(20_000);
    let chunk = LogisticPoint::CHUNK_ROWS;
    let all = trainer(1.0).fit_logistic(&rows).unwrap();
    assert_eq!(in_parts(&rows, &[chunk, 3 * chunk], false), all);
    assert_eq!(in_parts(&rows, &[], false), all);
    let mut rows_first = rows.clone();
    rows_first.features = rows.features.as_standard_layout().to_owned();
    assert_eq!(trainer(1.0).fit_logistic(&rows_first).unwrap(), all);
}

proptest! {
    #[test]
    fn any_partition_gives_the_same_model(cuts in proptest::collection::vec(0_usize..10_000, 0..6)) {
        let rows = noisy(10_000);
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (all, parts) = (trainer(1.0).fit_logistic(&rows).unwrap(), in_parts(&rows, &cuts, true));
        for (a, b) in all.coefficients().iter().zip(parts.coefficients()) {
            prop_assert!(close(*a, *b, 1e-10), "{a} {b}");
        }
        prop_assert!(close(all.intercept(), parts.intercept(), 1e-10));
    }

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
