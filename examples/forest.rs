//! The random forest by itself, on arrays of your own: no stream, no engine.

use retail_core::label::Task;
use retail_core::ndarray::{Array2, Axis};
use retail_core::prelude::*;
use retail_core::train::RandomForest;

/// 1,000 points of a plane; those within a circle are of the class `inside`.
fn points() -> (Array2<f64>, Vec<f64>) {
    // The fractional parts of multiples of two irrational numbers spread evenly.
    let spread = |row: usize, step: f64| (row as f64 * step).fract() * 2.0 - 1.0;
    let steps = [2_f64.sqrt(), 3_f64.sqrt()];
    let features = Array2::from_shape_fn((1_000, 2), |(row, column)| spread(row, steps[column]));
    let inside = |row: &[f64]| row[0].hypot(row[1]) < 0.7;
    let rows = features.rows().into_iter();
    let target = rows.map(|row| f64::from(u8::from(inside(&row.to_vec()))));
    (features.clone(), target.collect())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (features, target) = points();
    let (train, test) = features.view().split_at(Axis(0), 800);
    let data = Dataset {
        features: train.to_owned(),
        feature_names: vec!["x".into(), "y".into()],
        target: target[..800].to_vec(),
        // A row is drawn for a tree by its number, so the forest does not depend on their order.
        row_numbers: (0..800).collect(),
        task: Task::Multiclass {
            classes: vec!["outside".into(), "inside".into()],
        },
    };
    let forest = RandomForest::params().n_trees(50).max_depth(8).check()?;
    let model = forest.fit(&data)?;
    let Prediction::Probabilities(probabilities) = model.predict(test)? else {
        return Err("a forest gives probabilities".into());
    };
    let said = probabilities
        .column(1)
        .map(|p| f64::from(u8::from(*p > 0.5)));
    let right = said
        .iter()
        .zip(&target[800..])
        .filter(|(said, target)| said == target);
    println!(
        "{} of 200 unseen points are classified correctly",
        right.count()
    );
    println!(
        "the first one is inside with probability {:.3}",
        probabilities[[0, 1]]
    );
    Ok(())
}
