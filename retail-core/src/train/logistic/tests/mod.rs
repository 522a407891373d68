mod merging;
mod outcomes;
mod updating;

use ndarray::{Array2, Axis, ShapeBuilder};

use super::*;
use crate::label::Task;
use crate::train::damage::damaged;
use crate::train::rounds::{Head, Next, Rounds};
use crate::train::{Dataset, Model, NotTrained};

/// Rows by a formula, so that other programs can make the same ones; 61.5 % of 200 are yes.
fn known(n: u32) -> Dataset {
    let rows = (0..n).map(|i| {
        let a = f64::from(i * 37 % 101) / 10.0;
        let b = f64::from(i * 53 % 29);
        let c = f64::from((i % 17) * (i % 17) % 17) - 8.0;
        ([a, b, c], f64::from(u8::from(a * b + 5.0 * c > 40.0)))
    });
    let (features, target): (Vec<_>, Vec<_>) = rows.unzip();
    Dataset {
        features: Array2::from_shape_fn((n as usize, 3).f(), |(row, column)| features[row][column]),
        feature_names: ["a", "b", "c"].map(String::from).into(),
        target,
        row_numbers: (0..u64::from(n)).collect(),
        task: Task::Binary,
    }
}

/// The same with every seventh answer wrong, so that no plane separates the classes.
fn noisy(n: u32) -> Dataset {
    let mut rows = known(n);
    for y in rows.target.iter_mut().step_by(7) {
        *y = 1.0 - *y;
    }
    rows
}

fn trainer(alpha: f64) -> LogisticRegression {
    LogisticRegression::params().alpha(alpha).check().unwrap()
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs().max(1e-300)
}

fn agrees(model: &LogisticModel, coefficients: &[f64], intercept: f64, tolerance: f64) {
    for (got, expected) in model.coefficients().iter().zip(coefficients) {
        assert!(close(*got, *expected, tolerance), "{got} {expected}");
    }
    assert!(
        close(model.intercept(), intercept, tolerance),
        "{model:?} {intercept}"
    );
}

// The golden numbers are of scikit-learn 1.9: LogisticRegression(C=1/alpha, tol=1e-14,
// solver="newton-cholesky") on StandardScaler().fit_transform of the same rows, with the same
// sample_weight in both.

#[test]
fn models_agree_with_scikit_learn() {
    let strong = [0.27521040489909165, 0.3124952276418477, 0.3073925415426083];
    let usual = [2.1213377812905927, 2.3327225541517724, 2.190591461123459];
    agrees(
        &trainer(100.0).fit_logistic(&known(200)).unwrap(),
        &strong,
        0.49939640275172703,
        1e-9,
    );
    agrees(
        &trainer(1.0).fit_logistic(&known(200)).unwrap(),
        &usual,
        1.2860838165253965,
        1e-9,
    );
    let none = [0.7315810026119479, 0.9155768681312866, 0.8917520949915938];
    agrees(
        &trainer(0.0).fit_logistic(&noisy(200)).unwrap(),
        &none,
        0.40470803851874504,
        1e-8,
    );
}

#[test]
fn weighted_rows_agree_with_scikit_learn() {
    let weights: Vec<f64> = (0..200).map(|row| f64::from(row % 4)).collect();
    let model = trainer(1.0).fit_weighted(&known(200), &weights).unwrap();
    let expected = [2.2123655852017547, 2.2236041267668245, 2.2140766095057667];
    agrees(&model, &expected, 1.32659001085788, 1e-9);
    let scales = [2.9302809118277757, 8.33417595739908, 5.659619146982321];
    for (got, expected) in model.scale().iter().zip(scales) {
        assert!(close(*got, expected, 1e-13));
    }
    assert_eq!(model.n_samples(), 150);
}

#[test]
fn without_a_penalty_collinear_columns_share_as_in_scikit_learn() {
    let mut rows = noisy(200);
    let other = rows.features.column(0).mapv(|a| 2.0 * a + 3.0);
    rows.features.push_column(other.view()).unwrap();
    let model = trainer(0.0).fit_logistic(&rows).unwrap();
    let expected = [
        0.3657904997935891,
        0.9155768658327321,
        0.8917520942608816,
        0.36579049979358913,
    ];
    agrees(&model, &expected, 0.4047080360329708, 1e-8);
}

#[cfg(feature = "linfa")]
#[test]
fn it_agrees_with_linfa_logistic() {
    for alpha in [1e-6, 0.1, 10.0] {
        let rows = noisy(1000);
        let model = trainer(alpha).fit_logistic(&rows).unwrap();
        let linfa = crate::train::linfa::LinfaLogistic::params()
            .alpha(alpha)
            .check()
            .unwrap();
        let other = linfa.fit_logistic(&rows).unwrap();
        agrees(&model, other.coefficients(), other.intercept(), 1e-7);
        assert_eq!(model.n_samples(), 1000);
    }
}
