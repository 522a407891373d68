use ndarray::array;
use serde_json::json;

use super::*;
use crate::train::{PredictError, damage};

#[test]
fn one_row_and_constant_columns_give_the_mean() {
    let trainer = LinearRegression::params().min_rows(1).check().unwrap();
    let one = trainer.fit_linear(&part(&known(200), 3..4)).unwrap();
    let expected = known(200).target[3];
    assert_eq!(
        (one.intercept(), one.coefficients()),
        (expected, &[0.0; 3][..])
    );
    assert_eq!((one.residual_std(), one.degrees_of_freedom()), (None, None));
    assert_eq!(one.dropped(), ["a", "b", "c"]);

    let still = fit(&data(&[vec![0.1; 12]], (0..12).map(f64::from).collect()));
    assert_eq!((still.intercept(), still.coefficients()), (5.5, &[0.0][..]));
    assert_eq!(still.r_squared(), Some(0.0));

    let [a, b, _] = columns(200);
    let flat = fit(&data(&[a, b], vec![7.3; 200]));
    assert_eq!(
        (flat.intercept(), flat.coefficients()),
        (7.3, &[0.0, 0.0][..])
    );
    assert_eq!((flat.residual_std(), flat.r_squared()), (Some(0.0), None));
}

#[test]
fn fewer_rows_than_features_give_an_exact_fit() {
    let trainer = LinearRegression::params().min_rows(2).check().unwrap();
    let rows = part(&known(200), 4..6);
    let model = trainer.fit_linear(&rows).unwrap();
    for (got, expected) in values(&model, &rows.features).iter().zip(&rows.target) {
        assert!(close(*got, *expected, 1e-12));
    }
    assert_eq!(model.degrees_of_freedom(), None);
    // Two points determine one direction, along which the shortest coefficients lie.
    let apart: Vec<f64> = (0..3)
        .map(|j| rows.features[(1, j)] - rows.features[(0, j)])
        .collect();
    let square: f64 = apart.iter().map(|x| x * x).sum();
    for (got, x) in model.coefficients().iter().zip(&apart) {
        assert!(close(
            *got,
            (rows.target[1] - rows.target[0]) * x / square,
            1e-12
        ));
    }
}

#[test]
fn unusable_data_give_their_reason() {
    let trainer = LinearRegression::default();
    let fit = |change: &dyn Fn(&mut Dataset)| {
        let mut rows = known(200);
        change(&mut rows);
        trainer.fit_linear(&rows).unwrap_err()
    };
    let not_finite = |column: &str, row| NotTrained::NotFinite {
        column: column.into(),
        row,
    };
    assert_eq!(fit(&|d| d.features[(7, 1)] = f64::NAN), not_finite("b", 7));
    assert_eq!(
        fit(&|d| d.target[9] = f64::INFINITY),
        not_finite("target", 9)
    );
    assert_eq!(
        fit(&|d| d.target.truncate(199)),
        NotTrained::Shape {
            rows: 200,
            targets: 199
        }
    );
    assert!(matches!(
        fit(&|d| d.task = Task::Binary),
        NotTrained::WrongTask { .. }
    ));
    let column = "a".to_owned();
    assert_eq!(
        fit(&|d| d.features[(0, 0)] = f64::MAX),
        NotTrained::Overflow { column }
    );
    for rows in [0, 1, 9] {
        assert_eq!(
            trainer.fit_linear(&part(&known(200), 0..rows)),
            Err(NotTrained::TooFewRows {
                needed: 10,
                got: rows
            })
        );
    }
    assert_eq!(
        trainer.fit_weighted(&known(200), &[1.0; 7]),
        Err(NotTrained::Weight { row: 7 })
    );
    let mut weights = [0.0; 200];
    weights[0] = 100.0;
    assert_eq!(
        trainer.fit_weighted(&known(200), &weights),
        Err(NotTrained::TooFewRows { needed: 10, got: 1 })
    );
}

#[test]
fn illegal_hyper_parameters_are_refused() {
    for got in [0, 1_000_000_001] {
        let least = 1;
        let refused = LinearRegression::params().min_rows(got).check();
        assert_eq!(refused, Err(LinearError::MinRows { least, got }));
    }
    let refused = LinearRegression::params().threads(4097).check();
    assert_eq!(refused, Err(LinearError::Threads { got: 4097 }));
}

#[test]
fn json_round_trips_exactly_and_damage_is_refused() {
    let model = fit(&known(200));
    let text = model.to_json().unwrap().to_string();
    let again = LinearModel::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, model);
    let (refused, all) = damage::refused(&model.to_json().unwrap(), LinearModel::read);
    assert!(refused > all / 2, "{refused} of {all}");
}

#[test]
fn a_model_saved_without_uncertainty_is_read_and_has_no_intervals() {
    let saved = json!({
        "intercept": 1.5, "coefficients": [2.0], "dropped": [], "n_samples": 40,
        "residual_std": 0.5,
    });
    let model = LinearModel::from_json(&saved).unwrap();
    assert_eq!(model.predict_interval(array![[1.0]].view(), 0.5), Ok(None));
    assert_eq!(model.to_json().unwrap(), saved);
}

#[test]
fn intervals_are_finite_around_the_prediction_and_illegal_levels_refused() {
    let model = fit(&known(200));
    let rows = array![
        [f64::MAX, f64::MIN, f64::MAX],
        [0.0, 0.0, 0.0],
        [1e9, 1.0, -1e9],
    ];
    let predicted = values(&model, &rows);
    for level in [f64::MIN_POSITIVE, 0.5, 0.95, 1.0 - f64::EPSILON] {
        let interval = model.predict_interval(rows.view(), level).unwrap().unwrap();
        for (ends, value) in interval.rows().into_iter().zip(&predicted) {
            assert!(
                ends[0] <= *value && *value <= ends[1],
                "{level} {ends} {value}"
            );
            assert!(ends.iter().all(|end| end.is_finite()), "{level} {ends}");
        }
    }
    for level in [0.0, 1.0, -0.5, f64::NAN] {
        let refused = model.predict_interval(rows.view(), level);
        assert_eq!(refused, Err(PredictError::Level), "{level}");
    }
    let refused = model.predict_interval(array![[1.0]].view(), 0.9);
    assert!(matches!(refused, Err(PredictError::Shape { .. })));
}
