//! Learning from more rows.

use super::descent::{Loss, Onward, Place, Prior};
use super::posterior::{coordinates, unusable};
use super::scale::ScaleSums;
use super::trainer::NAME;
use super::{LogisticPoint, LogisticPosterior, LogisticRegression, LogisticSums, answer};
use crate::label::Task;
use crate::train::rounds::Head;
use crate::train::{NotTrained, WeightedRows, validate};

impl LogisticRegression {
    /// Learns from more rows, with what is known already as their prior: minimises their loss plus
    /// `½ (w − w₀)ᵀ P (w − w₀)`, where `w₀` are the coefficients and `P` the precision of `known`. The penalty
    /// is part of `P`; that of this trainer is not used. The rows may all be of one class.
    ///
    /// The same rows give the same numbers, in any order, split into any parts, on any number of threads.
    /// `goes_on` is asked before each pass over a part.
    ///
    /// # Errors
    /// Those of [`LogisticRegression::fit_logistic`]; [`NotTrained::Features`] if their number is not that of
    /// `known`, and [`NotTrained::Stopped`] if it is not to go on.
    pub fn update(
        &self,
        known: &LogisticPosterior,
        parts: &[WeightedRows<'_>],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<LogisticPosterior, NotTrained> {
        let none = NotTrained::TooFewRows { needed: 1, got: 0 };
        let head = Head::of(parts.first().ok_or(none)?.data);
        let sums = self.scale_sums(known, parts, goes_on)?;
        let center = coordinates(known.model());
        let loss = Loss {
            alpha: known.alpha,
            prior: Some(Prior {
                center: &center,
                precision: &known.precision,
            }),
            ..self.loss()
        };
        // Gradients are per row of all that is known.
        let weight = known.weight + sums.sums.moments().weight();
        let ask = |point: &LogisticPoint| {
            let mut sum = LogisticSums::new(&vec![0; point.n_sums()]);
            for part in parts {
                if !goes_on() {
                    return Err(NotTrained::Stopped);
                }
                sum.merge(&answer::sums(part, point, self.threads)?, NAME)?;
            }
            Ok(sum)
        };
        let foreign = || NotTrained::foreign(NAME);
        let point = start(known, &sums, &head)?;
        let derivatives = ask(&point)?.derivatives(&point).ok_or_else(foreign)?;
        let mut onward = loss.at(loss.place(point, derivatives, weight, 0))?;
        loop {
            match onward {
                Onward::Found(place) => return found(known, &sums, &head, place),
                Onward::Ask(descent) => {
                    let sums = ask(&descent.trial)?;
                    let tried = loss.tried(descent, &sums, weight)?;
                    onward = tried.ok_or_else(foreign)?;
                }
            }
        }
    }

    fn scale_sums(
        &self,
        known: &LogisticPosterior,
        parts: &[WeightedRows<'_>],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<ScaleSums, NotTrained> {
        let expected = known.model.coefficients.len();
        let mut sums = ScaleSums::new(expected);
        for part in parts {
            let head = Head::of(part.data);
            if head.task != Task::Binary {
                return Err(validate::wrong_task(NAME, &head.task));
            }
            if head.n_features != expected {
                let got = head.n_features;
                return Err(NotTrained::Features { expected, got });
            }
            if !goes_on() {
                return Err(NotTrained::Stopped);
            }
            sums.merge(&ScaleSums::of(part, &head, self.threads)?, NAME)?;
        }
        if sums.sums.n_samples() == 0 {
            return Err(NotTrained::TooFewRows { needed: 1, got: 0 });
        }
        Ok(sums)
    }
}

/// Where the rows are looked at first: at what is known, with its scaler.
fn start(
    known: &LogisticPosterior,
    sums: &ScaleSums,
    head: &Head,
) -> Result<LogisticPoint, NotTrained> {
    let model = &known.model;
    let columns: Vec<usize> = (0..model.coefficients.len()).collect();
    let bits = columns.iter().map(|&column| {
        let bits = sums.bits(column, model.mean[column], model.scale[column]);
        bits.ok_or_else(|| {
            unusable(format!(
                "{}: a value is further than 2^300 standard deviations from the mean of the first rows",
                head.column_name(column)
            ))
        })
    });
    Ok(LogisticPoint {
        bits: bits.collect::<Result<_, _>>()?,
        weight_bits: sums.weight_bits(),
        precise: true,
        mean: model.mean.clone(),
        scale: model.scale.clone(),
        coefficients: model.coefficients.clone(),
        columns,
        intercept: model.intercept,
    })
}

/// What is known at the minimum.
fn found(
    known: &LogisticPosterior,
    sums: &ScaleSums,
    head: &Head,
    place: Place,
) -> Result<LogisticPosterior, NotTrained> {
    let mut model = known.model.clone();
    let columns = 0..model.coefficients.len();
    model.dropped.retain(|name| {
        let mut named = columns
            .clone()
            .filter(|&column| head.column_name(column) == *name);
        named.any(|column| sums.is_always(column, known.model.mean[column]))
    });
    model.coefficients = place.point.coefficients;
    model.intercept = place.point.intercept;
    model.n_samples = model.n_samples.saturating_add(sums.sums.n_samples());
    model.newton_steps = place.steps;
    model.gradient_norm = place.gradient_norm;
    let updated = LogisticPosterior {
        model,
        alpha: known.alpha,
        weight: place.weight,
        precision: place.hessian,
    };
    updated.checked().map_err(unusable)
}
