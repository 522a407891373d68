use proptest::prelude::*;

use super::*;
use crate::train::damage::damaged;

/// More distinct values than buckets, over many magnitudes and both signs.
fn many(n: usize) -> Vec<f64> {
    let value = |row: usize| {
        let mixed = (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let fraction = (mixed >> 12) as f64 / (1_u64 << 52) as f64;
        let sign = if mixed & 1 == 0 { 1.0 } else { -1.0 };
        sign * (1.0 + fraction) * 10_f64.powi((mixed >> 1) as i32 % 4)
    };
    (0..n).map(value).collect()
}

fn merged<'a>(parts: impl IntoIterator<Item = &'a [f64]>) -> ValueSketch {
    let mut all = ValueSketch::new();
    for part in parts {
        all.merge(&ValueSketch::of(part).unwrap());
    }
    all
}

#[test]
fn few_values_are_counted_one_by_one() {
    let sketch = ValueSketch::of(&[2.0, -0.0, 2.0, -1.5, 0.0, 2.0]).unwrap();
    let counts: Vec<_> = sketch
        .buckets()
        .iter()
        .map(|bucket| (bucket.smallest, bucket.largest, bucket.rows))
        .collect();
    assert_eq!(counts, [(-1.5, -1.5, 1), (0.0, 0.0, 2), (2.0, 2.0, 3)]);
    assert!(sketch.is_exact());
    assert_eq!(sketch.relative_width(), 0.0);
    assert_eq!(sketch.quantile(0.0), Some(-1.5));
    assert_eq!(sketch.quantile(0.5), Some(0.0));
    assert_eq!(sketch.quantile(0.51), Some(2.0));
    assert_eq!(sketch.quantile(1.0), Some(2.0));
}

#[test]
fn as_many_values_as_there_are_buckets_are_exact_and_one_more_is_not() {
    let values: Vec<f64> = (0..=ValueSketch::CAPACITY)
        .map(|value| value as f64)
        .collect();
    let (last, before) = values.split_last().unwrap();
    let mut sketch = ValueSketch::of(before).unwrap();
    assert!(sketch.is_exact());
    assert_eq!(sketch.buckets().len(), ValueSketch::CAPACITY);
    sketch.merge(&ValueSketch::of(&[*last]).unwrap());
    assert!(!sketch.is_exact());
    assert!(sketch.buckets().len() <= ValueSketch::CAPACITY);
    assert_eq!(sketch.n_rows(), values.len() as u64);
}

#[test]
fn buckets_are_disjoint_and_hold_all_rows() {
    let values = many(200_000);
    let sketch = ValueSketch::of(&values).unwrap();
    assert!((1 << 14..=1 << 15).contains(&sketch.buckets().len()));
    assert_eq!(sketch.n_rows(), values.len() as u64);
    for pair in sketch.buckets().windows(2) {
        assert!(pair[0].smallest <= pair[0].largest && pair[0].largest < pair[1].smallest);
    }
    let mut sorted = values;
    sorted.sort_unstable_by(f64::total_cmp);
    let mut at = 0;
    for bucket in sketch.buckets() {
        let end = at + bucket.rows as usize;
        assert_eq!(sorted[at], bucket.smallest);
        assert_eq!(sorted[end - 1], bucket.largest);
        at = end;
    }
}

#[test]
fn a_quantile_of_many_values_is_off_by_no_more_than_the_width_of_a_bucket() {
    let mut values = many(200_000);
    let sketch = ValueSketch::of(&values).unwrap();
    let width = sketch.relative_width();
    assert!(0.0 < width && width < 0.001, "{width}");
    values.sort_unstable_by(f64::total_cmp);
    for percent in 0..=100 {
        let share = f64::from(percent) / 100.0;
        let exact = values[((share * 200_000_f64).ceil() as usize).max(1) - 1];
        let got = sketch.quantile(share).unwrap();
        let limit = exact + width * exact.abs();
        assert!(
            (exact..=limit).contains(&got),
            "{percent} %: {got} for {exact}"
        );
    }
}

#[test]
fn no_rows_are_neutral_and_have_no_quantile() {
    let sketch = ValueSketch::of(&many(40_000)).unwrap();
    let (mut left, mut right) = (sketch.clone(), ValueSketch::new());
    left.merge(&ValueSketch::new());
    right.merge(&sketch);
    assert_eq!((&left, &right), (&sketch, &sketch));
    assert_eq!(ValueSketch::new().quantile(0.5), None);
    assert_eq!(
        [-0.1, 1.1, f64::NAN].map(|share| sketch.quantile(share)),
        [None; 3]
    );
}

#[test]
fn what_is_not_finite_is_located() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = ValueSketch::of(&[1.0, bad, bad]).unwrap_err();
        assert!(
            matches!(error, NotTrained::NotFinite { row: 1, .. }),
            "{error}"
        );
    }
}

#[test]
fn what_is_read_back_is_what_was_saved() {
    for sketch in [
        ValueSketch::new(),
        ValueSketch::of(&[-1.5, 0.1, 0.1, 1e300]).unwrap(),
        ValueSketch::of(&many(100_000)).unwrap(),
    ] {
        let text = serde_json::to_string(&sketch).unwrap();
        assert_eq!(serde_json::from_str::<ValueSketch>(&text).unwrap(), sketch);
    }
}

/// What is damaged on its way is refused, or is another sketch that can be merged and asked.
#[test]
fn damaged_sketches_do_not_panic() {
    let sketch = ValueSketch::of(&[-2.0, 0.0, 0.5, 0.5, 7.0]).unwrap();
    let mut refused = 0;
    let versions = damaged(&serde_json::to_value(&sketch).unwrap());
    for version in &versions {
        match serde_json::from_value::<ValueSketch>(version.clone()) {
            Ok(mut damaged) => {
                damaged.merge(&damaged.clone());
                damaged.merge(&sketch);
                assert!(damaged.quantile(1.0) >= Some(7.0));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > versions.len() * 3 / 4, "{refused}");
}

/// A program that lies about its rows gets a sketch that lies, not a panic.
#[test]
fn sketches_of_more_rows_than_can_be_counted_are_full() {
    let text = format!(
        r#"{{"level":0,"smallest":[1.0,2.0],"largest":[1.0,2.0],"rows":[{},1]}}"#,
        u64::MAX - 1
    );
    let mut sketch: ValueSketch = serde_json::from_str(&text).unwrap();
    sketch.merge(&sketch.clone());
    assert_eq!(sketch.n_rows(), u64::MAX);
    assert_eq!(sketch.quantile(1.0), Some(1.0));
}

#[test]
fn the_largest_and_smallest_numbers_have_buckets() {
    let mut values = many(100_000);
    values.extend([f64::MAX, f64::MIN, 5e-324, -5e-324, 0.0]);
    let sketch = ValueSketch::of(&values).unwrap();
    assert_eq!(sketch.buckets()[0].smallest, f64::MIN);
    assert_eq!(sketch.quantile(1.0), Some(f64::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_partition_merged_in_any_order_gives_the_same_bytes(
        cuts in proptest::collection::vec(0_usize..120_000, 0..6),
        turn in 0_usize..7,
    ) {
        let values = many(120_000);
        let at_once = ValueSketch::of(&values).unwrap();
        prop_assert!(!at_once.is_exact());
        let mut ends = cuts;
        ends.extend([0, values.len()]);
        ends.sort_unstable();
        let mut parts: Vec<&[f64]> = ends.windows(2).map(|pair| &values[pair[0]..pair[1]]).collect();
        let turn = turn % parts.len();
        parts.rotate_left(turn);
        prop_assert_eq!(&merged(parts.iter().copied()), &at_once);
        // Pair by pair, too.
        let (left, right) = parts.split_at(parts.len() / 2);
        let mut pair = merged(right.iter().copied());
        pair.merge(&merged(left.iter().copied()));
        prop_assert_eq!(&pair, &at_once);
    }

    #[test]
    fn few_values_merge_to_their_counts(
        left in proptest::collection::vec(-20_i32..20, 0..60),
        right in proptest::collection::vec(-20_i32..20, 0..60),
    ) {
        let numbers = |values: &[i32]| values.iter().map(|&v| f64::from(v) / 4.0).collect::<Vec<_>>();
        let (left, right) = (numbers(&left), numbers(&right));
        let sketch = merged([&left[..], &right[..]]);
        for bucket in sketch.buckets() {
            let rows = left.iter().chain(&right).filter(|&&v| v == bucket.smallest).count();
            prop_assert_eq!(bucket.rows, rows as u64);
            prop_assert_eq!(bucket.smallest, bucket.largest);
        }
        prop_assert_eq!(sketch.n_rows(), (left.len() + right.len()) as u64);
    }
}
