use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::descent::{Descent, Loss, Onward, Place};
use super::scale::{self, ScaleSums};
use super::{LogisticModel, LogisticPosterior, LogisticRegression, LogisticSums, answer};
use crate::label::Task;
use crate::train::rounds::{AnyRounds, Head, Next, Rounds};
use crate::train::{Dataset, Model, NotTrained, Trainer, WeightedRows, rounds, validate};

/// The name of the algorithm.
pub(super) const NAME: &str = "logistic-regression";

/// What the rows are told in a round of logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogisticState {
    /// Nothing: they are asked for what features are standardised by.
    Scale(Head),
    /// The point whose derivatives they are asked for.
    Descend {
        /// What was known before.
        head: Head,
        /// Rows with a weight above 0.
        n_samples: u64,
        /// The sum of their weights.
        weight: f64,
        /// Where Newton's method is.
        descent: Box<Descent>,
    },
}

/// What the rows answer in a round of logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogisticPartial {
    /// In the first round.
    Scale(ScaleSums),
    /// In every other round.
    Derivatives(LogisticSums),
}

impl LogisticRegression {
    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::NoVariation`] if no feature varies,
    /// [`NotTrained::Separated`] if there is no best model, and [`NotTrained::NotConverged`] if it
    /// was not found.
    pub fn fit_logistic(&self, data: &Dataset) -> Result<LogisticModel, NotTrained> {
        self.fit_rows(WeightedRows::unweighted(data))
    }

    /// Learns a model from weighted rows: weight `k` counts as `k` rows, 0 as none.
    ///
    /// # Errors
    /// Those of [`LogisticRegression::fit_logistic`]; [`NotTrained::Weight`] for weights that are
    /// negative or not finite.
    pub fn fit_weighted(
        &self,
        data: &Dataset,
        weights: &[f64],
    ) -> Result<LogisticModel, NotTrained> {
        self.fit_rows(WeightedRows::new(data, weights))
    }

    fn fit_rows(&self, rows: WeightedRows<'_>) -> Result<LogisticModel, NotTrained> {
        rounds::train(self, &Head::of(rows.data), &mut [rows])
    }

    /// Learns a model by Newton steps that begin at these coefficients, one for each feature per
    /// standard deviation, and this intercept.
    #[cfg(feature = "linfa")]
    pub(in crate::train) fn fit_from(
        &self,
        data: &Dataset,
        coefficients: &[f64],
        intercept: f64,
    ) -> Result<LogisticModel, NotTrained> {
        let mut rows = WeightedRows::unweighted(data);
        let state = self.begin(&Head::of(data))?;
        let LogisticPartial::Scale(sums) = self.answer(&mut rows, &state)? else {
            return Err(NotTrained::foreign(NAME));
        };
        let moments = sums.sums.moments();
        let mut point = sums.start(&moments, self.min_rows)?;
        for (own, &column) in point.coefficients.iter_mut().zip(&point.columns) {
            *own = coefficients.get(column).copied().unwrap_or(0.0);
        }
        point.intercept = intercept;
        point.precise = true;
        let derivatives = answer::sums(&rows, &point, self.threads)?.derivatives(&point);
        let derivatives = derivatives.ok_or_else(|| NotTrained::foreign(NAME))?;
        let weight = moments.weight();
        let place = self.loss().place(point, derivatives, weight, 0);
        let onward = self.loss().at(place)?;
        match self.next(Head::of(data), moments.n_samples(), weight, onward)? {
            Next::Model(posterior) => Ok(posterior.into_model()),
            Next::Round(state) => rounds::train_from(self, state, &mut [rows]),
        }
    }

    /// Learns from rows in parts, and keeps all that is known of the coefficients. The model is that of
    /// [`LogisticRegression::fit_weighted`] over all parts, to the byte. `goes_on` is asked before each pass
    /// over a part.
    ///
    /// # Errors
    /// See [`LogisticRegression::fit_weighted`]; [`NotTrained::Stopped`] if it is not to go on.
    pub fn fit_posterior(
        &self,
        parts: &[WeightedRows<'_>],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<LogisticPosterior, NotTrained> {
        let Some(first) = parts.first() else {
            let (needed, got) = (self.min_rows, 0);
            return Err(NotTrained::TooFewRows { needed, got });
        };
        let mut state = self.begin(&Head::of(first.data))?;
        loop {
            let mut sum = self.identity(&state);
            for part in parts {
                if !goes_on() {
                    return Err(NotTrained::Stopped);
                }
                Rounds::merge(self, &mut sum, &self.asked(part, &state)?)?;
            }
            match self.step_to_posterior(state, sum)? {
                Next::Round(next) => state = next,
                Next::Model(posterior) => return Ok(posterior),
            }
        }
    }

    /// [`Rounds::step`] that ends with all that is known of the coefficients.
    ///
    /// # Errors
    /// See [`Rounds::step`].
    pub fn step_to_posterior(
        &self,
        state: LogisticState,
        sum: LogisticPartial,
    ) -> Result<Next<LogisticState, LogisticPosterior>, NotTrained> {
        let foreign = || NotTrained::foreign(NAME);
        match (state, sum) {
            (LogisticState::Scale(head), LogisticPartial::Scale(sums)) => {
                if !sums.is_over(head.n_features) {
                    return Err(foreign());
                }
                let moments = sums.sums.moments();
                let start = sums.start(&moments, self.min_rows)?;
                let derivatives = scale::derivatives_at_start(&moments, &start);
                let (n_samples, weight) = (moments.n_samples(), moments.weight());
                let place = self.loss().start(start, derivatives, weight);
                self.next(head, n_samples, weight, self.loss().at(place)?)
            }
            (
                LogisticState::Descend {
                    head,
                    n_samples,
                    weight,
                    descent,
                },
                LogisticPartial::Derivatives(sums),
            ) => {
                if !descent.is_sound(head.n_features) {
                    return Err(foreign());
                }
                let onward = self.loss().tried(*descent, &sums, weight)?;
                self.next(head, n_samples, weight, onward.ok_or_else(foreign)?)
            }
            _ => Err(foreign()),
        }
    }

    /// What some rows answer.
    fn asked(
        &self,
        part: &WeightedRows<'_>,
        state: &LogisticState,
    ) -> Result<LogisticPartial, NotTrained> {
        Ok(match state {
            LogisticState::Scale(head) => {
                LogisticPartial::Scale(ScaleSums::of(part, head, self.threads)?)
            }
            LogisticState::Descend { descent, .. } => {
                let sums = answer::sums(part, &descent.trial, self.threads)?;
                LogisticPartial::Derivatives(sums)
            }
        })
    }

    fn next(
        &self,
        head: Head,
        n_samples: u64,
        weight: f64,
        onward: Onward,
    ) -> Result<Next<LogisticState, LogisticPosterior>, NotTrained> {
        Ok(match onward {
            Onward::Found(place) => {
                let model = model(&head, n_samples, &place)?;
                Next::Model(LogisticPosterior::new(model, &place, self.alpha))
            }
            Onward::Ask(descent) => Next::Round(LogisticState::Descend {
                head,
                n_samples,
                weight,
                descent: Box::new(descent),
            }),
        })
    }

    pub(super) fn loss(&self) -> Loss<'_> {
        Loss {
            alpha: self.alpha,
            prior: None,
            max_steps: self.max_iterations,
            gradient_tolerance: self.gradient_tolerance,
        }
    }
}

impl Rounds for LogisticRegression {
    type State = LogisticState;
    type Partial = LogisticPartial;
    type Model = LogisticModel;
    type Part<'a> = WeightedRows<'a>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn begin(&self, head: &Head) -> Result<LogisticState, NotTrained> {
        if head.task == Task::Binary {
            Ok(LogisticState::Scale(head.clone()))
        } else {
            Err(validate::wrong_task(NAME, &head.task))
        }
    }

    fn part<'a>(&self, rows: &'a Dataset) -> WeightedRows<'a> {
        WeightedRows::unweighted(rows)
    }

    fn answer(
        &self,
        part: &mut WeightedRows<'_>,
        state: &LogisticState,
    ) -> Result<LogisticPartial, NotTrained> {
        self.asked(part, state)
    }

    fn identity(&self, state: &LogisticState) -> LogisticPartial {
        match state {
            LogisticState::Scale(head) => LogisticPartial::Scale(ScaleSums::new(head.n_features)),
            LogisticState::Descend { descent, .. } => {
                let none = vec![0; descent.trial.n_sums()];
                LogisticPartial::Derivatives(LogisticSums::new(&none))
            }
        }
    }

    fn merge(&self, sum: &mut LogisticPartial, other: &LogisticPartial) -> Result<(), NotTrained> {
        match (sum, other) {
            (LogisticPartial::Scale(sum), LogisticPartial::Scale(other)) => sum.merge(other, NAME),
            (LogisticPartial::Derivatives(sum), LogisticPartial::Derivatives(other)) => {
                sum.merge(other, NAME)
            }
            _ => Err(NotTrained::foreign(NAME)),
        }
    }

    fn step(
        &self,
        state: LogisticState,
        sum: LogisticPartial,
    ) -> Result<Next<LogisticState, LogisticModel>, NotTrained> {
        Ok(match self.step_to_posterior(state, sum)? {
            Next::Round(state) => Next::Round(state),
            Next::Model(posterior) => Next::Model(posterior.into_model()),
        })
    }
}

fn model(head: &Head, n_samples: u64, place: &Place) -> Result<LogisticModel, NotTrained> {
    let point = &place.point;
    let mut coefficients = vec![0.0; head.n_features];
    for (&column, &coefficient) in point.columns.iter().zip(&point.coefficients) {
        coefficients[column] = coefficient;
    }
    let dropped = (0..head.n_features).filter(|column| !point.columns.contains(column));
    LogisticModel {
        dropped: dropped.map(|column| head.column_name(column)).collect(),
        mean: point.mean.clone(),
        scale: point.scale.clone(),
        coefficients,
        intercept: point.intercept,
        n_samples,
        newton_steps: place.steps,
        gradient_norm: place.gradient_norm,
    }
    .checked()
    .map_err(|message| NotTrained::Library {
        library: NAME.to_owned(),
        message,
    })
}

impl Trainer for LogisticRegression {
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

    fn rounds(&self) -> Option<&dyn AnyRounds> {
        Some(self)
    }
}
