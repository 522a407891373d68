//! Training: from a window of rows to a model, or to the reason why there is none.

mod dataset;
mod forest;
mod model;
mod outcome;
mod trainer;

pub use dataset::Dataset;
pub use forest::{
    ForestError, ForestModel, MaxFeatures, RandomForest, RandomForestParams,
    RandomForestValidParams, read_forest,
};
pub use model::{Model, ModelFormats, PredictError, Prediction, ReadModel};
pub use outcome::NotTrained;
pub use trainer::Trainer;
