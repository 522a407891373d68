use ndarray::{Array2, Axis, ShapeBuilder, array};
use proptest::prelude::*;

use super::*;
use crate::train::{PredictError, Prediction, damage};

/// 200 rows by a formula, so that other programs can make the same ones; 61.5 % are yes, and the
/// first row is a no.
fn known() -> Dataset {
    let rows = (0..200_u32).map(|i| {
        let a = f64::from(i * 37 % 101) / 10.0;
        let b = f64::from(i * 53 % 29);
        let c = f64::from(i * i % 17) - 8.0;
        ([a, b, c], f64::from(u8::from(a * b + 5.0 * c > 40.0)))
    });
    let (features, target): (Vec<_>, Vec<_>) = rows.unzip();
    Dataset {
        features: Array2::from_shape_fn((200, 3).f(), |(row, column)| features[row][column]),
        feature_names: ["a", "b", "c"].map(String::from).into(),
        target,
        row_numbers: (0..200).collect(),
        task: Task::Binary,
    }
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs().max(1e-300)
}

fn probabilities(model: &LogisticModel, features: &Array2<f64>) -> Array2<f64> {
    match model.predict(features.view()) {
        Ok(Prediction::Probabilities(probabilities)) => probabilities,
        other => panic!("no probabilities: {other:?}"),
    }
}

#[test]
fn models_agree_with_scikit_learn() {
    // sklearn 1.9: LogisticRegression(C=1/alpha, tol=1e-14, solver="newton-cholesky") on
    // StandardScaler().fit_transform of the same formula.
    let expected = [
        (
            1.0,
            [2.1213377812905927, 2.3327225541517724, 2.190591461123459],
            1.2860838165253965,
            [
                8.679968845180257e-05,
                0.5950932080844349,
                0.9449507174272619,
            ],
        ),
        (
            100.0,
            [0.27521040489909165, 0.3124952276418477, 0.3073925415426083],
            0.49939640275172703,
            [0.2829118053706344, 0.590352030178458, 0.6661275302208628],
        ),
    ];
    for (alpha, coefficients, intercept, first) in expected {
        let trainer = LinfaLogistic::params().alpha(alpha).check().unwrap();
        let model = trainer.fit_logistic(&known()).unwrap();
        for (got, expected) in model.coefficients().iter().zip(coefficients) {
            assert!(close(*got, expected, 1e-7), "{got} {expected}");
        }
        assert!(close(model.intercept(), intercept, 1e-7), "{model:?}");
        let got = probabilities(&model, &known().features);
        for (row, expected) in first.into_iter().enumerate() {
            assert!(close(got[(row, 1)], expected, 1e-6), "{row}");
        }
        for (got, expected) in
            model
                .scale()
                .iter()
                .zip([2.923821087207629, 8.39978571155241, 5.655961456728645])
        {
            assert!(close(*got, expected, 1e-13), "{got}");
        }
        assert!(model.gradient_norm() <= 1e-10);
    }
}

#[test]
fn yes_stays_yes_whichever_class_is_frequent_or_first() {
    // linfa calls the more frequent class positive, and on a draw the one seen first.
    for yes_of_ten in [2, 5, 8] {
        for first_is_yes in [false, true] {
            let mut rows = known();
            let yes = |row: usize| (row % 10 < yes_of_ten) == first_is_yes;
            rows.target = (0..200).map(|row| f64::from(u8::from(yes(row)))).collect();
            rows.features = Array2::from_shape_fn((200, 3).f(), |(row, column)| {
                if column == 0 {
                    rows.target[row] * 3.0 + (row % 7) as f64
                } else {
                    rows.features[(row, column)]
                }
            });
            let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
            assert!(model.coefficients()[0] > 0.5, "{model:?}");
            // From a start of the wrong sign it would take more.
            assert!(model.newton_steps() <= 2, "{model:?}");
        }
    }
}

#[test]
fn raw_units_give_the_same_scores() {
    let rows = known();
    let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
    let (intercept, coefficients) = model.raw_units();
    let got = probabilities(&model, &rows.features);
    for (row, p) in rows.features.rows().into_iter().zip(got.column(1)) {
        let score: f64 = row.iter().zip(&coefficients).map(|(x, c)| x * c).sum();
        assert!(close(1.0 / (1.0 + (-intercept - score).exp()), *p, 1e-12));
    }
}

#[test]
fn constant_columns_are_left_out_and_equal_ones_share_their_weight() {
    let mut rows = known();
    rows.features.column_mut(1).fill(4.5);
    let copy = rows.features.column(0).to_owned();
    rows.features.column_mut(2).assign(&copy);
    let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
    assert_eq!(model.dropped(), ["b"]);
    assert_eq!((model.coefficients()[1], model.scale()[1]), (0.0, 1.0));
    assert!(close(
        model.coefficients()[0],
        model.coefficients()[2],
        1e-8
    ));
    rows.features.fill(1.0);
    assert_eq!(
        LinfaLogistic::default().fit_logistic(&rows),
        Err(NotTrained::NoVariation)
    );
}

#[test]
fn separable_classes_converge_thanks_to_the_penalty() {
    let mut rows = known();
    rows.target = rows
        .features
        .column(0)
        .iter()
        .map(|&a| f64::from(u8::from(a > 5.0)))
        .collect();
    for alpha in [1e-6, 1.0] {
        let trainer = LinfaLogistic::params().alpha(alpha).check().unwrap();
        let model = trainer.fit_logistic(&rows).unwrap();
        let got = probabilities(&model, &rows.features);
        let right = |(p, &y): (&f64, &f64)| (*p > 0.5) == (y == 1.0);
        assert!(
            got.column(1)
                .iter()
                .zip(&rows.target)
                .filter(|&r| right(r))
                .count()
                > 190
        );
    }
}

#[test]
fn too_few_iterations_give_no_model() {
    let trainer = LinfaLogistic::params().max_iterations(1).check().unwrap();
    let reason = trainer.fit_logistic(&known()).unwrap_err();
    assert!(
        matches!(reason, NotTrained::NotConverged { iterations: 1, gradient_norm } if gradient_norm > 1e-10),
        "{reason}"
    );
}

#[test]
fn unusable_data_give_their_reason() {
    let trainer = LinfaLogistic::default();
    let fit = |change: &dyn Fn(&mut Dataset)| {
        let mut rows = known();
        change(&mut rows);
        trainer.fit_logistic(&rows).unwrap_err()
    };
    for (class, name) in [(0.0, "no"), (1.0, "yes")] {
        assert_eq!(
            fit(&|d| d.target.fill(class)),
            NotTrained::OneClass { class: name.into() }
        );
    }
    for target in [2.0, 0.5, -1.0] {
        assert_eq!(
            fit(&|d| d.target[5] = target),
            NotTrained::NoSuchClass {
                row: 5,
                n_classes: 2
            }
        );
    }
    assert_eq!(
        fit(&|d| d.features[(7, 1)] = f64::NAN),
        NotTrained::NotFinite {
            column: "b".into(),
            row: 7
        }
    );
    assert!(matches!(
        fit(&|d| d.task = Task::Regression),
        NotTrained::WrongTask { .. }
    ));
    assert!(matches!(
        fit(&|d| d.target.push(1.0)),
        NotTrained::Shape { .. }
    ));
    assert_eq!(
        fit(&|d| {
            d.features = Array2::ones((1, 3));
            d.target.truncate(1);
        }),
        NotTrained::TooFewRows { needed: 20, got: 1 }
    );
}

#[test]
fn each_illegal_hyper_parameter_is_refused() {
    let params = LinfaLogistic::params;
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(params().alpha(bad).check().is_err(), "{bad}");
        assert!(params().gradient_tolerance(bad).check().is_err(), "{bad}");
    }
    assert!(params().max_iterations(0).check().is_err());
    assert!(params().min_rows(1).check().is_err());
}

#[test]
fn json_round_trips_exactly_and_damage_is_refused() {
    let model = LinfaLogistic::default().fit_logistic(&known()).unwrap();
    let text = model.to_json().unwrap().to_string();
    let again = LogisticModel::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, model);
    let (refused, all) = damage::refused(&model.to_json().unwrap(), LogisticModel::read);
    assert!(refused > all / 2, "{refused} of {all}");
    for (field, value) in [("scale", 0.0), ("mean", f64::NAN)] {
        let mut json = model.to_json().unwrap();
        json[field][1] = serde_json::json!(value);
        assert!(LogisticModel::from_json(&json).is_err(), "{field}");
    }
}

#[test]
fn probabilities_are_finite_and_sum_to_one_for_every_finite_row() {
    // Small units, so that standardising the largest numbers overflows.
    let mut rows = known();
    rows.features.mapv_inplace(|x| x * 1e-3);
    let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
    let (low, high) = (f64::MIN, f64::MAX);
    let rows = array![
        [high, low, high],
        [low, low, low],
        [1e9, 0.0, -1e9],
        [0.0; 3]
    ];
    for row in probabilities(&model, &rows).rows() {
        assert!((row.sum() - 1.0).abs() < 1e-15, "{row}");
    }
    assert!(matches!(
        model.predict(array![[1.0]].view()),
        Err(PredictError::Shape { .. })
    ));
}

#[test]
fn a_prediction_does_not_depend_on_the_other_rows() {
    let rows = known();
    let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
    let together = probabilities(&model, &rows.features);
    for (row, expected) in rows.features.rows().into_iter().zip(together.rows()) {
        let alone = probabilities(&model, &row.insert_axis(Axis(0)).to_owned());
        assert_eq!(alone.row(0), expected);
    }
}

proptest! {
    #[test]
    fn units_do_not_matter(power in -9_i32..=9, shift in -3.0_f64..3.0, column in 0_usize..3) {
        let base = known();
        let model = LinfaLogistic::default().fit_logistic(&base).unwrap();
        let mut other = base.clone();
        let unit = 10_f64.powi(power);
        other.features.column_mut(column).mapv_inplace(|x| (x + shift) * unit);
        let changed = LinfaLogistic::default().fit_logistic(&other).unwrap();
        for (a, b) in model.coefficients().iter().zip(changed.coefficients()) {
            prop_assert!(close(*a, *b, 1e-8), "{a} {b}");
        }
    }

    #[test]
    fn swapped_classes_change_signs_only(flips in proptest::collection::vec(0_usize..200, 0..40)) {
        let mut rows = known();
        for row in flips {
            rows.target[row] = 1.0 - rows.target[row];
        }
        let model = LinfaLogistic::default().fit_logistic(&rows).unwrap();
        for y in &mut rows.target {
            *y = 1.0 - *y;
        }
        let swapped = LinfaLogistic::default().fit_logistic(&rows).unwrap();
        for (a, b) in model.coefficients().iter().zip(swapped.coefficients()) {
            prop_assert!((a + b).abs() < 1e-7, "{a} {b}");
        }
        prop_assert!((model.intercept() + swapped.intercept()).abs() < 1e-7);
    }
}
