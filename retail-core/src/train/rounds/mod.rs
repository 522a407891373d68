//! Training in rounds: a state goes out to the rows, and sums over them come back.
//!
//! ```text
//!            ┌──────────────── state ◄──────────────┐
//!            ▼                                      │ step
//!    rows ─► answer ─► partial ─┐                   │
//!    rows ─► answer ─► partial ─┼─► merge ─► sum ───┤
//!    rows ─► answer ─► partial ─┘                   └─► model
//! ```
//!
//! [`Rounds`] says what the state, the partial sums and the step of an algorithm are. It does not
//! say where the rows are: on the threads of one process, in the batches of a stream, or on other
//! machines. [`train`] is the carrier that has them all at hand. States and partials have a form on
//! disk and on the wire ([`encode`], [`decode`]).

mod erased;
mod prefix;
mod wire;

pub use erased::{AnyPartial, AnyRounds};
pub use prefix::PrefixSums;
pub use wire::{WireError, decode, encode};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Dataset, Model, NotTrained};
use crate::label::Task;

/// What an algorithm knows of its data before it has seen a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Names of the features, in order.
    pub feature_names: Vec<String>,
    /// The number of features.
    pub n_features: usize,
    /// The kind of target.
    pub task: Task,
}

impl Head {
    /// The head of these data.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        Self {
            feature_names: data.feature_names.clone(),
            n_features: data.n_features(),
            task: data.task.clone(),
        }
    }

    /// The name of a feature, or `target` for the number of features.
    #[must_use]
    pub fn column_name(&self, column: usize) -> String {
        if column == self.n_features {
            return "target".to_owned();
        }
        let name = self.feature_names.get(column).cloned();
        name.unwrap_or_else(|| format!("feature {column}"))
    }
}

/// What follows a round.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<S, M> {
    /// Another round with this state.
    Round(S),
    /// The model.
    Model(M),
}

/// An algorithm that learns in rounds, from sums over the rows.
///
/// Contract, which `retail_core::testing::rounds_contract` checks:
/// - merging is associative and commutative, [`Rounds::identity`] is its identity, and the same rows
///   give the same model *to the byte*, however they are split into parts, and in whichever order
///   the partials are merged;
/// - every answer of one training is about the same rows, the answers of one round are to the same
///   state, and each row is in exactly one part;
/// - states and partials that are encoded and decoded again lead to the same model.
pub trait Rounds: Send + Sync {
    /// What the rows are told at the beginning of a round.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned + 'static;
    /// What some of the rows answer.
    type Partial: Clone + Send + Sync + Serialize + DeserializeOwned + 'static;
    /// What is learned.
    type Model: Model + 'static;
    /// Some of the rows, with anything kept to make their next answer faster.
    type Part<'a>: Send;

    /// Whether one round is enough. Then the first state tells the rows nothing about each other,
    /// and partials can be kept and merged again for other models.
    const ONE_ROUND: bool = false;

    /// The name under which states and partials travel, for example `linear-regression`.
    fn name(&self) -> &'static str;

    /// The state of the first round.
    ///
    /// # Errors
    /// [`NotTrained`] if no rows with this head can be learned from.
    fn begin(&self, head: &Head) -> Result<Self::State, NotTrained>;

    /// Takes some of the rows.
    fn part<'a>(&self, rows: &'a Dataset) -> Self::Part<'a>;

    /// The sums over some of the rows.
    ///
    /// # Errors
    /// [`NotTrained`] if the rows do not fit the state, or cannot be learned from.
    fn answer(
        &self,
        part: &mut Self::Part<'_>,
        state: &Self::State,
    ) -> Result<Self::Partial, NotTrained>;

    /// The answer of no rows.
    fn identity(&self, state: &Self::State) -> Self::Partial;

    /// Adds the answer of other rows to a sum.
    ///
    /// # Errors
    /// [`NotTrained::ForeignPartial`] for an answer to another state; nothing has been added then.
    fn merge(&self, sum: &mut Self::Partial, other: &Self::Partial) -> Result<(), NotTrained>;

    /// Takes an answer away from a sum that it was added to, if that can be done exactly.
    ///
    /// # Errors
    /// [`NotTrained::ForeignPartial`] if it cannot; nothing has been taken away then.
    fn revert(&self, sum: &mut Self::Partial, other: &Self::Partial) -> Result<(), NotTrained> {
        let _ = (sum, other);
        Err(NotTrained::foreign(self.name()))
    }

    /// Takes the sum over all rows to the next state or to the model.
    ///
    /// # Errors
    /// [`NotTrained`] with the reason why these rows give no model.
    fn step(
        &self,
        state: Self::State,
        sum: Self::Partial,
    ) -> Result<Next<Self::State, Self::Model>, NotTrained>;
}

/// Trains on parts of the rows that are all at hand.
///
/// ```
/// use ndarray::array;
/// use retail_core::label::Task;
/// use retail_core::train::rounds::{self, Head, Rounds};
/// use retail_core::train::{Dataset, LinearRegression};
///
/// let rows = |x: [f64; 2], y: [f64; 2]| Dataset {
///     features: array![[x[0]], [x[1]]],
///     feature_names: vec!["x".into()],
///     target: y.to_vec(),
///     row_numbers: vec![0, 1],
///     task: Task::Regression,
/// };
/// let (here, there) = (rows([0.0, 1.0], [1.0, 3.0]), rows([2.0, 3.0], [5.0, 7.0]));
/// let trainer = LinearRegression::params().min_rows(4).check()?;
/// let mut parts = [&here, &there].map(|rows| trainer.part(rows));
/// let model = rounds::train(&trainer, &Head::of(&here), &mut parts)?;
/// assert_eq!((model.intercept(), model.coefficients()), (1.0, &[2.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NotTrained`] with the reason why these rows give no model.
pub fn train<R: Rounds>(
    rounds: &R,
    head: &Head,
    parts: &mut [R::Part<'_>],
) -> Result<R::Model, NotTrained> {
    train_from(rounds, rounds.begin(head)?, parts)
}

/// [`train`] from a later state.
///
/// # Errors
/// Those of [`train`].
pub fn train_from<R: Rounds>(
    rounds: &R,
    mut state: R::State,
    parts: &mut [R::Part<'_>],
) -> Result<R::Model, NotTrained> {
    loop {
        let mut sum = None;
        for part in parts.iter_mut() {
            let answer = rounds.answer(part, &state)?;
            match &mut sum {
                None => sum = Some(answer),
                Some(sum) => rounds.merge(sum, &answer)?,
            }
        }
        let sum = sum.unwrap_or_else(|| rounds.identity(&state));
        match rounds.step(state, sum)? {
            Next::Round(next) => state = next,
            Next::Model(model) => return Ok(model),
        }
    }
}
