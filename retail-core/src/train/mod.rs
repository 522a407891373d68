//! Training: from a window of rows to a model, or to the reason why there is none.

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod damage;
mod dataset;
mod forest;
mod formats;
mod linear;
mod linfa;
mod logistic;
mod model;
mod outcome;
mod standardize;
mod trainer;
mod validate;

pub use self::linfa::{
    LinfaModel, LinfaOutput, LinfaTarget, LinfaTrainer, LinfaTree, LinfaTreeParams,
};
pub use dataset::Dataset;
pub use forest::{
    ForestError, ForestModel, MaxFeatures, RandomForest, RandomForestParams,
    RandomForestValidParams, read_forest,
};
pub use linear::{LinearModel, LinearRegression, LinearRegressionParams};
pub use logistic::{LogisticModel, LogisticRegression, LogisticRegressionParams};
pub use model::{Model, ModelFormats, PredictError, Prediction, ReadModel};
pub use outcome::NotTrained;
pub use trainer::Trainer;
