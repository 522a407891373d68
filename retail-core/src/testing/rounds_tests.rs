//! The contract suite of rounds finds what it is there to find: an honest mean in two rounds, and
//! the same one with one fault at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rounds_contract;
use crate::label::Task;
use crate::train::rounds::{self, Head, Next, Rounds};
use crate::train::{Dataset, FormatError, Model, NotTrained, PredictError, Prediction, Trainer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Sums are rounded, so that their order shows.
    Rounds,
    /// The answer of no rows counts as a row.
    CountsNoRows,
    /// A merge keeps one side.
    KeepsOneSide,
    /// A partial loses something on its way.
    LosesOnTheWay,
    /// A state loses something on its way.
    ForgetsItsRound,
    /// A part answers as if it held all rows.
    LooksAtItsFirstRow,
}

struct Mean(Fault);

/// Which round it is: the rows are counted in the first, and summed up in the second.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    rows: Option<i64>,
    #[serde(default, skip_serializing)]
    hidden: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Partial {
    rows: i64,
    /// In thousandths.
    sum: f64,
    #[serde(default, skip_serializing)]
    hidden: f64,
}

#[derive(Debug)]
struct Constant(f64);

impl Model for Constant {
    fn format(&self) -> &str {
        "constant"
    }

    fn n_features(&self) -> usize {
        3
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        let values = Array1::from_elem(features.nrows(), self.0);
        Ok(Prediction::Values(values))
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        Ok(json!(self.0))
    }
}

impl Rounds for Mean {
    type State = State;
    type Partial = Partial;
    type Model = Constant;
    type Part<'a> = &'a Dataset;

    fn name(&self) -> &'static str {
        "mean"
    }

    fn begin(&self, _: &Head) -> Result<State, NotTrained> {
        let (rows, hidden) = (None, 7);
        Ok(State { rows, hidden })
    }

    fn part<'a>(&self, rows: &'a Dataset) -> &'a Dataset {
        rows
    }

    fn answer(&self, part: &mut &Dataset, state: &State) -> Result<Partial, NotTrained> {
        let mut partial = self.identity(state);
        if self.0 == Fault::CountsNoRows {
            partial.rows = 0;
        }
        for y in &part.target {
            let thousandths = y * 1000.0;
            let exact = if self.0 == Fault::Rounds {
                thousandths / 3.0
            } else {
                thousandths.round()
            };
            partial.sum += exact;
            partial.rows += 1;
        }
        if let (Fault::LooksAtItsFirstRow, Some(first)) = (self.0, part.target.first()) {
            partial.sum += first.round();
        }
        if self.0 == Fault::LosesOnTheWay {
            partial.hidden = partial.sum;
        }
        Ok(partial)
    }

    fn identity(&self, _: &State) -> Partial {
        let rows = i64::from(self.0 == Fault::CountsNoRows);
        let (sum, hidden) = (0.0, 0.0);
        Partial { rows, sum, hidden }
    }

    fn merge(&self, sum: &mut Partial, other: &Partial) -> Result<(), NotTrained> {
        if self.0 != Fault::KeepsOneSide || other.rows > sum.rows {
            sum.sum += other.sum;
        }
        sum.rows += other.rows;
        sum.hidden += other.hidden;
        Ok(())
    }

    fn step(&self, state: State, sum: Partial) -> Result<Next<State, Constant>, NotTrained> {
        let Some(rows) = state.rows else {
            let (rows, hidden) = (Some(sum.rows), state.hidden);
            return Ok(Next::Round(State { rows, hidden }));
        };
        let mut mean = sum.sum / 1000.0 / rows as f64;
        if self.0 == Fault::ForgetsItsRound {
            mean += state.hidden as f64;
        }
        Ok(Next::Model(Constant(mean + sum.hidden)))
    }
}

impl Trainer for Mean {
    fn name(&self) -> &str {
        "mean"
    }

    fn hyper_parameters(&self) -> Value {
        json!({})
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        let model = rounds::train(self, &Head::of(data), &mut [self.part(data)])?;
        Ok(Arc::new(model))
    }
}

#[test]
fn an_honest_algorithm_passes() {
    rounds_contract(&Mean(Fault::None), &[Task::Regression]);
}

#[test]
fn every_fault_is_found() {
    for fault in [
        Fault::Rounds,
        Fault::CountsNoRows,
        Fault::KeepsOneSide,
        Fault::LosesOnTheWay,
        Fault::ForgetsItsRound,
        Fault::LooksAtItsFirstRow,
    ] {
        let checked = AssertUnwindSafe(|| rounds_contract(&Mean(fault), &[Task::Regression]));
        let panic = catch_unwind(checked).expect_err(&format!("{fault:?} is not found"));
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(said.contains("give another model"), "{fault:?}: {said}");
    }
}
