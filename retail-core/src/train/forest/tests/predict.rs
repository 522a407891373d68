use ndarray::{Axis, ShapeBuilder};

use super::*;
use crate::train::forest::model::{Node, Tree};
use crate::train::forest::walk::Prepared;

#[test]
fn rows_are_answered_alike_alone_and_in_company() {
    let data = sales(3_000, 4);
    for depth in [1, 3, 7, 8, 12] {
        let model = fit(RandomForest::params().n_trees(7).max_depth(depth), &data);
        let together = probabilities(&model, &data.features);
        for rows in (0..40).chain([511, 512, 513, 1_025]) {
            let (part, _) = data.features.view().split_at(Axis(0), rows);
            assert_eq!(
                probabilities(&model, &part.to_owned()),
                together.view().split_at(Axis(0), rows).0,
                "{rows} rows, depth {depth}"
            );
        }
        for (row, expected) in data
            .features
            .outer_iter()
            .zip(together.outer_iter())
            .take(100)
        {
            let alone = row.insert_axis(Axis(0)).to_owned();
            assert_eq!(probabilities(&model, &alone).row(0), expected);
        }
        // However the rows lie in memory.
        let mut columns = Array2::zeros(data.features.raw_dim().f());
        columns.assign(&data.features);
        assert_eq!(probabilities(&model, &columns), together);
    }
}

/// A tree that grows at random, of splits at these thresholds.
fn tree(depth: usize, thresholds: &[f64], draw: &mut impl FnMut(usize) -> usize) -> Tree {
    let mut nodes = vec![Node::LEAF];
    let (mut level, mut n_leaves) = (vec![0], 0);
    for left in (0..=depth).rev() {
        let mut next = Vec::new();
        for at in level {
            // The first one goes down as far as it may.
            if left > 0 && (at == 0 || nodes.len() % 2 == 1 && draw(4) > 0) {
                let child = nodes.len();
                nodes.extend([Node::LEAF; 2]);
                nodes[at] = Node {
                    threshold: thresholds[draw(thresholds.len())],
                    feature: draw(3) as u32,
                    child: child as u32,
                };
                next.extend([child, child + 1]);
            } else {
                nodes[at].feature = n_leaves;
                n_leaves += 1;
            }
        }
        level = next;
    }
    let probabilities = (0..n_leaves * 2).map(|_| draw(1_000) as f64 / 1_000.0);
    Tree {
        probabilities: probabilities.collect(),
        nodes,
        cover: Vec::new(),
    }
}

#[test]
fn every_way_down_a_tree_ends_at_the_same_leaf() {
    let mut state = 7_u64;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    // More thresholds than a byte tells apart are not ranked.
    for n_thresholds in [2, 9, 200, 2_000] {
        let mut thresholds: Vec<f64> = (0..n_thresholds).map(|i| i as f64 / 4.0 - 1.0).collect();
        thresholds.extend([-0.0, f64::MIN, f64::MAX, f64::MIN_POSITIVE]);
        let depths = [0, 1, 2, 5, 6, 7, 8, 10, 11];
        let depths = depths
            .iter()
            .cycle()
            .take(if n_thresholds > 1_000 { 90 } else { 9 });
        let model = ForestModel {
            n_features: 3,
            n_classes: 2,
            importances: vec![0.0; 3],
            trees: depths
                .map(|&depth| tree(depth, &thresholds, &mut draw))
                .collect(),
            prepared: Prepared::default(),
        };
        // On thresholds, between them, and 0 of either sign.
        let rows = Array2::from_shape_fn((1_100, 3), |_| {
            let value = thresholds[draw(thresholds.len())];
            [value, value + 0.1, -value, 0.0, -0.0][draw(5)].clamp(f64::MIN, f64::MAX)
        });
        let together = probabilities(&model, &rows);
        for (row, found) in rows.outer_iter().zip(together.outer_iter()) {
            let mut sums = [0.0; 2];
            for tree in &model.trees {
                let mut at = tree.nodes[0];
                while at.child != 0 {
                    let right = usize::from(row[at.feature as usize] > at.threshold);
                    at = tree.nodes[at.child as usize + right];
                }
                let leaf = at.feature as usize;
                sums[0] += tree.probabilities[2 * leaf];
                sums[1] += tree.probabilities[2 * leaf + 1];
            }
            let expected = sums.map(|sum| sum / model.trees.len() as f64);
            assert_eq!(found.to_vec(), expected, "{n_thresholds} thresholds, {row}");
        }
    }
}

#[test]
fn a_byte_holds_the_ranks_of_255_thresholds_and_no_more() {
    for n_thresholds in [254, 255, 256, 257] {
        // A tree for each threshold: which of its sides a value is on.
        let trees = (0..n_thresholds).map(|threshold| Tree {
            nodes: vec![
                Node {
                    threshold: f64::from(threshold),
                    feature: 0,
                    child: 1,
                },
                Node::LEAF,
                Node {
                    feature: 1,
                    ..Node::LEAF
                },
            ],
            probabilities: vec![1.0, 0.0, 0.0, 1.0],
            cover: Vec::new(),
        });
        let model = ForestModel {
            n_features: 1,
            n_classes: 2,
            importances: vec![1.0],
            trees: trees.collect(),
            prepared: Prepared::default(),
        };
        let rows = Array2::from_shape_fn((300, 1), |(row, _)| row as f64);
        for (row, shares) in probabilities(&model, &rows).outer_iter().enumerate() {
            let above = row.min(n_thresholds as usize);
            assert_eq!(shares[1], above as f64 / f64::from(n_thresholds), "{row}");
        }
    }
}
