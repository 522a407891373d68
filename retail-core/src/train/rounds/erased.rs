use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;

use super::{Head, Next, Rounds};
use crate::train::{Dataset, Model, NotTrained};

/// An answer of some algorithm in one round, whichever it is.
#[derive(Clone)]
pub struct AnyPartial(Arc<dyn Any + Send + Sync>);

impl Debug for AnyPartial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyPartial")
    }
}

/// [`Rounds`] of an algorithm in one round, without its types: what the engine needs to keep a sum
/// for each batch, and to get models from them. Every algorithm of [`Rounds`] has it.
pub trait AnyRounds: Send + Sync {
    /// Whether one round is enough; otherwise every other method refuses.
    fn is_one_round(&self) -> bool;

    /// The sums over some rows.
    ///
    /// # Errors
    /// Those of [`Rounds::begin`] and [`Rounds::answer`].
    fn summarize(&self, rows: &Dataset) -> Result<AnyPartial, NotTrained>;

    /// The sum of two sums over different rows.
    ///
    /// # Errors
    /// Those of [`Rounds::merge`].
    fn merge(&self, sum: &AnyPartial, other: &AnyPartial) -> Result<AnyPartial, NotTrained>;

    /// A sum without that over some of its rows.
    ///
    /// # Errors
    /// Those of [`Rounds::revert`].
    fn revert(&self, sum: &AnyPartial, other: &AnyPartial) -> Result<AnyPartial, NotTrained>;

    /// The model of all rows of a sum.
    ///
    /// # Errors
    /// Those of [`Rounds::step`].
    fn solve(&self, head: &Head, sum: &AnyPartial) -> Result<Arc<dyn Model>, NotTrained>;
}

impl<R: Rounds> AnyRounds for R {
    fn is_one_round(&self) -> bool {
        R::ONE_ROUND
    }

    fn summarize(&self, rows: &Dataset) -> Result<AnyPartial, NotTrained> {
        let state = self.begin(&Head::of(rows))?;
        let answer = self.answer(&mut self.part(rows), &state)?;
        Ok(AnyPartial(Arc::new(answer)))
    }

    fn merge(&self, sum: &AnyPartial, other: &AnyPartial) -> Result<AnyPartial, NotTrained> {
        let mut merged = own(self, sum)?.clone();
        Rounds::merge(self, &mut merged, own(self, other)?)?;
        Ok(AnyPartial(Arc::new(merged)))
    }

    fn revert(&self, sum: &AnyPartial, other: &AnyPartial) -> Result<AnyPartial, NotTrained> {
        let mut left = own(self, sum)?.clone();
        Rounds::revert(self, &mut left, own(self, other)?)?;
        Ok(AnyPartial(Arc::new(left)))
    }

    fn solve(&self, head: &Head, sum: &AnyPartial) -> Result<Arc<dyn Model>, NotTrained> {
        match self.step(self.begin(head)?, own(self, sum)?.clone())? {
            Next::Model(model) => Ok(Arc::new(model)),
            Next::Round(_) => Err(NotTrained::foreign(self.name())),
        }
    }
}

/// The partial, if it is one of this algorithm in one round.
fn own<'a, R: Rounds>(rounds: &R, partial: &'a AnyPartial) -> Result<&'a R::Partial, NotTrained> {
    let own = partial.0.downcast_ref().filter(|_| R::ONE_ROUND);
    own.ok_or_else(|| NotTrained::foreign(rounds.name()))
}
