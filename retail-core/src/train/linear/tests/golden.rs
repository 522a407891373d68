//! The golden numbers are of scikit-learn 1.9's `LinearRegression` and, for errors and intervals, of
//! NumPy's `pinv` and scipy's `stats.t` on the formulas of Seber and Lee, on the same rows.

use ndarray::array;

use super::*;

/// What scikit-learn and NumPy say of a model.
struct Golden<const N: usize> {
    coefficients: [f64; N],
    intercept: f64,
    standard_errors: [f64; N],
    intercept_error: f64,
    residual_std: f64,
    r_squared: f64,
    degrees_of_freedom: f64,
    at: [f64; N],
    interval: [f64; 2],
}

impl<const N: usize> Golden<N> {
    fn check(&self, model: &LinearModel, tolerance: f64) {
        let same = |what: &str, got: f64, expected: f64| {
            assert!(close(got, expected, tolerance), "{what}: {got} {expected}");
        };
        let (intercept_error, errors) = model.standard_errors().unwrap();
        for (got, expected) in model.coefficients().iter().zip(self.coefficients) {
            same("coefficient", *got, expected);
        }
        for (got, expected) in errors.into_iter().zip(self.standard_errors) {
            same("standard error", got, expected);
        }
        same("intercept", model.intercept(), self.intercept);
        same("its error", intercept_error, self.intercept_error);
        same(
            "deviation",
            model.residual_std().unwrap(),
            self.residual_std,
        );
        same("R²", model.r_squared().unwrap(), self.r_squared);
        assert_eq!(model.degrees_of_freedom(), Some(self.degrees_of_freedom));
        let row = Array2::from_shape_vec((1, N), self.at.to_vec()).unwrap();
        let interval = model.predict_interval(row.view(), 0.95).unwrap().unwrap();
        same("lower end", interval[(0, 0)], self.interval[0]);
        same("upper end", interval[(0, 1)], self.interval[1]);
    }
}

#[test]
fn a_model_and_its_errors_agree_with_scikit_learn_and_scipy() {
    Golden {
        coefficients: [4.991308853658006, 0.20113061851536695, 0.9693292807293956],
        intercept: -9.82802351869341,
        standard_errors: [
            0.08599114277760617,
            0.029875248903242925,
            0.044479490408209914,
        ],
        intercept_error: 0.6567581934968448,
        residual_std: 3.5456620622814516,
        r_squared: 0.9543212157944534,
        degrees_of_freedom: 196.0,
        at: [5.0, 10.0, 1.0],
        interval: [11.094414158569048, 25.123898272390317],
    }
    .check(&fit(&known(200)), 1e-12);
}

#[test]
fn weighted_rows_agree_with_scikit_learn() {
    let weights: Vec<f64> = (0..200).map(|i| f64::from(i % 4)).collect();
    let model = LinearRegression::default()
        .fit_weighted(&known(200), &weights)
        .unwrap();
    Golden {
        coefficients: [4.983998939625047, 0.2136997991740899, 0.9738687263851153],
        intercept: -10.199673501889798,
        standard_errors: [
            0.06890729514749683,
            0.024243969229975626,
            0.03559351563295828,
        ],
        intercept_error: 0.5446088953016989,
        residual_std: 3.483904575038041,
        r_squared: 0.9536692789814593,
        degrees_of_freedom: 296.0,
        at: [5.0, 10.0, 1.0],
        interval: [10.96034620093349, 24.70202962778941],
    }
    .check(&model, 1e-12);
    assert_eq!(model.n_samples(), 150);
}

#[test]
fn collinear_columns_share_as_in_scikit_learn_whatever_their_units() {
    let [a, b, c] = columns(200);
    let y = target(&columns(200));
    let sum = (0..200).map(|i| 2.0 * a[i] - 3.0 * b[i] + 1e6).collect();
    let large = a.iter().map(|a| a * 1000.0).collect();
    let model = fit(&data(&[a, vec![5.0; 200], b, sum, c, large], y));
    assert_eq!(model.dropped(), ["b"]);
    assert_eq!(model.coefficients()[1], 0.0);
    // The solution in rational arithmetic; scikit-learn gives the first 11 digits of it.
    let expected = [
        5.111980067995131e-06,
        0.0,
        0.020116129039577477,
        -0.06033816315859644,
        0.9693292807293956,
        0.005111980067995132,
    ];
    for (got, expected) in model.coefficients().iter().zip(expected) {
        assert!(close(*got, expected, 1e-12), "{got} {expected}");
    }
    assert!(close(model.intercept(), 60328.335135093024, 1e-10));
    assert!(close(
        model.residual_std().unwrap(),
        3.545662062282026,
        1e-11
    ));
    assert_eq!(model.degrees_of_freedom(), Some(196.0));
    let row = array![[5.0, 5.0, 10.0, 2.0 * 5.0 - 30.0 + 1e6, 1.0, 5000.0]];
    let interval = model.predict_interval(row.view(), 0.95).unwrap().unwrap();
    assert!(
        close(interval[(0, 0)], 11.09441415855693, 1e-9),
        "{interval}"
    );
    assert!(
        close(interval[(0, 1)], 25.12389827238073, 1e-9),
        "{interval}"
    );
}

#[test]
fn a_nearly_collinear_column_is_kept() {
    let [a, b, _] = columns(200);
    let near: Vec<f64> = (0..200).map(|i| a[i] + 1e-4 * b[i]).collect();
    let y = (0..200).map(|i| a[i] + 5.0 * b[i]).collect();
    let model = fit(&data(&[a, near], y));
    assert!(close(model.coefficients()[1], 5e4, 1e-7), "{model:?}");
}

#[cfg(feature = "linfa")]
#[test]
fn it_agrees_with_linfa_linear() {
    let rows = known(777);
    let (model, other) = (
        fit(&rows),
        crate::train::linfa::LinfaLinear::params()
            .check()
            .unwrap()
            .fit_linear(&rows)
            .unwrap(),
    );
    for (a, b) in model.coefficients().iter().zip(other.coefficients()) {
        assert!(close(*a, *b, 1e-12), "{a} {b}");
    }
    assert!(close(model.intercept(), other.intercept(), 1e-12));
    assert!(close(
        model.residual_std().unwrap(),
        other.residual_std().unwrap(),
        1e-12
    ));
    assert_eq!(
        (other.degrees_of_freedom(), other.standard_errors()),
        (None, None)
    );
    assert_eq!(other.predict_interval(rows.features.view(), 0.9), Ok(None));
}

/// Wampler's first polynomial, as NIST certifies it: `1 + x + x² + x³ + x⁴ + x⁵` for 0 to 20. Each power is
/// nearly a combination of the others, which costs a solver of rounded sums ten digits.
#[test]
fn powers_have_their_coefficients_to_the_last_digit() {
    let power = |power| (0..=20).map(|x| f64::from(x).powi(power)).collect();
    let powers: [Vec<f64>; 5] = [1, 2, 3, 4, 5].map(power);
    let target = (0..=20).map(|x| 1.0 + powers.iter().map(|power| power[x]).sum::<f64>());
    let model = fit(&data(&powers, target.collect()));
    assert_eq!(model.coefficients(), [1.0; 5]);
    assert_eq!(model.intercept(), 1.0);
    let rounding = model.residual_std().unwrap();
    assert!(rounding < 1e-8, "{rounding}");
}
