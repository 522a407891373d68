use super::super::{ForestError, MaxFeatures, RandomForest};
use super::{dataset, sales};
use crate::label::Task;
use crate::train::{Dataset, NotTrained};

#[test]
fn each_hyper_parameter_is_checked() {
    let params = RandomForest::params;
    let cases = [
        (params().n_trees(0), ForestError::Trees { got: 0 }),
        (
            params().n_trees(100_001),
            ForestError::Trees { got: 100_001 },
        ),
        (params().max_depth(0), ForestError::MaxDepth { got: 0 }),
        (params().max_depth(65), ForestError::MaxDepth { got: 65 }),
        (
            params().max_features(MaxFeatures::Count(0)),
            ForestError::MaxFeatures { got: 0 },
        ),
        (
            params().min_samples_leaf(0),
            ForestError::MinSamplesLeaf { got: 0 },
        ),
        (
            params().min_samples_split(1),
            ForestError::MinSamplesSplit { got: 1 },
        ),
        (params().max_bins(1), ForestError::MaxBins { got: 1 }),
        (params().max_bins(256), ForestError::MaxBins { got: 256 }),
        (params().min_rows(0), ForestError::MinRows { got: 0 }),
    ];
    for (params, expected) in cases {
        assert_eq!(params.check().unwrap_err(), expected);
        assert!(expected.to_string().contains("got"), "{expected}");
    }
    assert!(
        params()
            .n_trees(1)
            .max_depth(64)
            .max_bins(2)
            .check()
            .is_ok()
    );
    assert!(
        params()
            .max_bins(255)
            .max_depth(1)
            .min_rows(1)
            .check()
            .is_ok()
    );
}

#[test]
fn the_defaults_are_those_of_the_original() {
    let params = RandomForest::params();
    let expected = RandomForest::params()
        .n_trees(10)
        .max_depth(5)
        .max_features(MaxFeatures::Sqrt)
        .min_samples_leaf(1)
        .min_samples_split(2)
        .max_bins(255)
        .bootstrap(true)
        .min_rows(10)
        .seed(42)
        .threads(0);
    assert_eq!(params, expected);
    let drawn = [1, 2, 3, 4, 6, 9].map(|n| MaxFeatures::Sqrt.of(n));
    assert_eq!(drawn, [1, 1, 1, 2, 2, 3]);
    assert_eq!(MaxFeatures::Count(9).of(6), 6);
    assert_eq!(MaxFeatures::All.of(6), 6);
}

fn refusal(data: &Dataset) -> NotTrained {
    let forest = RandomForest::params().check().unwrap();
    forest.fit_forest(data).unwrap_err()
}

#[test]
fn a_regression_is_refused() {
    let mut data = sales(20, 1);
    data.task = Task::Regression;
    let expected = NotTrained::WrongTask {
        trainer: "random-forest".into(),
        task: "regression".into(),
    };
    assert_eq!(refusal(&data), expected);
}

#[test]
fn shapes_that_disagree_are_refused() {
    let mut data = sales(20, 1);
    data.target.pop();
    let (rows, targets) = (20, 19);
    assert_eq!(refusal(&data), NotTrained::Shape { rows, targets });
    let mut data = sales(20, 1);
    data.row_numbers.pop();
    assert!(matches!(refusal(&data), NotTrained::Library { .. }));
}

#[test]
fn too_few_rows_are_refused() {
    for got in [0, 1, 9] {
        let data = sales(got.max(1), 1);
        let order: Vec<usize> = (0..got).collect();
        let expected = NotTrained::TooFewRows { needed: 10, got };
        assert_eq!(refusal(&super::reordered(&data, &order)), expected);
    }
    assert!(!matches!(
        refusal_or_model(&sales(10, 1)),
        Some(NotTrained::TooFewRows { .. })
    ));
}

fn refusal_or_model(data: &Dataset) -> Option<NotTrained> {
    RandomForest::params()
        .check()
        .unwrap()
        .fit_forest(data)
        .err()
}

#[test]
fn one_class_is_refused_by_name() {
    let mut data = sales(20, 1);
    data.target.fill(2.0);
    let class = "c2".into();
    assert_eq!(refusal(&data), NotTrained::OneClass { class });
}

#[test]
fn values_that_are_not_finite_are_refused_and_located() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut data = sales(20, 1);
        data.features[[7, 2]] = bad;
        let not_finite = |column: &str, row| NotTrained::NotFinite {
            column: column.into(),
            row,
        };
        assert_eq!(refusal(&data), not_finite("x2", 7));
        data.feature_names.clear();
        assert_eq!(refusal(&data), not_finite("feature 2", 7));
        let mut data = sales(20, 1);
        data.target[3] = bad;
        assert_eq!(refusal(&data), not_finite("target", 3));
    }
}

#[test]
fn targets_that_are_no_class_are_refused() {
    for bad in [4.0, -1.0, 0.5, 300.0] {
        let mut data = sales(20, 1);
        data.target[3] = bad;
        let (row, n_classes) = (3, 4);
        assert_eq!(refusal(&data), NotTrained::NoSuchClass { row, n_classes });
    }
}

#[test]
fn features_that_do_not_vary_are_refused() {
    let target: Vec<f64> = (0..20).map(|row| f64::from(row % 2)).collect();
    let constant = dataset(&[vec![1.0; 20], vec![0.0; 20]], target.clone(), 2);
    assert_eq!(refusal(&constant), NotTrained::NoVariation);
    assert_eq!(refusal(&dataset(&[], target, 2)), NotTrained::NoVariation);
}

#[test]
fn more_classes_than_a_byte_counts_are_refused() {
    let x: Vec<f64> = (0..300).map(f64::from).collect();
    let message = refusal(&dataset(std::slice::from_ref(&x), x.clone(), 300)).to_string();
    assert!(message.contains("at most 256 classes"), "{message}");
}
