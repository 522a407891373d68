use ndarray::Array2;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_partition_merged_in_any_way_gives_the_same_moments(
        n in 1_usize..1500,
        cuts in proptest::collection::vec(0_usize..1500, 0..6),
        offset in -1e6_f64..1e6,
        power in -9_i32..=9,
        seed in any::<u32>(),
    ) {
        let (mut features, target) = rows(n, u64::from(seed));
        let unit = 10_f64.powi(power);
        features.column_mut(0).mapv_inplace(|x| (x + offset) * unit);
        let all = of(&features, &target, None);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(n)).chain([0, n]).collect();
        cuts.sort_unstable();
        let parts: Vec<MomentSums> = cuts.windows(2).map(|ends| {
            let range = ends[0]..ends[1];
            let part = features.slice_axis(ndarray::Axis(0), range.clone().into());
            of(&part.to_owned(), &target[range], None)
        }).collect();
        let merged = |parts: &mut dyn Iterator<Item = &MomentSums>| {
            let mut sum = MomentSums::new(3);
            for part in parts {
                sum.merge(part).unwrap();
            }
            sum
        };
        let forward = merged(&mut parts.iter());
        prop_assert_eq!(&forward, &merged(&mut parts.iter()));
        let backward = merged(&mut parts.iter().rev());
        let mut grouped = merged(&mut parts[..parts.len() / 2].iter());
        grouped.merge(&merged(&mut parts[parts.len() / 2..].iter())).unwrap();
        for sums in [&forward, &backward, &grouped] {
            prop_assert_eq!(sums, &all);
        }
    }

    /// The slow way, one product at a time, and the fast way give the same digits.
    #[test]
    fn limbs_and_single_products_agree(
        values in proptest::collection::vec((-1e9_f64..1e9, -1.0_f64..1.0, 0.0_f64..3.0), 1..600),
        power in -40_i32..40,
    ) {
        let unit = 2_f64.powi(power);
        let features = Array2::from_shape_fn((values.len(), 1), |(row, _)| values[row].0 * unit);
        let target: Vec<f64> = values.iter().map(|value| value.1).collect();
        let weights: Vec<f64> = values.iter().map(|value| value.2).collect();
        for weights in [None, Some(&weights[..])] {
            let mut one_by_one = MomentSums::new(1);
            let columns = [features.column(0), ndarray::ArrayView1::from(&target)];
            crate::train::numeric::moments::chunk::add_one_by_one(&mut one_by_one, &columns, weights);
            match weights {
                None => one_by_one.count_rows(target.len() as u64),
                Some(weights) => weights.iter().for_each(|&weight| one_by_one.count_weight(weight)),
            }
            prop_assert_eq!(one_by_one, of(&features, &target, weights));
        }
    }
}
