use ndarray::{Array2, ShapeBuilder, array};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::train::{ModelFormats, PredictError, Prediction, damage};

fn data(columns: &[(&str, Vec<f64>)], target: Vec<f64>) -> Dataset {
    let values: Vec<f64> = columns.iter().flat_map(|(_, v)| v.clone()).collect();
    Dataset {
        features: Array2::from_shape_vec((target.len(), columns.len()).f(), values).unwrap(),
        feature_names: columns.iter().map(|(name, _)| (*name).into()).collect(),
        row_numbers: (0..target.len() as u64).collect(),
        target,
        task: Task::Regression,
    }
}

/// 200 rows by a formula, so that other programs can make the same ones.
fn columns() -> [Vec<f64>; 3] {
    let of = |f: fn(u32) -> f64| (0..200).map(f).collect();
    [
        of(|i| f64::from(i * 37 % 101) / 10.0),
        of(|i| f64::from(i * 53 % 29)),
        of(|i| f64::from(i * i % 17) - 8.0),
    ]
}

fn known() -> Dataset {
    let [a, b, c] = columns();
    let target = (0..200)
        .map(|i| 3.0 * a[i] - 0.5 * b[i] + a[i] * b[i] / 7.0 + c[i])
        .collect();
    data(&[("a", a), ("b", b), ("c", c)], target)
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs().max(1e-300)
}

#[test]
fn coefficients_agree_with_scikit_learn() {
    let model = LinfaLinear::default().fit_linear(&known()).unwrap();
    // sklearn.linear_model.LinfaLinear 1.9 on the same formula; the last number is
    // numpy's sqrt(sum of squared residuals / 196).
    let expected = [4.991308853658006, 0.20113061851536695, 0.9693292807293956];
    for (got, expected) in model.coefficients().iter().zip(expected) {
        assert!(close(*got, expected, 1e-12), "{got} {expected}");
    }
    assert!(close(model.intercept(), -9.82802351869341, 1e-12));
    assert!(close(
        model.residual_std().unwrap(),
        3.5456620622814516,
        1e-12
    ));
    assert_eq!(model.n_samples(), 200);
    assert!(model.dropped().is_empty());
}

#[test]
fn constant_and_dependent_columns_are_left_out_by_name() {
    let [a, b, c] = columns();
    let sum: Vec<f64> = (0..200).map(|i| 2.0 * a[i] - 3.0 * b[i] + 1e6).collect();
    let target = (0..200).map(|i| 1.0 + 2.0 * a[i] - b[i] + c[i]).collect();
    let model = LinfaLinear::default()
        .fit_linear(&data(
            &[
                ("a", a),
                ("five", vec![5.0; 200]),
                ("b", b),
                ("sum", sum),
                ("c", c),
            ],
            target,
        ))
        .unwrap();
    assert_eq!(model.dropped(), ["five", "sum"]);
    assert_eq!(
        (model.coefficients()[1], model.coefficients()[3]),
        (0.0, 0.0)
    );
    for (got, expected) in [(0, 2.0), (2, -1.0), (4, 1.0)] {
        assert!(
            close(model.coefficients()[got], expected, 1e-9),
            "{model:?}"
        );
    }
    assert!(close(model.intercept(), 1.0, 1e-9));
}

#[test]
fn a_column_that_is_nearly_a_combination_is_kept() {
    let [a, b, _] = columns();
    let near: Vec<f64> = (0..200).map(|i| a[i] + 1e-4 * b[i]).collect();
    let target = (0..200).map(|i| a[i] + 5.0 * b[i]).collect();
    let model = LinfaLinear::default()
        .fit_linear(&data(&[("a", a), ("near", near)], target))
        .unwrap();
    assert!(model.dropped().is_empty());
    assert!(close(model.coefficients()[1], 5e4, 1e-6), "{model:?}");
}

#[test]
fn a_constant_target_gives_the_constant() {
    let [a, b, _] = columns();
    let model = LinfaLinear::default()
        .fit_linear(&data(&[("a", a), ("b", b)], vec![7.25; 200]))
        .unwrap();
    assert_eq!(model.coefficients(), [0.0, 0.0]);
    assert_eq!((model.intercept(), model.residual_std()), (7.25, Some(0.0)));
}

#[test]
fn no_varying_feature_gives_no_model() {
    let rows = data(&[("a", vec![3.0; 12]), ("b", vec![0.0; 12])], vec![1.0; 12]);
    assert_eq!(
        LinfaLinear::default().fit_linear(&rows),
        Err(NotTrained::NoVariation)
    );
    let none = data(&[], vec![1.0; 12]);
    assert_eq!(
        LinfaLinear::default().fit_linear(&none),
        Err(NotTrained::NoVariation)
    );
}

#[test]
fn unusable_data_give_their_reason() {
    let trainer = LinfaLinear::default();
    let fit = |change: &dyn Fn(&mut Dataset)| {
        let mut rows = known();
        change(&mut rows);
        trainer.fit_linear(&rows).unwrap_err()
    };
    let not_finite = |column: &str, row| NotTrained::NotFinite {
        column: column.into(),
        row,
    };
    assert_eq!(fit(&|d| d.features[(7, 1)] = f64::NAN), not_finite("b", 7));
    assert_eq!(
        fit(&|d| d.features[(3, 2)] = f64::INFINITY),
        not_finite("c", 3)
    );
    assert_eq!(
        fit(&|d| d.target[9] = f64::NEG_INFINITY),
        not_finite("target", 9)
    );
    assert_eq!(
        fit(&|d| {
            d.target.pop();
        }),
        NotTrained::Shape {
            rows: 200,
            targets: 199
        }
    );
    assert!(matches!(
        fit(&|d| d.task = Task::Binary),
        NotTrained::WrongTask { .. }
    ));
    assert!(matches!(
        fit(&|d| {
            d.features[(0, 0)] = f64::MAX;
            d.features[(1, 0)] = f64::MIN;
        }),
        NotTrained::Library { .. }
    ));
    for rows in [0, 1, 9] {
        let few = data(&[("a", vec![1.0; rows])], vec![1.0; rows]);
        assert_eq!(
            trainer.fit_linear(&few),
            Err(NotTrained::TooFewRows {
                needed: 10,
                got: rows
            })
        );
    }
}

#[test]
fn fewer_rows_than_features_still_give_an_exact_fit() {
    let trainer = LinfaLinear::params().min_rows(2).check().unwrap();
    let rows = data(
        &[
            ("a", vec![1.0, 2.0]),
            ("b", vec![5.0, 9.0]),
            ("c", vec![0.0, 1.0]),
        ],
        vec![3.0, 8.0],
    );
    let model = trainer.fit_linear(&rows).unwrap();
    assert_eq!(model.dropped(), ["b", "c"]);
    assert_eq!(model.residual_std(), None);
    let Ok(Prediction::Values(values)) = model.predict(rows.features.view()) else {
        panic!("no values")
    };
    assert!(close(values[0], 3.0, 1e-12) && close(values[1], 8.0, 1e-12));
}

#[test]
fn illegal_hyper_parameters_are_refused() {
    for rows in [0, 1, 1_000_000_001] {
        assert!(LinfaLinear::params().min_rows(rows).check().is_err());
    }
}

#[test]
fn json_round_trips_exactly_and_damage_is_refused() {
    let model = LinfaLinear::default().fit_linear(&known()).unwrap();
    let text = model.to_json().unwrap().to_string();
    let again = LinearModel::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, model);

    let formats = ModelFormats::empty().with(LinearModel::FORMAT, LinearModel::read);
    assert!(
        formats
            .read(model.format(), &model.to_json().unwrap())
            .is_ok()
    );
    let (refused, all) = damage::refused(&model.to_json().unwrap(), LinearModel::read);
    assert!(refused > all / 2, "{refused} of {all}");
    let mut json = model.to_json().unwrap();
    json["residual_std"] = json!(-1.0);
    let message = LinearModel::from_json(&json).unwrap_err();
    assert!(message.to_string().contains("residual_std"), "{message}");
}

#[test]
fn a_prediction_is_finite_for_every_finite_row() {
    let model = LinfaLinear::default().fit_linear(&known()).unwrap();
    let rows = array![[f64::MAX, f64::MIN, f64::MAX], [f64::MIN, f64::MAX, 0.0]];
    let Ok(Prediction::Values(values)) = model.predict(rows.view()) else {
        panic!("no values")
    };
    assert!(values.iter().all(|value| value.is_finite()), "{values}");
    assert_eq!(
        model.predict(array![[0.0, 1.0]].view()),
        Err(PredictError::Shape {
            expected: 3,
            got: 2
        })
    );
    assert_eq!(
        model.predict(array![[0.0, f64::NAN, 1.0]].view()),
        Err(PredictError::NotFinite { row: 0, feature: 1 })
    );
}

#[test]
fn a_prediction_does_not_depend_on_the_other_rows() {
    let rows = known();
    let model = LinfaLinear::default().fit_linear(&rows).unwrap();
    let Ok(Prediction::Values(together)) = model.predict(rows.features.view()) else {
        panic!("no values")
    };
    for (row, &expected) in rows.features.rows().into_iter().zip(&together) {
        let alone = model.predict(row.insert_axis(Axis(0)));
        assert_eq!(alone, Ok(Prediction::Values(array![expected])));
    }
}

proptest! {
    /// Another unit or zero of a feature changes its coefficient and the intercept accordingly,
    /// and no prediction.
    #[test]
    fn units_do_not_matter(
        power in -9_i32..=9, shift in -3.0_f64..3.0, target_power in -9_i32..=9, column in 0_usize..3,
    ) {
        let base = known();
        let model = LinfaLinear::default().fit_linear(&base).unwrap();
        let (unit, target_unit) = (10_f64.powi(power), 10_f64.powi(target_power));
        let mut other = base.clone();
        other.features.column_mut(column).mapv_inplace(|x| (x + shift) * unit);
        for y in &mut other.target {
            *y *= target_unit;
        }
        let changed = LinfaLinear::default().fit_linear(&other).unwrap();
        for index in 0..3 {
            let factor = if index == column { target_unit / unit } else { target_unit };
            let expected = model.coefficients()[index] * factor;
            prop_assert!(close(changed.coefficients()[index], expected, 1e-9), "{changed:?}");
        }
        let (Ok(Prediction::Values(before)), Ok(Prediction::Values(after))) =
            (model.predict(base.features.view()), changed.predict(other.features.view()))
        else {
            return Err(TestCaseError::fail("no values"));
        };
        for (before, after) in before.iter().zip(&after) {
            prop_assert!((after / target_unit - before).abs() < 1e-8, "{before} {after}");
        }
    }

    /// A combination of other columns is left out in any unit, and the others do not notice.
    #[test]
    fn a_combination_in_any_unit_is_left_out(
        x in 0.1_f64..10.0, y in -10.0_f64..10.0, shift in -5.0_f64..5.0, power in -9_i32..=9,
    ) {
        let base = known();
        let model = LinfaLinear::default().fit_linear(&base).unwrap();
        let features = &base.features;
        let combination = features.column(0).to_owned() * x + &(&features.column(1) * y) + shift;
        let mut wider = base.clone();
        wider.features.push_column((combination * 10_f64.powi(power)).view()).unwrap();
        wider.feature_names.push("combination".into());
        let other = LinfaLinear::default().fit_linear(&wider).unwrap();
        prop_assert_eq!(other.dropped(), ["combination"]);
        prop_assert_eq!(&other.coefficients()[..3], model.coefficients());
    }

    #[test]
    fn the_order_of_rows_changes_nothing_but_rounding(seed in any::<u64>()) {
        let base = known();
        let mut order: Vec<usize> = (0..200).collect();
        order.sort_by_key(|&row| (row as u64 + 1).wrapping_mul(seed | 1));
        let mut shuffled = base.clone();
        shuffled.features = base.features.select(Axis(0), &order);
        shuffled.target = order.iter().map(|&row| base.target[row]).collect();
        let model = LinfaLinear::default().fit_linear(&base).unwrap();
        let other = LinfaLinear::default().fit_linear(&shuffled).unwrap();
        for (a, b) in model.coefficients().iter().zip(other.coefficients()) {
            prop_assert!(close(*a, *b, 1e-11));
        }
    }
}
