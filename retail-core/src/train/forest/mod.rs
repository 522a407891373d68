//! A random forest of classification trees over binned features.
//!
//! Each feature is cut into at most 255 bins once a fit, by the quantiles of a
//! [`ValueSketch`](crate::train::ValueSketch), and a tree looks for splits in the counts
//! of classes per bin, not in sorted values. The method is Breiman's ("Random forests", 2001) with
//! two changes that make a model a function of its rows alone, however they were ordered, split
//! into batches or shared out among threads:
//! - the bootstrap gives each row a Poisson(1) weight, the limit of drawing with replacement
//!   (Oza and Russell, "Online bagging and boosting", 2001), computed from seed, tree and the
//!   stream's number of the row;
//! - all sums are of whole numbers, hence the same in any order, and ties between splits go to the
//!   feature of the lowest index, then to the lowest value.
//!
//! It learns in [rounds](crate::train::rounds). In the first one, rows answer with the sketches of
//! their features and the bins follow. In each later one, they answer with the counts of classes per
//! bin of the nodes that may be split, all trees and a whole level at a time.
//!
//! ```
//! use ndarray::{Array2, ArrayView2};
//! use retail_core::label::Task;
//! use retail_core::train::{Dataset, Prediction, RandomForest, Trainer};
//!
//! let data = Dataset {
//!     features: Array2::from_shape_fn((100, 1), |(row, _)| row as f64),
//!     feature_names: vec!["quantity".into()],
//!     target: (0..100).map(|row| f64::from(u8::from(row >= 50))).collect(),
//!     row_numbers: (0..100).collect(),
//!     task: Task::Binary,
//! };
//! let forest = RandomForest::params().n_trees(20).seed(7).check()?;
//! let model = forest.fit(&data)?;
//! let Prediction::Probabilities(p) = model.predict(ArrayView2::from_shape((1, 1), &[90.0])?)? else {
//!     unreachable!("a forest classifies")
//! };
//! assert!(p[[0, 1]] > 0.9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bag;
mod binned;
mod bootstrap;
mod column;
mod complete;
mod distinct;
mod edges;
mod entry;
mod filled;
mod growing;
mod model;
mod params;
mod random;
mod ranked;
mod saved;
mod shapley;
mod split;
mod spread;
mod state;
mod trainer;
mod walk;
mod weights;

#[cfg(test)]
mod tests;

pub use model::{ForestModel, read_forest};
pub use params::{ForestError, MaxFeatures, RandomForest, RandomForestParams};
pub use state::{ForestPartial, ForestState};
pub use trainer::ForestRows;

use super::NotTrained;

/// The name of the algorithm.
const NAME: &str = "random-forest";
/// The most rows: weighted counts of them, in each tree, stay below 2³².
const MAX_ROWS: u64 = 1 << 31;

fn refused(message: String) -> NotTrained {
    NotTrained::Library {
        library: NAME.into(),
        message,
    }
}
