//! Training: from a window of rows to a model, or to the reason why there is none.
//!
//! Each model has a room of its own, with its parameters, its trainer and its format on disk:
//! [`LinearRegression`], [`LogisticRegression`] and [`RandomForest`]. The arithmetic that they
//! share is in `numeric`; [`linfa`] wraps the estimators of the linfa ecosystem.
//!
//! ```text
//! outcome, dataset, contributions, model ─► numeric ─► rounds ─► trainer ─┬► linear ───┐
//!                                                          ├► logistic ─┼► linfa ─► formats
//!                                                          └► forest ───┘
//! ```
//!
//! None of these knows one to its right, and no model knows another.

#[cfg(test)]
mod contract_tests;
mod contributions;
#[cfg(test)]
mod damage;
mod dataset;
mod forest;
mod formats;
mod linear;
#[cfg(feature = "linfa")]
pub mod linfa;
mod logistic;
mod model;
mod numeric;
mod outcome;
mod predict;
pub mod rounds;
mod trainer;
mod validate;

pub use contributions::{Contributions, Scale};
pub use dataset::{Dataset, WeightedRows};
pub use forest::{
    ForestError, ForestModel, ForestPartial, ForestRows, ForestState, MaxFeatures, RandomForest,
    RandomForestParams, read_forest,
};
pub use linear::{LinearError, LinearModel, LinearRegression, LinearRegressionParams};
pub use logistic::{
    Descent, LogisticError, LogisticModel, LogisticPartial, LogisticPoint, LogisticPosterior,
    LogisticRegression, LogisticRegressionParams, LogisticState, LogisticSums, ScaleSums,
};
pub use model::{
    FormatError, MOST_CLASSES, MOST_FEATURES, Model, ModelFormats, PredictError, Prediction,
    ReadModel,
};
pub(crate) use numeric::parallel::{in_parallel, threads_for};
pub use numeric::{MomentSums, Moments, MomentsError, ValueBucket, ValueSketch};
pub use outcome::NotTrained;
pub use predict::{most_probable_on, predict_on};
pub use trainer::{ConstantFeatures, Guarantees, Trainer};
