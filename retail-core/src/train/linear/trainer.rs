use std::sync::Arc;

use super::{LinearModel, LinearRegression, solve};
use crate::label::Task;
use crate::train::rounds::{AnyRounds, Head, Next, Rounds};
use crate::train::{
    ConstantFeatures, Dataset, Guarantees, Model, MomentSums, NotTrained, Trainer, WeightedRows,
    rounds, validate,
};

/// The name of the algorithm.
const NAME: &str = "linear-regression";

impl LinearRegression {
    /// Learns a model; [`Trainer::fit`] with the type of the model kept.
    ///
    /// # Errors
    /// See [`Trainer::fit`].
    pub fn fit_linear(&self, data: &Dataset) -> Result<LinearModel, NotTrained> {
        self.fit_rows(WeightedRows::unweighted(data))
    }

    /// Learns a model from weighted rows: weight `k` counts as `k` rows, 0 as none.
    ///
    /// # Errors
    /// See [`Trainer::fit`]; [`NotTrained::Weight`] for weights that are negative or not finite.
    pub fn fit_weighted(&self, data: &Dataset, weights: &[f64]) -> Result<LinearModel, NotTrained> {
        self.fit_rows(WeightedRows::new(data, weights))
    }

    fn fit_rows(&self, rows: WeightedRows<'_>) -> Result<LinearModel, NotTrained> {
        rounds::train(self, &Head::of(rows.data), &mut [rows])
    }
}

impl Rounds for LinearRegression {
    /// There is nothing to tell the rows.
    type State = Head;
    type Partial = MomentSums;
    type Model = LinearModel;
    type Part<'a> = WeightedRows<'a>;

    const ONE_ROUND: bool = true;

    fn name(&self) -> &'static str {
        NAME
    }

    fn begin(&self, head: &Head) -> Result<Head, NotTrained> {
        if head.task == Task::Regression {
            Ok(head.clone())
        } else {
            Err(validate::wrong_task(NAME, &head.task))
        }
    }

    fn part<'a>(&self, rows: &'a Dataset) -> WeightedRows<'a> {
        WeightedRows::unweighted(rows)
    }

    fn answer(&self, part: &mut WeightedRows<'_>, head: &Head) -> Result<MomentSums, NotTrained> {
        let WeightedRows { data, weights } = *part;
        let mut sums = self.identity(head);
        let features = data.features.view();
        sums.add_in_parallel(features, &data.target, weights, self.threads)
            .map_err(|error| error.into_reason(|column| head.column_name(column)))?;
        Ok(sums)
    }

    fn identity(&self, head: &Head) -> MomentSums {
        MomentSums::new(head.n_features)
    }

    fn merge(&self, sum: &mut MomentSums, other: &MomentSums) -> Result<(), NotTrained> {
        sum.merge(other).map_err(|_| NotTrained::foreign(NAME))
    }

    fn revert(&self, sum: &mut MomentSums, other: &MomentSums) -> Result<(), NotTrained> {
        sum.revert(other).map_err(|_| NotTrained::foreign(NAME))
    }

    fn step(&self, head: Head, sums: MomentSums) -> Result<Next<Head, LinearModel>, NotTrained> {
        if sums.n_features() != head.n_features {
            return Err(NotTrained::foreign(NAME));
        }
        let got = sums.n_samples();
        if got < self.min_rows as u64 {
            return Err(NotTrained::TooFewRows {
                needed: self.min_rows,
                got: got as usize,
            });
        }
        if head.n_features == 0 {
            return Err(NotTrained::NoVariation);
        }
        let model = solve::solve(&head, &sums.exact_moments());
        let model = model.map_err(|message| NotTrained::Library {
            library: NAME.to_owned(),
            message,
        })?;
        Ok(Next::Model(model))
    }
}

impl Trainer for LinearRegression {
    fn name(&self) -> &str {
        NAME
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({ "min_rows": self.min_rows })
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees {
            constant_features: ConstantFeatures::Mean,
            ..Guarantees::default()
        }
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_linear(data)?))
    }

    fn rounds(&self) -> Option<&dyn AnyRounds> {
        Some(self)
    }
}
