//! A tree without chance must be the one that plain CART on sorted values finds.

use proptest::prelude::*;

use super::{dataset, fit, plain_tree, probabilities};
use crate::train::Dataset;

/// The class probabilities at `query` of the tree that CART grows on `rows`, by exhaustive search
/// over the values themselves.
fn cart(data: &Dataset, rows: &[usize], query: usize, depth: usize, min_leaf: usize) -> Vec<f64> {
    let n_classes = data.task.n_classes();
    let counts = |rows: &[usize]| {
        let mut counts = vec![0_u32; n_classes];
        for &row in rows {
            counts[data.target[row] as usize] += 1;
        }
        counts
    };
    let purity = |rows: &[usize]| {
        let squares = counts(rows)
            .into_iter()
            .map(|c| f64::from(c) * f64::from(c));
        squares.sum::<f64>() / rows.len() as f64
    };
    let own = counts(rows);
    let leaf = own
        .iter()
        .map(|&c| f64::from(c) / rows.len() as f64)
        .collect();
    if depth == 0 || own.iter().any(|&c| c as usize == rows.len()) {
        return leaf;
    }
    let mut best: Option<(f64, usize, f64)> = None;
    for feature in 0..data.n_features() {
        let mut values: Vec<f64> = rows
            .iter()
            .map(|&row| data.features[[row, feature]])
            .collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        for pair in values.windows(2) {
            let threshold = f64::midpoint(pair[0], pair[1]);
            let (left, right) = split(data, rows, feature, threshold);
            if left.len() < min_leaf || right.len() < min_leaf {
                continue;
            }
            let score = purity(&left) + purity(&right);
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, feature, threshold));
            }
        }
    }
    let Some((_, feature, threshold)) = best else {
        return leaf;
    };
    let (left, right) = split(data, rows, feature, threshold);
    let goes_left = data.features[[query, feature]] <= threshold;
    let side = if goes_left { left } else { right };
    cart(data, &side, query, depth - 1, min_leaf)
}

fn split(
    data: &Dataset,
    rows: &[usize],
    feature: usize,
    threshold: f64,
) -> (Vec<usize>, Vec<usize>) {
    rows.iter()
        .partition(|&&row| data.features[[row, feature]] <= threshold)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn a_tree_without_chance_is_that_of_cart(
        rows in prop::collection::vec(([0_u8..12, 0..5, 0..30], 0_u8..3), 60),
        depth in 1_usize..6,
        min_leaf in 1_usize..5,
        n_constant in 0_usize..6,
    ) {
        // The last third is never learned, only asked about.
        let n_train = 40;
        let mut columns: Vec<Vec<f64>> = (0..3)
            .map(|feature| rows.iter().map(|row| f64::from(row.0[feature])).collect())
            .collect();
        // More than six features are stored in another way.
        columns.extend(vec![vec![1.0; rows.len()]; n_constant]);
        let target: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
        let data = dataset(&columns, target, 3);
        let train: Vec<usize> = (0..n_train).collect();
        let params = plain_tree().max_depth(depth).min_samples_leaf(min_leaf);
        let answer = probabilities(&fit(params, &super::reordered(&data, &train)), &data.features);
        for query in 0..rows.len() {
            let expected = cart(&data, &train, query, depth, min_leaf);
            prop_assert_eq!(answer.row(query).to_vec(), expected, "row {}", query);
        }
    }
}
