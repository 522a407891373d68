use ndarray::{Axis, Slice, array};
use proptest::prelude::*;

use super::super::column::Column;
use super::super::edges::Edges;
use super::{dataset, fit, plain_tree};
use crate::train::ValueSketch;

/// A binned feature.
struct Binned {
    bins: Vec<u8>,
    edges: Edges,
}

fn binned(values: &[f64], max_bins: usize) -> Binned {
    let (column, sketch) = Column::read(values, None).unwrap();
    let edges = Edges::new(&sketch, max_bins);
    let bins = column.bins(values, &edges);
    Binned { bins, edges }
}

#[test]
fn few_values_have_a_bin_each() {
    let column = binned(&[5.0, -1.0, 5.0, 2.0, 0.0, -0.0], 4);
    assert_eq!(column.bins, [3, 0, 3, 2, 1, 1]);
    assert_eq!(column.edges.len(), 4);
    assert_eq!(column.edges.threshold(0, 1), -0.5);
    assert_eq!(column.edges.threshold(1, 3), 2.5, "between bins apart");
}

#[test]
fn many_values_share_bins_of_about_equal_size() {
    let values: Vec<f64> = (0..10_000).map(f64::from).collect();
    let column = binned(&values, 100);
    assert_eq!(column.edges.len(), 100);
    for bin in 0..100 {
        let rows = column.bins.iter().filter(|&&b| b == bin).count();
        assert!((90..=110).contains(&rows), "bin {bin}: {rows}");
    }
}

#[test]
fn bins_of_more_values_than_can_be_counted_do_not_depend_on_the_order_of_rows() {
    let value = |row: u32| f64::from(row.wrapping_mul(2_654_435_761)).sqrt();
    let mut values: Vec<f64> = (0..100_000).map(value).collect();
    let column = binned(&values, 255);
    assert_eq!(column.edges.len(), 255);
    values.reverse();
    let mut reversed = binned(&values, 255);
    reversed.bins.reverse();
    assert_eq!(reversed.bins, column.bins);
    assert_eq!(reversed.edges, column.edges);
}

#[test]
fn a_frequent_value_has_a_bin_of_its_own() {
    let mut values: Vec<f64> = (0..1_000).map(f64::from).collect();
    values.extend([500.0; 400]);
    let column = binned(&values, 10);
    let own = column.bins[500];
    let others = (0..1_000).filter(|&row| row != 500);
    assert!(others.clone().all(|row| column.bins[row] != own));
    assert!(others.count() > 0);
}

#[test]
fn thresholds_separate_neighbours_and_stay_finite() {
    let next = 1.0_f64.next_up();
    for (low, high) in [
        (1.0, next),
        (-f64::MAX, f64::MAX),
        (0.0, 5e-324),
        (f64::MAX.next_down(), f64::MAX),
    ] {
        let threshold = binned(&[low, high], 2).edges.threshold(0, 1);
        assert!(
            low <= threshold && threshold < high,
            "{low} {threshold} {high}"
        );
    }
}

#[test]
fn a_value_that_is_not_finite_is_located() {
    let mut values: Vec<f64> = (0..50_000).map(f64::from).collect();
    assert_eq!(binned(&values, 255).edges.len(), 255);
    values[40_000] = f64::NAN;
    assert_eq!(Column::read(&values, None).err(), Some(40_000));
    assert_eq!(Column::read(&[1.0, f64::NEG_INFINITY], None).err(), Some(1));
}

#[test]
fn columns_with_gaps_in_memory_are_read_in_order() {
    let mut data = dataset(&[vec![1.0, 3.0, 2.0]], vec![0.0, 1.0, 0.0], 2);
    let expected = fit(plain_tree(), &data);
    let row_major = array![[1.0, 9.0], [3.0, 9.0], [2.0, 9.0]];
    data.features = row_major;
    data.features.slice_axis_inplace(Axis(1), Slice::from(..1));
    assert!(data.features.column(0).to_slice().is_none());
    assert_eq!(fit(plain_tree(), &data), expected);
}

proptest! {
    #[test]
    fn bins_follow_the_order_of_values(
        values in prop::collection::vec((-40_i32..40).prop_map(|v| f64::from(v) / 4.0), 1..200),
        max_bins in 2_usize..30,
    ) {
        let column = binned(&values, max_bins);
        prop_assert!(column.edges.len() <= max_bins);
        let mut distinct = values.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        prop_assert_eq!(column.edges.len(), distinct.len().min(max_bins));
        let bins: std::collections::BTreeSet<_> = column.bins.iter().copied().collect();
        prop_assert_eq!(bins.len(), column.edges.len(), "no bin is empty");
        for (a, bin_a) in values.iter().zip(&column.bins) {
            for (b, bin_b) in values.iter().zip(&column.bins) {
                prop_assert!(a > b || bin_a <= bin_b);
                if bin_a < bin_b {
                    let threshold = column.edges.threshold((*bin_a).into(), (*bin_b).into());
                    prop_assert!(*a <= threshold && threshold < *b);
                }
            }
        }
    }

    #[test]
    fn hashing_and_sorting_give_the_same_bins(
        values in prop::collection::vec(-50_i32..50, 1..300),
        max_bins in 2_usize..60,
    ) {
        let values: Vec<f64> = values.into_iter().map(|v| f64::from(v) / 8.0).collect();
        let sorted = Edges::new(&ValueSketch::of(&values).unwrap(), max_bins);
        let hashed = binned(&values, max_bins);
        prop_assert_eq!(hashed.bins, Column::Various.bins(&values, &sorted));
        prop_assert_eq!(hashed.edges, sorted);
    }
}
