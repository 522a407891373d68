//! Least squares from moments.

mod params;
mod solve;
mod summary;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use super::{
    Dataset, LinearModel, Model, Moments, NotTrained, Summarize, Summary, Trainer, validate,
};
use crate::label::Task;

pub use params::{LeastSquares, LeastSquaresParams};
pub use summary::LinearSummary;

/// The name of the trainer.
const NAME: &str = "mergeable-linear";

impl LeastSquares {
    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`].
    pub fn fit_linear(&self, data: &Dataset) -> Result<LinearModel, NotTrained> {
        self.solve_linear(&self.summary(data, None)?)
    }

    /// Learns a model from weighted rows: weight `k` counts as `k` rows, 0 as none.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::Weight`] for weights that are negative or not finite.
    pub fn fit_weighted(&self, data: &Dataset, weights: &[f64]) -> Result<LinearModel, NotTrained> {
        self.solve_linear(&self.summary(data, Some(weights))?)
    }

    /// The summary of rows, each with a weight where there are any.
    ///
    /// # Errors
    /// [`NotTrained`] for another task, other shapes, and numbers that are not finite.
    pub fn summary(
        &self,
        data: &Dataset,
        weights: Option<&[f64]>,
    ) -> Result<LinearSummary, NotTrained> {
        if data.task != Task::Regression {
            return Err(validate::wrong_task(NAME, data));
        }
        let mut moments = Moments::new(data.n_features());
        let features = data.features.view();
        let added = moments.add_in_parallel(features, &data.target, weights, self.threads);
        added.map_err(|error| error.into_reason(|column| validate::column_name(data, column)))?;
        Ok(LinearSummary::new(data.feature_names.clone(), moments))
    }

    /// The model of the rows of a summary.
    ///
    /// # Errors
    /// [`NotTrained::TooFewRows`]; [`NotTrained::Library`] where a coefficient or the intercept is
    /// beyond the range of a number.
    pub fn solve_linear(&self, summary: &LinearSummary) -> Result<LinearModel, NotTrained> {
        let got = summary.moments().n_samples();
        if got < self.min_rows as u64 {
            return Err(NotTrained::TooFewRows {
                needed: self.min_rows,
                got: got as usize,
            });
        }
        if summary.moments().n_features() == 0 {
            return Err(NotTrained::NoVariation);
        }
        solve::solve(summary).map_err(|message| NotTrained::Library {
            library: NAME.to_owned(),
            message,
        })
    }
}

impl Trainer for LeastSquares {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({ "min_rows": self.min_rows })
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_linear(data)?))
    }

    fn mergeable(&self) -> Option<&dyn Summarize> {
        Some(self)
    }
}

impl Summarize for LeastSquares {
    fn summarize(&self, data: &Dataset) -> Result<Arc<dyn Summary>, NotTrained> {
        Ok(Arc::new(self.summary(data, None)?))
    }

    fn merge(
        &self,
        left: &dyn Summary,
        right: &dyn Summary,
    ) -> Result<Arc<dyn Summary>, NotTrained> {
        let mut merged = own(left)?.clone();
        merged.merge(own(right)?)?;
        Ok(Arc::new(merged))
    }

    fn solve(&self, summary: &dyn Summary) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.solve_linear(own(summary)?)?))
    }
}

fn own(summary: &dyn Summary) -> Result<&LinearSummary, NotTrained> {
    let summary: &dyn Any = summary;
    summary.downcast_ref().ok_or_else(foreign)
}

fn foreign() -> NotTrained {
    NotTrained::ForeignSummary {
        trainer: NAME.to_owned(),
    }
}
