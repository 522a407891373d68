use super::*;
use crate::train::WeightedRows;

fn part(rows: &Dataset, from: usize, to: usize) -> Dataset {
    let range = from..to;
    Dataset {
        features: rows
            .features
            .slice_axis(Axis(0), range.clone().into())
            .to_owned(),
        target: rows.target[range.clone()].to_vec(),
        row_numbers: rows.row_numbers[range].to_vec(),
        ..rows.clone()
    }
}

fn posterior(rows: &Dataset) -> LogisticPosterior {
    let rows = WeightedRows::unweighted(rows);
    trainer(1.0).fit_posterior(&[rows], &|| true).unwrap()
}

fn updated(known: &LogisticPosterior, parts: &[Dataset]) -> Result<LogisticPosterior, NotTrained> {
    let parts: Vec<_> = parts.iter().map(WeightedRows::unweighted).collect();
    trainer(1.0).update(known, &parts, &|| true)
}

#[test]
fn fits_in_parts_are_those_of_all_rows() {
    let rows = noisy(300);
    let model = trainer(1.0).fit_logistic(&rows).unwrap();
    let parts = [
        part(&rows, 0, 100),
        part(&rows, 100, 101),
        part(&rows, 101, 300),
    ];
    let parts: Vec<_> = parts.iter().map(WeightedRows::unweighted).collect();
    let in_parts = trainer(1.0).fit_posterior(&parts, &|| true).unwrap();
    assert_eq!(in_parts.into_model(), model);
}

// The golden numbers are of NumPy: Newton's method for the loss of the last 180 of 300 rows plus half the
// quadratic form around the model of the first 120, and the product of both normal distributions without the
// penalty of the second. SciPy's BFGS finds the same maximum of that product.

#[test]
fn updates_have_what_is_known_as_their_prior() {
    let rows = noisy(300);
    let first = posterior(&part(&rows, 0, 120));
    let both = updated(&first, &[part(&rows, 120, 300)]).unwrap();
    let expected = [0.589563608798024, 0.9228973369487574, 0.8682053357090234];
    agrees(both.model(), &expected, 0.4517573201529331, 1e-9);
    assert_eq!(both.model().n_samples(), 300);
    assert_eq!(both.model().scale(), first.model().scale());
}

#[test]
fn merged_ones_are_the_product_of_both() {
    let rows = noisy(300);
    let first = posterior(&part(&rows, 0, 120));
    let second = posterior(&part(&rows, 120, 300));
    let merged = first.merge(&second).unwrap();
    let expected = [0.5799086191349772, 0.9079680865922442, 0.869290488513832];
    agrees(merged.model(), &expected, 0.440431472482088, 1e-9);
    assert_eq!(merged.model().n_samples(), 300);
    // In the other order only the scaler is another.
    let (intercept, coefficients) = merged.model().raw_units();
    let turned = second.merge(&first).unwrap();
    let (other, others) = turned.model().raw_units();
    for (a, b) in coefficients.iter().zip(others) {
        assert!(close(*a, b, 0.02), "{a} {b}");
    }
    assert!(close(intercept, other, 0.02), "{intercept} {other}");
}

#[test]
fn many_small_batches_come_near_to_the_model_of_all_rows() {
    let rows = noisy(6_000);
    let all = trainer(1.0).fit_logistic(&rows).unwrap().raw_units();
    let mut known = posterior(&part(&rows, 0, 100));
    for begin in (100..6_000).step_by(100) {
        known = updated(&known, &[part(&rows, begin, begin + 100)]).unwrap();
    }
    let (intercept, coefficients) = known.model().raw_units();
    for (got, expected) in coefficients.iter().zip(all.1) {
        assert!(close(*got, expected, 0.02), "{got} {expected}");
    }
    assert!(close(intercept, all.0, 0.02), "{intercept} {}", all.0);
}

#[test]
fn parts_their_order_and_threads_change_no_byte_of_an_update() {
    let rows = noisy(60_000);
    let known = posterior(&part(&rows, 0, 100));
    let (a, b) = (part(&rows, 100, 30_000), part(&rows, 30_000, 60_000));
    let whole = updated(&known, &[part(&rows, 100, 60_000)]).unwrap();
    let (a, b) = (WeightedRows::unweighted(&a), WeightedRows::unweighted(&b));
    for threads in [1, 2, 5] {
        let trainer = LogisticRegression::params()
            .threads(threads)
            .check()
            .unwrap();
        let parts = [
            WeightedRows::unweighted(b.data),
            WeightedRows::unweighted(a.data),
        ];
        assert_eq!(trainer.update(&known, &parts, &|| true).unwrap(), whole);
    }
}

#[test]
fn rows_of_one_class_and_features_that_begin_to_vary_are_learned_from() {
    let mut rows = noisy(200);
    rows.features
        .column_mut(2)
        .slice_axis_mut(Axis(0), (0..100).into())
        .fill(3.0);
    let known = posterior(&part(&rows, 0, 100));
    assert_eq!(known.model().dropped(), ["c"]);
    let both = updated(&known, &[part(&rows, 100, 200)]).unwrap();
    assert!(both.model().dropped().is_empty());
    assert!(both.model().coefficients()[2].abs() > 0.01);
    // Until it varies, a feature is as certain as the penalty makes it. NumPy again.
    let (first, rest) = (part(&rows, 0, 100), part(&rows, 100, 200));
    let strong = trainer(2.0).fit_posterior(&[WeightedRows::unweighted(&first)], &|| true);
    let both = updated(&strong.unwrap(), &[rest]).unwrap();
    let expected = [0.6199290435786486, 0.8196148143289783, 0.0865782684774815];
    agrees(both.model(), &expected, 0.4760188365199751, 1e-9);
    let constant = updated(&known, &[part(&rows, 0, 100)]).unwrap();
    assert_eq!(constant.model().dropped(), ["c"]);

    let share = |known: &LogisticPosterior| {
        let predicted = known.model().predict(rows.features.view()).unwrap();
        let crate::train::Prediction::Probabilities(shares) = predicted else {
            unreachable!("a classification")
        };
        shares.column(1).sum()
    };
    let mut ones = part(&rows, 100, 200);
    ones.target.fill(1.0);
    assert!(share(&updated(&known, &[ones]).unwrap()) > share(&known));
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let rows = noisy(200);
    let known = posterior(&rows);
    let few = NotTrained::TooFewRows { needed: 1, got: 0 };
    assert_eq!(updated(&known, &[]), Err(few.clone()));
    assert_eq!(updated(&known, &[part(&rows, 7, 7)]), Err(few.clone()));
    let none = [0.0; 200];
    let weightless = [WeightedRows::new(&rows, &none)];
    assert_eq!(trainer(1.0).update(&known, &weightless, &|| true), Err(few));
    let mut narrow = rows.clone();
    narrow.features = rows.features.select(Axis(1), &[0, 2]);
    narrow.feature_names.truncate(2);
    let features = NotTrained::Features {
        expected: 3,
        got: 2,
    };
    assert_eq!(
        updated(&known, std::slice::from_ref(&narrow)),
        Err(features.clone())
    );
    assert_eq!(known.merge(&posterior(&narrow)), Err(features));
    let mut far = rows.clone();
    far.features[(5, 1)] = 1e120;
    let refused = updated(&known, &[far]).unwrap_err().to_string();
    assert!(refused.contains("b: a value is further than"), "{refused}");
    let stopped = trainer(1.0).update(&known, &[WeightedRows::unweighted(&rows)], &|| false);
    assert_eq!(stopped, Err(NotTrained::Stopped));
    let stopped = trainer(1.0).fit_posterior(&[WeightedRows::unweighted(&rows)], &|| false);
    assert_eq!(stopped, Err(NotTrained::Stopped));
}

#[test]
fn damaged_ones_are_refused_or_hold() {
    let known = posterior(&noisy(60));
    let rows = part(&noisy(90), 60, 90);
    let saved = serde_json::to_value(&known).unwrap();
    let again: LogisticPosterior = serde_json::from_value(saved.clone()).unwrap();
    assert_eq!(again, known);
    let with = |change: fn(&mut LogisticPosterior)| {
        let mut other = known.clone();
        change(&mut other);
        other.checked().is_err()
    };
    assert!(with(|known| known.alpha = -1.0));
    assert!(with(|known| known.weight = 0.0));
    assert!(with(|known| known.precision[2] = f64::NAN));
    assert!(with(|known| known.precision.truncate(5)));
    assert!(with(|known| known.model.scale[0] = 0.0));
    let mut refused = 0;
    for json in damaged(&saved) {
        match serde_json::from_value::<LogisticPosterior>(json) {
            Ok(other) => {
                let _ = updated(&other, std::slice::from_ref(&rows));
                let _ = known.merge(&other);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 30, "{refused}");
}
