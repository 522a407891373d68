//! Training: from a window of rows to a model, or to the reason why there is none.

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod damage;
mod dataset;
mod forest;
mod formats;
mod least_squares;
mod linear;
mod linfa;
mod logistic;
mod minimum_norm;
mod model;
mod moments;
mod newton;
mod outcome;
mod parallel;
mod prefix;
mod sketch;
mod standardize;
mod student_t;
mod summarize;
mod trainer;
mod validate;
mod vector;

pub use self::linfa::{
    LinfaModel, LinfaOutput, LinfaTarget, LinfaTrainer, LinfaTree, LinfaTreeParams,
};
pub use dataset::Dataset;
pub use forest::{
    ForestError, ForestModel, MaxFeatures, RandomForest, RandomForestParams,
    RandomForestValidParams, read_forest,
};
pub use least_squares::{LeastSquares, LeastSquaresParams, LinearSummary};
pub use linear::{LinearModel, LinearRegression, LinearRegressionParams};
pub use logistic::{LogisticModel, LogisticRegression, LogisticRegressionParams};
pub use model::{Model, ModelFormats, PredictError, Prediction, ReadModel};
pub use moments::{Moments, MomentsError};
pub use newton::{LogisticPoint, LogisticSums, NewtonLogistic, NewtonLogisticParams};
pub use outcome::NotTrained;
pub(crate) use parallel::{in_parallel, threads_for};
pub use prefix::PrefixSummaries;
pub use sketch::{ValueBucket, ValueSketch};
pub use summarize::{Summarize, Summary};
pub use trainer::Trainer;
