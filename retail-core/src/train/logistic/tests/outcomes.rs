use ndarray::array;

use super::*;
use crate::train::Prediction;

#[test]
fn separated_classes_have_no_model_without_a_penalty() {
    let mut apart = known(200);
    apart.target = apart
        .features
        .column(0)
        .iter()
        .map(|&a| f64::from(u8::from(a > 5.0)))
        .collect();
    assert_eq!(
        trainer(0.0).fit_logistic(&apart),
        Err(NotTrained::Separated)
    );
    // A single row on the plane, of either class: separated except for a tie.
    let mut tie = apart.clone();
    tie.target = tie
        .features
        .column(0)
        .iter()
        .map(|&a| f64::from(u8::from(a >= 5.0)))
        .collect();
    let on_plane: Vec<usize> = (0..200)
        .filter(|&row| tie.features[(row, 0)] == 5.0)
        .collect();
    assert!(on_plane.len() > 1);
    tie.target[on_plane[0]] = 0.0;
    let only_a = Dataset {
        features: tie.features.select(Axis(1), &[0]),
        feature_names: vec!["a".into()],
        ..tie
    };
    assert_eq!(
        trainer(0.0).fit_logistic(&only_a),
        Err(NotTrained::Separated)
    );

    for alpha in [1e-12, 1e-6, 1.0] {
        let model = trainer(alpha).fit_logistic(&apart).unwrap();
        let Ok(Prediction::Probabilities(p)) = model.predict(apart.features.view()) else {
            panic!("no probabilities")
        };
        let yes = p.column(1);
        let right = yes.iter().zip(&apart.target);
        assert!(right.filter(|(p, y)| (**p > 0.5) == (**y == 1.0)).count() > 190);
    }
}

#[test]
fn too_few_iterations_give_no_model() {
    let trainer = LogisticRegression::params()
        .max_iterations(2)
        .check()
        .unwrap();
    let reason = trainer.fit_logistic(&known(200)).unwrap_err();
    assert!(
        matches!(reason, NotTrained::NotConverged { iterations: 2, gradient_norm } if gradient_norm > 1e-10),
        "{reason}"
    );
}

#[test]
fn an_optimum_at_the_start_is_found() {
    let rows = Dataset {
        features: array![[1.0], [1.0], [-1.0], [-1.0]],
        feature_names: vec!["x".into()],
        target: vec![0.0, 1.0, 0.0, 1.0],
        row_numbers: (0..4).collect(),
        task: Task::Binary,
    };
    let trainer = LogisticRegression::params()
        .min_rows(4)
        .alpha(0.0)
        .check()
        .unwrap();
    let model = trainer.fit_logistic(&rows).unwrap();
    assert_eq!((model.coefficients(), model.intercept()), (&[0.0][..], 0.0));
}

#[test]
fn constant_columns_are_left_out() {
    let mut rows = known(200);
    rows.features.column_mut(1).fill(0.1);
    let model = trainer(1.0).fit_logistic(&rows).unwrap();
    assert_eq!(model.dropped(), ["b"]);
    assert_eq!((model.coefficients()[1], model.scale()[1]), (0.0, 1.0));
    rows.features.fill(1.0);
    assert_eq!(
        trainer(1.0).fit_logistic(&rows),
        Err(NotTrained::NoVariation)
    );
}

#[test]
fn unusable_data_give_their_reason() {
    let fit = |change: &dyn Fn(&mut Dataset)| {
        let mut rows = known(200);
        change(&mut rows);
        trainer(1.0).fit_logistic(&rows).unwrap_err()
    };
    for (class, name) in [(0.0, "no"), (1.0, "yes")] {
        let class_name = NotTrained::OneClass { class: name.into() };
        assert_eq!(fit(&|d| d.target.fill(class)), class_name);
        // Rows of the other class that do not count make no class.
        let rows = known(200);
        let weights: Vec<f64> = rows
            .target
            .iter()
            .map(|&y| f64::from(u8::from(y == class)) * 0.7)
            .collect();
        assert_eq!(trainer(1.0).fit_weighted(&rows, &weights), Err(class_name));
    }
    for target in [2.0, 0.5, -1.0] {
        let expected = NotTrained::NoSuchClass {
            row: 5,
            n_classes: 2,
        };
        assert_eq!(fit(&|d| d.target[5] = target), expected);
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let column = "b".to_owned();
        let expected = NotTrained::NotFinite { column, row: 7 };
        assert_eq!(fit(&|d| d.features[(7, 1)] = bad), expected);
    }
    assert!(matches!(
        fit(&|d| d.task = Task::Regression),
        NotTrained::WrongTask { .. }
    ));
    assert!(matches!(
        fit(&|d| d.target.push(1.0)),
        NotTrained::Shape { .. }
    ));
    assert!(matches!(
        fit(&|d| d.features[(0, 0)] = 1e300),
        NotTrained::Overflow { .. }
    ));
    for n in [0, 1, 19] {
        assert_eq!(
            trainer(1.0).fit_logistic(&known(n)),
            Err(NotTrained::TooFewRows {
                needed: 20,
                got: n as usize
            })
        );
    }
    let refused = trainer(1.0).fit_weighted(&known(200), &[-1.0; 200]);
    assert_eq!(refused, Err(NotTrained::Weight { row: 0 }));
}

#[test]
fn each_illegal_hyper_parameter_is_refused() {
    let params = LogisticRegression::params;
    for bad in [-1.0, 1e-13, 1e13, f64::NAN, f64::INFINITY] {
        assert!(params().alpha(bad).check().is_err(), "{bad}");
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(params().gradient_tolerance(bad).check().is_err(), "{bad}");
    }
    assert!(params().max_iterations(0).check().is_err());
    assert!(params().min_rows(1).check().is_err());
    assert!(params().threads(5000).check().is_err());
}
