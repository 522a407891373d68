use proptest::prelude::*;

use super::super::RandomForest;
use super::{fit, noise, reordered, sales};
use crate::train::Model;

#[test]
fn the_number_of_threads_changes_no_byte() {
    // Enough rows for the parallel parts to be parallel.
    let data = sales(150_000, 1);
    let bytes = |threads| {
        let params = RandomForest::params().threads(threads).n_trees(9);
        fit(params, &data).to_json().unwrap().to_string()
    };
    let one = bytes(1);
    for threads in [2, 8, 0] {
        assert!(one == bytes(threads), "{threads} threads");
    }
}

/// Bytes known from an earlier process: if this fails and the change was meant, models of one
/// seed differ from those of the release before.
#[test]
fn a_seed_gives_the_model_it_always_gave() {
    let model = fit(RandomForest::params().n_trees(3), &sales(2_000, 1));
    // Not by way of `Value`: the order of its keys depends on a feature of serde_json.
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(crc32fast::hash(text.as_bytes()), 29_903_376);
    // Trees are still those of the time when they did not know the rows of their leaves.
    let trees = text
        .split(",\"cover\":[")
        .map(|part| match part.split_once(']') {
            Some((numbers, rest)) if numbers.starts_with(|c: char| c.is_ascii_digit()) => rest,
            _ => part,
        });
    let trees: String = trees.collect();
    assert_eq!(crc32fast::hash(trees.as_bytes()), 2_331_239_870);
}

#[test]
fn seeds_give_different_forests_and_trees_differ() {
    let data = noise(500);
    let model = fit(RandomForest::params().seed(1), &data);
    assert_ne!(model, fit(RandomForest::params().seed(2), &data));
    for (index, tree) in model.trees.iter().enumerate() {
        assert!(!model.trees[..index].contains(tree), "tree {index}");
    }
}

#[test]
fn the_bootstrap_goes_by_row_number() {
    let data = sales(500, 1);
    let mut moved = data.clone();
    for number in &mut moved.row_numbers {
        *number += 1_000;
    }
    let params = RandomForest::params;
    assert_ne!(fit(params(), &data), fit(params(), &moved));
    let without = || params().bootstrap(false);
    assert_eq!(fit(without(), &data), fit(without(), &moved));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_of_rows_changes_no_byte(
        seed in 0_u64..1_000,
        max_bins in 2_usize..=255,
        order in Just((0..400).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let data = sales(400, seed);
        let params = || RandomForest::params().seed(seed).max_bins(max_bins).n_trees(4);
        let straight = fit(params(), &data).to_json().unwrap().to_string();
        let shuffled = fit(params(), &reordered(&data, &order)).to_json().unwrap().to_string();
        prop_assert_eq!(straight, shuffled);
    }
}
