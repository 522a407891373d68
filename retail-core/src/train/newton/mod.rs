//! Logistic regression by Newton steps over sums that merge.

mod minimise;
mod params;
mod sigmoid;
mod sums;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::parallel::{in_parallel, threads_for};
use super::vector::packed;
use super::{Dataset, LogisticModel, Model, Moments, MomentsError, NotTrained, Trainer, validate};
use crate::label::Task;
use minimise::{Loss, Place};
use sums::{Rows, Scratch};

pub use params::{NewtonLogistic, NewtonLogisticParams};
pub use sums::{LogisticPoint, LogisticSums};

/// The name of the trainer.
const NAME: &str = "mergeable-logistic";
/// Fewer chunks are not worth a thread.
const CHUNKS_PER_THREAD: usize = 8;

impl NewtonLogistic {
    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] where no feature varies,
    /// [`NotTrained::Separated`] where there is no best model, and [`NotTrained::NotConverged`]
    /// where it was not found.
    pub fn fit_logistic(&self, data: &Dataset) -> Result<LogisticModel, NotTrained> {
        self.fit_rows(data, None)
    }

    /// Learns a model from weighted rows: weight `k` counts as `k` rows, 0 as none.
    ///
    /// # Errors
    /// Those of [`NewtonLogistic::fit_logistic`]; [`NotTrained::Weight`] for weights that are
    /// negative or not finite.
    pub fn fit_weighted(
        &self,
        data: &Dataset,
        weights: &[f64],
    ) -> Result<LogisticModel, NotTrained> {
        self.fit_rows(data, Some(weights))
    }

    fn fit_rows(
        &self,
        data: &Dataset,
        weights: Option<&[f64]>,
    ) -> Result<LogisticModel, NotTrained> {
        if data.task != Task::Binary {
            return Err(validate::wrong_task(NAME, data));
        }
        let reason =
            |error: MomentsError| error.into_reason(|column| validate::column_name(data, column));
        let mut moments = Moments::new(data.n_features());
        moments
            .add_in_parallel(data.features.view(), &data.target, weights, self.threads)
            .map_err(reason)?;
        if let Some(row) = data.target.iter().position(|&y| y != 0.0 && y != 1.0) {
            return Err(NotTrained::NoSuchClass { row, n_classes: 2 });
        }
        let features = data.features.view();
        self.fit_parts(&data.feature_names, &moments, |point| {
            let rows = Rows::new(point, &features, &data.target, weights);
            let rows = rows.map_err(reason)?;
            let threads = threads_for(self.threads, rows.n_chunks() / CHUNKS_PER_THREAD);
            let chunks = in_parallel(
                threads,
                rows.n_chunks(),
                || Scratch::new(data.n_features()),
                |scratch, chunk| rows.chunk(point, chunk, scratch),
            );
            let mut sums = point.no_rows();
            for chunk in &chunks {
                sums.merge(chunk).map_err(reason)?;
            }
            Ok(sums)
        })
    }

    /// Learns a model from rows that are anywhere: their merged moments, the target being 0 or 1,
    /// and a function that gives the merged sums over the same rows at each of the few points that
    /// are asked for.
    ///
    /// ```
    /// use ndarray::{Array2, array};
    /// use retail_core::train::{Moments, NewtonLogistic, NotTrained};
    ///
    /// // Two parts of the data, each of which could be on a machine of its own.
    /// let parts: [(Array2<f64>, [f64; 2]); 2] = [
    ///     (array![[0.0], [1.0]], [0.0, 1.0]),
    ///     (array![[2.0], [3.0]], [0.0, 1.0]),
    /// ];
    /// let mut moments = Moments::new(1);
    /// for (features, target) in &parts {
    ///     let mut part = Moments::new(1);
    ///     part.add(features.view(), target, None)?;
    ///     moments.merge(&part)?;
    /// }
    /// let trainer = NewtonLogistic::params().min_rows(4).check()?;
    /// let model = trainer.fit_parts(&["x".to_owned()], &moments, |point| {
    ///     let mut sums = point.no_rows();
    ///     for (features, target) in &parts {
    ///         let mut part = point.no_rows();
    ///         point.add(features.view(), target, None, &mut part)?;
    ///         sums.merge(&part)?;
    ///     }
    ///     Ok::<_, Box<dyn std::error::Error>>(sums)
    /// })?;
    /// assert!(model.coefficients()[0] > 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`NewtonLogistic::fit_logistic`], and those of `sums_at`.
    pub fn fit_parts<E: From<NotTrained>>(
        &self,
        feature_names: &[String],
        moments: &Moments,
        sums_at: impl FnMut(&LogisticPoint) -> Result<LogisticSums, E>,
    ) -> Result<LogisticModel, E> {
        let start = self.start(moments)?;
        let loss = Loss {
            alpha: self.alpha,
            weight: moments.weight(),
            max_steps: self.max_iterations,
            gradient_tolerance: self.gradient_tolerance,
        };
        let sums = at_start(moments, &start);
        let place = loss.minimise(loss.place(start, sums, 0), sums_at)?;
        Ok(model(feature_names, moments, &place)?)
    }

    /// The model without features; `Err` where there is nothing to learn.
    fn start(&self, moments: &Moments) -> Result<LogisticPoint, NotTrained> {
        let got = moments.n_samples();
        if got < self.min_rows as u64 {
            return Err(NotTrained::TooFewRows {
                needed: self.min_rows,
                got: got as usize,
            });
        }
        let share = moments.mean(moments.target());
        let both = moments.varies(moments.target()) && share > 0.0 && share < 1.0;
        if !both {
            let class = Task::Binary.class_name(usize::from(share > 0.5)).to_owned();
            return Err(NotTrained::OneClass { class });
        }
        let all = 0..moments.n_features();
        let columns: Vec<usize> = all.clone().filter(|&c| moments.varies(c)).collect();
        if columns.is_empty() {
            return Err(NotTrained::NoVariation);
        }
        let scale = |column| {
            if moments.varies(column) {
                moments.standard_deviation(column)
            } else {
                1.0
            }
        };
        Ok(LogisticPoint {
            mean: all.clone().map(|column| moments.mean(column)).collect(),
            scale: all.map(scale).collect(),
            coefficients: vec![0.0; columns.len()],
            columns,
            intercept: (share / (1.0 - share)).ln(),
        })
    }
}

/// The sums where all coefficients are 0 follow from the moments.
fn at_start(moments: &Moments, start: &LogisticPoint) -> LogisticSums {
    let mut sums = start.no_rows();
    let share = moments.mean(moments.target());
    let curvature = share * (1.0 - share);
    let n = start.columns.len();
    for (i, &row) in start.columns.iter().enumerate() {
        sums.gradient[i] = -moments.scatter(row, moments.target()) / start.scale[row];
        for (j, &column) in start.columns[..=i].iter().enumerate() {
            let product = moments.scatter(row, column) / start.scale[row] / start.scale[column];
            sums.hessian[packed(i, j)] = curvature * product;
        }
    }
    sums.hessian[packed(n, n)] = curvature * moments.weight();
    sums
}

fn model(names: &[String], moments: &Moments, place: &Place) -> Result<LogisticModel, NotTrained> {
    let point = &place.point;
    let mut coefficients = vec![0.0; moments.n_features()];
    for (&column, &coefficient) in point.columns.iter().zip(&point.coefficients) {
        coefficients[column] = coefficient;
    }
    let name = |column: usize| {
        let name = names.get(column).cloned();
        name.unwrap_or_else(|| format!("feature {column}"))
    };
    LogisticModel {
        mean: point.mean.clone(),
        scale: point.scale.clone(),
        coefficients,
        intercept: point.intercept,
        dropped: (0..moments.n_features())
            .filter(|column| !point.columns.contains(column))
            .map(name)
            .collect(),
        n_samples: moments.n_samples(),
        newton_steps: place.steps,
        gradient_norm: place.gradient_norm,
    }
    .checked()
    .map_err(|message| NotTrained::Library {
        library: NAME.to_owned(),
        message,
    })
}

impl Trainer for NewtonLogistic {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({
            "alpha": self.alpha,
            "max_iterations": self.max_iterations,
            "gradient_tolerance": self.gradient_tolerance,
            "min_rows": self.min_rows,
        })
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_logistic(data)?))
    }
}
