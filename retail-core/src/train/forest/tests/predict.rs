use ndarray::{Axis, ShapeBuilder};

use super::*;

#[test]
fn rows_are_answered_alike_alone_and_in_company() {
    let data = sales(3_000, 4);
    for depth in [1, 3, 12] {
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
