use std::fmt::Debug;

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a linfa estimator fits: an object that answers with `O`, can be saved, and can be shared
/// among threads. Every type that can do all of this is one.
pub trait LinfaObject<O>:
    PredictInplace<Array2<f64>, Array1<O>>
    + Serialize
    + DeserializeOwned
    + Debug
    + Send
    + Sync
    + 'static
{
}

impl<F, O> LinfaObject<O> for F where
    F: PredictInplace<Array2<f64>, Array1<O>>
        + Serialize
        + DeserializeOwned
        + Debug
        + Send
        + Sync
        + 'static
{
}
