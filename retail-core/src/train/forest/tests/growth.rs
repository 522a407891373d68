use ndarray::{Array2, Axis, ShapeBuilder, array};
use proptest::prelude::*;

use super::super::model::Tree;
use super::super::{MaxFeatures, RandomForest};
use super::{accuracy, dataset, fit, noise, plain_tree, probabilities, sales};
use crate::label::Task;
use crate::train::{Model, PredictError, Trainer};

#[test]
fn separable_classes_are_learned() {
    let x: Vec<f64> = (0..200).map(f64::from).collect();
    let target = x.iter().map(|x| (x / 50.0).floor()).collect();
    let data = dataset(&[x], target, 4);
    assert_eq!(accuracy(&fit(RandomForest::params(), &data), &data), 1.0);
}

#[test]
fn as_many_classes_as_a_byte_counts_are_learned() {
    let x: Vec<f64> = (0..512).map(|row| f64::from(row / 2)).collect();
    let data = dataset(std::slice::from_ref(&x), x.clone(), 256);
    // 255 bins: two of the classes share one.
    let model = fit(plain_tree().max_depth(64), &data);
    assert!(accuracy(&model, &data) > 0.99);
}

#[test]
fn an_interaction_without_a_first_gain_is_learned() {
    let x: Vec<f64> = (0..64).map(|row| f64::from(row % 2)).collect();
    let y: Vec<f64> = (0..64).map(|row| f64::from(row / 2 % 2)).collect();
    let target = x.iter().zip(&y).map(|(x, y)| (x - y).abs()).collect();
    let data = dataset(&[x, y], target, 2);
    assert_eq!(accuracy(&fit(plain_tree().max_depth(2), &data), &data), 1.0);
}

#[test]
fn sales_it_has_not_seen_are_classified() {
    let model = fit(RandomForest::params(), &sales(8_000, 1));
    let accuracy = accuracy(&model, &sales(2_000, 99));
    assert!(accuracy > 0.98, "{accuracy}");
}

#[test]
fn a_binary_target_has_two_columns() {
    let x: Vec<f64> = (0..50).map(f64::from).collect();
    let target = x.iter().map(|&x| f64::from(u8::from(x >= 25.0))).collect();
    let mut data = dataset(&[x], target, 2);
    data.task = Task::Binary;
    let answer = probabilities(&fit(RandomForest::params(), &data), &array![[0.0], [49.0]]);
    assert_eq!(answer.dim(), (2, 2));
    assert!(answer[[0, 0]] > 0.9 && answer[[1, 1]] > 0.9, "{answer}");
}

#[test]
fn a_class_that_is_absent_keeps_its_column_with_probability_0() {
    let mut data = sales(500, 3);
    for target in &mut data.target {
        *target = if *target == 2.0 { 3.0 } else { *target };
    }
    let answer = probabilities(&fit(RandomForest::params(), &data), &data.features);
    assert_eq!(answer.ncols(), 4);
    assert!(answer.column(2).iter().all(|&p| p == 0.0));
    assert!(answer.column(3).iter().any(|&p| p > 0.9));
}

#[test]
fn a_constant_feature_is_never_split() {
    let mut data = sales(400, 4);
    data.features.column_mut(0).fill(6.0);
    let model = fit(RandomForest::params(), &data);
    assert_eq!(model.importances()[0], 0.0);
    assert!(model.importances()[1] > 0.0);
}

#[test]
fn features_are_drawn_until_one_can_split() {
    let mut columns = vec![vec![1.0; 100]; 6];
    columns[4] = (0..100).map(f64::from).collect();
    let target = (0..100).map(|row| f64::from(row / 50)).collect();
    let data = dataset(&columns, target, 2);
    let params = RandomForest::params().max_features(MaxFeatures::Count(1));
    let model = fit(params, &data);
    assert!(model.trees.iter().all(|tree| tree.nodes.len() > 1));
}

#[test]
fn the_features_of_a_node_are_drawn() {
    // Of two equally good features the first would win wherever both were drawn.
    let column: Vec<f64> = (0..100).map(f64::from).collect();
    let target = (0..100).map(|row| f64::from(row / 50)).collect();
    let data = dataset(&vec![column; 4], target, 2);
    let params = RandomForest::params().n_trees(400).max_depth(1);
    let model = fit(params.max_features(MaxFeatures::Count(1)), &data);
    for feature in 0..4 {
        let roots = model
            .trees
            .iter()
            .filter(|tree| tree.nodes[0].feature == feature);
        let n_roots = roots.count();
        assert!((65..135).contains(&n_roots), "{feature}: {n_roots}");
    }
}

#[test]
fn ties_go_to_the_first_feature_and_the_lowest_value() {
    let column = vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    let target = vec![0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0];
    let data = dataset(&vec![column; 4], target, 2);
    // Whatever the order in which the features are drawn.
    for seed in 0..20 {
        let model = fit(plain_tree().seed(seed), &data);
        assert_eq!(model.importances(), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(model.trees[0].nodes[0].threshold, 0.5);
    }
}

#[test]
fn a_value_on_the_threshold_goes_left() {
    let model = fit(plain_tree(), &dataset(&[vec![1.0, 2.0]], vec![0.0, 1.0], 2));
    let answer = probabilities(&model, &array![[1.5], [1.5_f64.next_up()]]);
    assert_eq!(answer, array![[1.0, 0.0], [0.0, 1.0]]);
}

#[test]
fn importances_are_mean_shares_of_the_decrease_in_impurity() {
    // By hand: the root (Gini 0.5 of 8 samples) is split in x into 3 pure and 5 samples with
    // 1 of class 0; those are then split in y. Decreases: 4 − 1.6 = 2.4, and 1.6.
    let x = vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let y = vec![0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let target = vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let model = fit(plain_tree(), &dataset(&[x, y], target, 2));
    let expected = [2.4 / 4.0, 1.6 / 4.0];
    for (got, expected) in model.importances().iter().zip(expected) {
        assert!((got - expected).abs() < 1e-12, "{:?}", model.importances());
    }
}

/// The number of splits above the deepest leaf under a node.
fn deepest(tree: &Tree, node: usize) -> usize {
    match tree.nodes[node].child as usize {
        0 => 0,
        child => 1 + deepest(tree, child).max(deepest(tree, child + 1)),
    }
}

#[test]
fn limits_of_depth_and_samples_hold() {
    // No node is pure before a tree is deep.
    let data = noise(3_000);
    for depth in 1..4 {
        let model = fit(plain_tree().max_depth(depth), &data);
        let root = &model.trees[0];
        assert_eq!(deepest(root, 0), depth);
        assert!(root.nodes.len() > 2 * depth + 1 || depth == 1, "{depth}");
    }
    let base = || plain_tree().max_depth(20);
    let n_nodes = |params| fit(params, &data).trees[0].nodes.len();
    let free = n_nodes(base());
    assert!(n_nodes(base().min_samples_leaf(100)) < free);
    assert!(n_nodes(base().min_samples_leaf(1_501)) == 1);
    assert!(n_nodes(base().min_samples_split(1_000)) < free);
    assert!(n_nodes(base().min_samples_split(3_001)) == 1);
    assert!(n_nodes(base().min_samples_split(3_000)) > 1);
}

#[test]
fn a_bootstrap_without_any_row_is_replaced_by_all_rows() {
    let data = dataset(&[vec![0.0, 1.0]], vec![0.0, 1.0], 2);
    // Two rows are left out by one tree in seven.
    let params = RandomForest::params().min_rows(2).n_trees(200);
    let answer = probabilities(&fit(params, &data), &data.features);
    assert!(answer.iter().all(|p| p.is_finite()), "{answer}");
}

#[test]
fn rows_are_predicted_alike_alone_together_and_in_any_layout() {
    let data = sales(1_200, 6);
    let model = fit(RandomForest::params(), &data);
    let together = probabilities(&model, &data.features);
    let row_major = data.features.as_standard_layout().into_owned();
    assert_eq!(probabilities(&model, &row_major), together);
    for row in [0, 511, 512, 1_199] {
        let alone = data.features.select(Axis(0), &[row]);
        assert_eq!(probabilities(&model, &alone).row(0), together.row(row));
    }
    let none = probabilities(&model, &Array2::zeros((0, 6).f()));
    assert_eq!(none.dim(), (0, 4));
}

#[test]
fn rows_that_cannot_be_asked_about_are_refused() {
    let model = fit(RandomForest::params(), &sales(100, 7));
    let error = model.predict(Array2::zeros((3, 5)).view()).unwrap_err();
    assert_eq!(
        error,
        PredictError::Shape {
            expected: 6,
            got: 5
        }
    );
    let mut features = Array2::zeros((3, 6));
    features[[2, 4]] = f64::NAN;
    let error = model.predict(features.view()).unwrap_err();
    assert_eq!(error, PredictError::NotFinite { row: 2, feature: 4 });
}

#[test]
fn the_trainer_says_what_it_is() {
    let trainer = RandomForest::params().seed(5).threads(3).check().unwrap();
    assert_eq!(trainer.name(), "random-forest");
    assert_eq!(trainer.seed(), Some(5));
    let params = trainer.hyper_parameters();
    assert_eq!(
        (&params["n_trees"], &params["max_features"]),
        (&10.into(), &"sqrt".into())
    );
    assert!(
        params.get("threads").is_none(),
        "the model does not depend on it"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn shares_sum_to_one(seed in 0_u64..1_000, n_rows in 10_usize..300, n_trees in 1_usize..12) {
        let data = sales(n_rows, seed);
        prop_assume!(data.target.iter().any(|&target| target != data.target[0]));
        let model = fit(RandomForest::params().n_trees(n_trees).seed(seed), &data);
        for row in probabilities(&model, &data.features).outer_iter() {
            prop_assert!((row.sum() - 1.0).abs() < 1e-12);
            prop_assert!(row.iter().all(|p| (0.0..=1.0).contains(p)));
        }
        prop_assert!((model.importances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
