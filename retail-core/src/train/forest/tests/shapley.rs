use super::*;
use crate::train::forest::model::{Node, Tree};
use crate::train::{Contributions, Scale};

fn contributions(model: &ForestModel, rows: &Array2<f64>) -> Contributions {
    model.contributions(rows.view()).unwrap().unwrap()
}

/// What shap's `TreeExplainer` says of a forest of scikit-learn's. shapley.py wrote it.
#[test]
fn contributions_are_those_of_shap() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("shapley.json")).unwrap();
    let model: ForestModel = serde_json::from_value(golden["model"].clone()).unwrap();
    let numbers =
        |value: &serde_json::Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let rows: Vec<Vec<f64>> = serde_json::from_value(golden["rows"].clone()).unwrap();
    let shape = (rows.len(), 5);
    let rows = Array2::from_shape_vec(shape, rows.concat()).unwrap();
    let got = contributions(&model, &rows);
    assert_eq!(got.scale, Scale::Probability);
    for (got, expected) in got.base.iter().zip(numbers(&golden["base"])) {
        assert!((got - expected).abs() < 1e-14, "{got} {expected}");
    }
    assert_eq!(got.values.dim(), (25, 3, 5));
    for ((row, class, feature), got) in got.values.indexed_iter() {
        let expected = golden["contributions"][row][feature][class]
            .as_f64()
            .unwrap();
        assert!((got - expected).abs() < 1e-12, "{row}: {got} {expected}");
    }
}

#[test]
fn they_sum_to_the_probabilities() {
    let data = sales(2_000, 8);
    for depth in [1, 5, 12] {
        let model = fit(RandomForest::params().n_trees(5).max_depth(depth), &data);
        let rows = data.features.select(ndarray::Axis(0), &[0, 7, 100, 1_999]);
        let (got, expected) = (contributions(&model, &rows), probabilities(&model, &rows));
        for ((row, class), expected) in expected.indexed_iter() {
            let sum = got.base[class]
                + got
                    .values
                    .slice_axis(ndarray::Axis(0), (row..=row).into())
                    .index_axis(ndarray::Axis(1), class)
                    .sum();
            assert!((sum - expected).abs() < 1e-12, "{depth}: {sum} {expected}");
        }
    }
}

/// The mean answer of class 0 at a node if only some features are known.
fn answer(tree: &Tree, at: usize, row: &[f64], known: &[bool]) -> f64 {
    fn cover(tree: &Tree, at: usize) -> f64 {
        let node = &tree.nodes[at];
        match node.child {
            0 => f64::from(tree.cover[node.feature as usize]),
            child => cover(tree, child as usize) + cover(tree, child as usize + 1),
        }
    }
    let Node {
        threshold,
        feature,
        child,
    } = tree.nodes[at];
    let (feature, child) = (feature as usize, child as usize);
    if child == 0 {
        tree.probabilities[2 * feature]
    } else if known[feature] {
        let goes_right = row[feature] > threshold;
        answer(tree, child + usize::from(goes_right), row, known)
    } else {
        let side = |child| cover(tree, child) * answer(tree, child, row, known);
        (side(child) + side(child + 1)) / cover(tree, at)
    }
}

/// The definition: what a feature adds, averaged over all orders in which features become known.
#[test]
fn they_are_means_over_all_orders_of_the_features() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let mut state = 11_u64;
    let mut below = |n: u64| {
        state = draw(state, 1);
        (state >> 20) % n
    };
    for depth in 0..7 {
        // Features come again and again on the way down.
        let (mut nodes, mut n_leaves) = (vec![Node::LEAF], 0);
        let mut at = 0;
        while at < nodes.len() {
            let child = nodes.len() as u32;
            if at < (1 << depth) - 1 && (at == 0 || below(5) > 0) {
                nodes[at] = Node {
                    threshold: below(8) as f64,
                    feature: below(3) as u32,
                    child,
                };
                nodes.extend([Node::LEAF; 2]);
            } else {
                nodes[at].feature = n_leaves;
                n_leaves += 1;
            }
            at += 1;
        }
        let shares = (0..n_leaves).map(|_| below(100) as f64 / 100.0);
        let tree = Tree {
            probabilities: shares.flat_map(|share| [share, 1.0 - share]).collect(),
            cover: (0..n_leaves).map(|_| 1 + below(9) as u32).collect(),
            nodes,
        };
        let model = ForestModel {
            n_features: 3,
            n_classes: 2,
            importances: vec![0.0; 3],
            trees: vec![tree.clone()],
            prepared: super::super::walk::Prepared::default(),
        };
        let rows = Array2::from_shape_fn((8, 3), |_| below(9) as f64);
        let got = contributions(&model, &rows);
        for (index, row) in rows.outer_iter().enumerate() {
            let row = row.to_vec();
            let mut expected = [0.0; 3];
            for order in orders {
                let mut known = [false; 3];
                for feature in order {
                    let before = answer(&tree, 0, &row, &known);
                    known[feature] = true;
                    expected[feature] += (answer(&tree, 0, &row, &known) - before) / 6.0;
                }
            }
            for (feature, expected) in expected.into_iter().enumerate() {
                let got = got.values[(index, 0, feature)];
                assert!((got - expected).abs() < 1e-12, "{depth}: {got} {expected}");
            }
        }
    }
}

#[test]
fn forests_that_do_not_know_their_rows_say_nothing() {
    let model = fit(RandomForest::params().n_trees(2), &sales(300, 1));
    let mut json = model.to_json().unwrap();
    for tree in json["trees"].as_array_mut().unwrap() {
        tree.as_object_mut().unwrap().remove("cover");
    }
    let early: ForestModel = serde_json::from_value(json).unwrap();
    let rows = Array2::zeros((1, 6));
    assert_eq!(early.contributions(rows.view()), Ok(None));
    model
        .contributions(Array2::zeros((1, 5)).view())
        .unwrap_err();
    let nothing = contributions(&model, &Array2::zeros((0, 6)));
    assert_eq!(nothing.values.dim(), (0, 4, 6));
}
